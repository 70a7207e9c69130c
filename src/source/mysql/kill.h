// Ending at the server what a run that stops early leaves behind there.
#pragma once

#include "source/mysql/connect.h"

// A statement that may still run: on which server, as session_identify tells, and under which
// number.
typedef struct Leftover {
    const Conn *conn;
    const char *server;
    uint64_t id;
} Leftover;

// Ends the statements of those connections that are busy, over a connection of its own; takes a few
// seconds at most. What cannot be done is left: the server notices sooner or later that nobody
// listens. Thread: the one that owns the connections.
void kill_leftovers(const Datasource *datasource, const Leftover *leftovers, size_t count);
