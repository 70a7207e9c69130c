// One point in time for several connections of a server.
#pragma once

#include "source/mysql/relation.h"

typedef struct Snapshot {
    Conn **conns;       // one a reader, each inside its snapshot transaction
    size_t conn_count;  // less than asked for where one point could not be proved: then 1
    const char *how;    // static text
    char *position;     // or NULL
    char *server;       // which one, as session_identify tells
    uint64_t *ids;      // the connections' numbers there
    bool has_clock;     // NOW() is the snapshot's moment in all of them
    char *warning;      // or NULL
} Snapshot;

// Opens `count` connections whose snapshots are proved to be equal, or one. `relations` are those
// of this server.
bool snapshot_open(const Server *server, const Relation *const *relations, size_t relation_count,
                   size_t count, Cancel *cancel, Snapshot *ret_snapshot, Err *err) MUST_CHECK;
void snapshot_done(Snapshot *snapshot);
