// The MySQL source as the rest of weir sees it: open learns what there is, plan cuts it, begin
// fixes the point in time, and the readers do the rest.
//
// Each datasource of the job has one control connection for questions; connections for reading are
// opened in begin, per server as many as it has slices, at most one a thread. Sharded sources deal
// theirs out to all readers.
#include "source/mysql/source_mysql.h"

#include "base/text.h"
#include "source/mysql/kill.h"
#include "source/mysql/reader.h"
#include "source/mysql/session.h"
#include "source/mysql/slices.h"
#include "source/mysql/snapshot.h"

#define CONNS_MAX 64  // for reading, over all servers, where there are several

typedef struct MysqlSource {
    Source base;  // first
    const Job *job;
    Counters *counters;
    Cancel *cancel;
    Server *servers;
    size_t server_count;
    Relation *relations;
    size_t relation_count;
    size_t *key;
    size_t key_count;
    SliceList slices;
    SliceInfo *slice_infos;
    PlanNote *notes;
    size_t note_count;
    size_t reader_count;
    Snapshot *snapshots;  // one a server
    ReaderPool *pool;
    SnapshotInfo info;
} MysqlSource;

static void close_server(MysqlSource *source, size_t at)
{
    Server *server = &source->servers[at];
    Snapshot *snapshot = source->snapshots == NULL ? NULL : &source->snapshots[at];
    const size_t reader_count = snapshot == NULL ? 0 : snapshot->conn_count;
    Leftover *leftovers = mem_alloc((reader_count + 1) * sizeof *leftovers);
    size_t count = 0;
    for (size_t i = 0; i < reader_count; i++) {
        leftovers[count++] = (Leftover){
            .conn = snapshot->conns[i], .server = snapshot->server, .id = snapshot->ids[i]};
    }
    if (server->control != NULL) {
        leftovers[count++] =
            (Leftover){.conn = server->control, .server = server->identity, .id = server->id};
    }
    kill_leftovers(server->datasource, leftovers, count);
    free(leftovers);
    if (snapshot != NULL) {
        snapshot_done(snapshot);
    }
    conn_close(server->control);
    free(server->zone);
    free(server->zone_warning);
    free(server->identity);
}

static void mysql_source_close(Source *base)
{
    MysqlSource *source = (MysqlSource *)base;
    if (source == NULL) {
        return;
    }
    reader_pool_free(source->pool);
    for (size_t i = 0; i < source->server_count; i++) {
        close_server(source, i);
    }
    for (size_t i = 0; i < source->slices.count && source->slice_infos != NULL; i++) {
        free(source->slice_infos[i].table);
        free(source->slice_infos[i].condition);
    }
    slice_list_done(&source->slices);
    for (size_t i = 0; i < source->relation_count; i++) {
        relation_done(&source->relations[i]);
    }
    for (size_t i = 0; i < source->note_count; i++) {
        free(source->notes[i].text);
    }
    free(source->notes);
    free(source->slice_infos);
    free(source->snapshots);
    free(source->servers);
    free(source->relations);
    free(source->key);
    free(source->info.position);
    free(source->info.server);
    free(source->info.warning);
    free(source);
}

// --- open -----------------------------------------------------------------------------------------------------------------

static bool connect_server(const MysqlSource *source, Server *server, Err *err)
{
    if (!conn_open(server->datasource, source->cancel, &server->control, err)
        || !session_identify(server->control, &server->identity, &server->id, err)) {
        return false;
    }
    // The zone of a shared server is found once; its connections are then all alike.
    if (!session_zone(server->control, source->job, &server->zone, &server->zone_warning, err)) {
        return false;
    }
    server->zone_changes = session_zone_changes(server->zone, source->job);
    return session_setup(server->control, server->zone, err);
}

static bool connect_servers(MysqlSource *source, Err *err)
{
    source->servers = mem_alloc(source->job->source_count * sizeof *source->servers);
    for (size_t i = 0; i < source->job->source_count; i++) {
        const Datasource *datasource = source->job->sources[i].datasource;
        bool is_known = false;
        for (size_t j = 0; j < source->server_count; j++) {
            is_known = is_known || source->servers[j].datasource == datasource;
        }
        if (is_known) {
            continue;
        }
        Server *server = &source->servers[source->server_count++];
        server->datasource = datasource;
        if (!connect_server(source, server, err)) {
            return false;
        }
    }
    return true;
}

static Server *server_of(const MysqlSource *source, const SourceSpec *spec)
{
    for (size_t i = 0; i < source->server_count; i++) {
        if (source->servers[i].datasource == spec->datasource) {
            return &source->servers[i];
        }
    }
    return NULL;
}

// The columns of the primary key, or of the first unique one without NULLs, as indexes of the
// schema.
static void find_key(MysqlSource *source)
{
    const Relation *relation = &source->relations[0];
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < relation->index_count; i++) {
            const IndexInfo *index = &relation->indexes[i];
            bool fits = index->is_unique && index->column_count > 0
                        && (pass == 1 || text_equal(index->name, "PRIMARY"));
            size_t *fields = mem_alloc((index->column_count + 1) * sizeof *fields);
            for (size_t c = 0; c < index->column_count && fits; c++) {
                fields[c] = schema_find(&relation->schema, relation->infos[index->columns[c]].name);
                fits = index->is_usable && fields[c] != SIZE_MAX
                       && !relation->infos[index->columns[c]].is_nullable;
            }
            if (fits) {
                source->key = fields;
                source->key_count = index->column_count;
                return;
            }
            free(fields);
        }
    }
}

static bool learn(MysqlSource *source, Err *err)
{
    const Job *job = source->job;
    for (size_t i = 0; i < job->source_count; i++) {
        const SourceSpec *spec = &job->sources[i];
        if (!tables_expand(server_of(source, spec), spec, &source->relations,
                           &source->relation_count, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < source->relation_count; i++) {
        if (!columns_learn(&source->relations[i], job, err)
            || (i > 0 && !columns_unify(&source->relations[0], &source->relations[i], err))) {
            return false;
        }
    }
    find_key(source);
    return true;
}

static bool mysql_source_open(const Job *job, Counters *counters, Cancel *cancel,
                              Source **ret_source, Err *err)
{
    MysqlSource *source = mem_alloc(sizeof *source);
    source->base.ops = &source_mysql_ops;
    source->job = job;
    source->counters = counters;
    source->cancel = cancel;
    if (!connect_servers(source, err) || !learn(source, err)) {
        mysql_source_close(&source->base);
        return false;
    }
    *ret_source = &source->base;
    return true;
}

static const Schema *mysql_source_schema(const Source *base)
{
    return &((const MysqlSource *)base)->relations[0].schema;
}

static const size_t *mysql_source_key(const Source *base, size_t *ret_count)
{
    const MysqlSource *source = (const MysqlSource *)base;
    *ret_count = source->key_count;
    return source->key;
}

// --- plan -----------------------------------------------------------------------------------------------------------------

static void add_note(MysqlSource *source, bool is_warning, const char *text)
{
    bool stands = text == NULL || *text == '\0';
    for (size_t i = 0; i < source->note_count; i++) {
        stands = stands || text_equal(source->notes[i].text, text);
    }
    if (!stands) {
        source->notes = mem_grow(source->notes, (source->note_count + 1) * sizeof *source->notes);
        source->notes[source->note_count++] =
            (PlanNote){.text = mem_copy_text(text), .is_warning = is_warning};
    }
}

static void add_note_lines(MysqlSource *source, bool is_warning, const Buf *lines)
{
    CLEANUP(mem_free_text) char *text = mem_copy_text(buf_text(lines));
    for (char *line = text, *end = NULL; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        add_note(source, is_warning, line);
    }
}

static bool sees_wall_clock(const MysqlSource *source)
{
    for (size_t i = 0; i < source->job->source_count; i++) {
        const SourceSpec *spec = &source->job->sources[i];
        if (spec->where != NULL || spec->query != NULL || spec->columns != NULL) {
            return true;
        }
    }
    return source->job->zero_dates == ZERO_DATES_TEXT;
}

static void note_engines(MysqlSource *source)
{
    for (size_t i = 0; i < source->relation_count; i++) {
        const Relation *relation = &source->relations[i];
        if (relation->is_base_table && !relation->is_transactional) {
            CLEANUP(mem_free_text)
            char *text = mem_format(
                "%s is of engine %s, whose snapshots weir does not rely on: it is read in one piece by one connection, "
                "and its rows are those of the moment when its reading began",
                relation->name, relation->engine == NULL ? "unknown" : relation->engine);
            add_note(source, /* is_warning= */ true, text);
        }
    }
}

// MariaDB keeps the instant through views and subqueries; MySQL turns it into local time and back.
static void note_local_instants(MysqlSource *source)
{
    for (size_t i = 0; i < source->relation_count; i++) {
        const Relation *relation = &source->relations[i];
        if (relation->has_local_instants && relation->server->zone_changes
            && !conn_is_mariadb(relation->server->control)) {
            CLEANUP(mem_free_text)
            char *text = mem_format(
                "%s: MySQL gives a TIMESTAMP of a view, a query or an expression as local time of %s: in the hour that comes "
                "twice when the clock is set back, values of the second pass come out as of the first; read the column from its "
                "table, or UNIX_TIMESTAMP(column) in the query",
                relation->name, relation->server->zone);
            add_note(source, /* is_warning= */ true, text);
        }
    }
}

// All that is known before the snapshot: `weir check` shows it, and a run repeats the warnings.
static void make_notes(MysqlSource *source)
{
    const bool sees_clock = sees_wall_clock(source);
    for (size_t s = 0; s < source->server_count && sees_clock; s++) {
        add_note(source, /* is_warning= */ true, source->servers[s].zone_warning);
    }
    if (source->server_count > 1) {
        add_note(
            source, /* is_warning= */ true,
            "the source has several servers: the rows of each are of one moment, but there is no common moment");
    }
    note_engines(source);
    note_local_instants(source);
    add_note_lines(source, /* is_warning= */ true, &source->slices.warnings);
    if (source->slices.count < (size_t)source->job->threads) {
        add_note_lines(source, /* is_warning= */ false, &source->slices.remarks);
    }
}

// What follows from the slices, once they are known.
static void note_slices(MysqlSource *source, int threads)
{
    uint64_t rows = 0;
    bool is_known = true;
    source->slice_infos = mem_alloc((source->slices.count + 1) * sizeof *source->slice_infos);
    for (size_t i = 0; i < source->slices.count; i++) {
        const Slice *slice = &source->slices.items[i];
        const Relation *relation = slice->relation;
        const char *and = *relation->condition != '\0' && *slice->predicate != '\0' ? " AND " : "";
        source->slice_infos[i] = (SliceInfo){
            .table = mem_copy_text(relation->name),
            .condition = mem_format("%s%s%s", relation->condition, and, slice->predicate),
            .rows = slice->rows,
            .is_at_most = slice->is_at_most};
        rows += slice->rows;
        is_known = is_known && relation->is_base_table && *relation->condition == '\0';
    }
    source->reader_count =
        source->slices.count < (size_t)threads ? source->slices.count : (size_t)threads;
    atomic_store(&source->counters->slices_total, source->slices.count);
    atomic_store(&source->counters->rows_estimated, is_known ? rows : 0);
    make_notes(source);
}

static bool mysql_source_plan(Source *base, int threads, Err *err)
{
    MysqlSource *source = (MysqlSource *)base;
    const size_t pieces = (size_t)source->job->pieces;
    const size_t share = (pieces + source->relation_count - 1) / source->relation_count;
    for (size_t i = 0; i < source->relation_count; i++) {
        // Several large tables need few slices each: there are enough of them to go round.
        const Relation *relation = &source->relations[i];
        if (!(pieces > 0 ? slices_plan_count(relation, share, &source->slices, err)
                         : slices_plan(relation, threads, &source->slices, err))) {
            return false;
        }
    }
    slices_sort(&source->slices);
    note_slices(source, threads);
    return true;
}

static void mysql_source_write_slice(const Source *base, size_t index, JsonWriter *json)
{
    const MysqlSource *source = (const MysqlSource *)base;
    slices_write(&source->slices.items[index], source->job->sources, json);
}

static bool mysql_source_take_slice(Source *base, const char *text, Err *err)
{
    MysqlSource *source = (MysqlSource *)base;
    if (!slices_take(text, source->job->sources, source->relations, source->relation_count,
                     &source->slices, err)) {
        return false;
    }
    note_slices(source, /* threads= */ 1);
    return true;
}

static const PlanNote *mysql_source_notes(const Source *base, size_t *ret_count)
{
    const MysqlSource *source = (const MysqlSource *)base;
    *ret_count = source->note_count;
    return source->notes;
}

static const SliceInfo *mysql_source_slices(const Source *base, size_t *ret_count)
{
    const MysqlSource *source = (const MysqlSource *)base;
    *ret_count = source->slices.count;
    return source->slice_infos;
}

// --- begin ----------------------------------------------------------------------------------------------------------------

static size_t slices_of(const MysqlSource *source, const Server *server)
{
    size_t count = 0;
    for (size_t i = 0; i < source->slices.count; i++) {
        count += source->slices.items[i].relation->server == server ? 1 : 0;
    }
    return count;
}

static bool open_snapshot(MysqlSource *source, size_t at, Err *err)
{
    const Server *server = &source->servers[at];
    const Relation **relations = mem_alloc((source->relation_count + 1) * sizeof *relations);
    size_t relation_count = 0;
    for (size_t i = 0; i < source->relation_count; i++) {
        if (source->relations[i].server == server) {
            relations[relation_count++] = &source->relations[i];
        }
    }
    const size_t share =
        source->server_count == 1 ? source->reader_count : CONNS_MAX / source->server_count;
    size_t count = slices_of(source, server);
    count = count > source->reader_count ? source->reader_count : count;
    count = count > share ? share : count;
    count = count < 1 ? 1 : count;
    const bool done = snapshot_open(server, relations, relation_count, count, source->cancel,
                                    &source->snapshots[at], err);
    free(relations);
    return done;
}

// Deals the connections of all servers out to the readers; readers without any are dropped.
static void make_readers(MysqlSource *source)
{
    size_t total = 0;
    for (size_t s = 0; s < source->server_count; s++) {
        total += source->snapshots[s].conn_count;
    }
    source->reader_count = total < source->reader_count ? total : source->reader_count;
    ReaderConn *conns = mem_alloc((total + 1) * sizeof *conns);
    size_t count = 0;
    for (size_t s = 0; s < source->server_count; s++) {
        for (size_t i = 0; i < source->snapshots[s].conn_count; i++) {
            conns[count] = (ReaderConn){.server = &source->servers[s],
                                        .conn = source->snapshots[s].conns[i],
                                        .reader = count % source->reader_count};
            count++;
        }
    }
    source->pool = reader_pool_new(&source->slices, conns, count, source->reader_count,
                                   source->relations[0].schema.count, source->job->zero_dates,
                                   source->counters, source->cancel);
    free(conns);
}

static void add_warning(Buf *warnings, const char *text)
{
    if (text != NULL && *text != '\0' && strstr(buf_text(warnings), text) == NULL) {
        buf_add_format(warnings, "%s%s", warnings->len == 0 ? "" : "; ", text);
    }
}

static bool mentions_clock(const char *sql)
{
    static const char *const words[] = {"now(", "curdate",   "curtime",        "current_",
                                        "utc_", "localtime", "unix_timestamp("};
    for (size_t i = 0; i < ARRAY_LEN(words) && sql != NULL; i++) {
        if (strcasestr(sql, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

// Where a server does not let the clock of a session be set, each slice has its own moment.
static void note_clock(const MysqlSource *source, Buf *warnings)
{
    bool has_clock = true;
    for (size_t s = 0; s < source->server_count; s++) {
        has_clock = has_clock && source->snapshots[s].has_clock;
    }
    for (size_t i = 0; i < source->job->source_count && !has_clock && source->slices.count > 1;
         i++) {
        const SourceSpec *spec = &source->job->sources[i];
        bool is_used = mentions_clock(spec->where) || mentions_clock(spec->query);
        for (char **column = spec->columns; column != NULL && *column != NULL; column++) {
            is_used = is_used || mentions_clock(*column);
        }
        if (is_used) {
            add_warning(
                warnings,
                "the server does not let a session's clock be set (secure_timestamp), so NOW() and its like in "
                "the source's `where`, `columns` or `query` are another moment in each slice; use ${bizdate}");
        }
    }
}

// How the snapshots came to be, and whether they hold for all rows: not for those of other engines.
static const char *describe_how(const MysqlSource *source, bool *ret_holds)
{
    const char *how = source->snapshots[0].how;
    for (size_t s = 1; s < source->server_count; s++) {
        how = strcmp(how, "one connection") == 0 ? source->snapshots[s].how : how;
    }
    size_t without = 0;
    for (size_t i = 0; i < source->relation_count; i++) {
        const Relation *relation = &source->relations[i];
        without += relation->is_base_table && !relation->is_transactional ? 1 : 0;
    }
    *ret_holds = without == 0;
    if (without == 0) {
        return how;
    }
    return without < source->relation_count ? "snapshots of some tables only"
           : source->reader_count == 1      ? "one connection, no snapshot"
                                            : "several connections, no snapshot";
}

static void describe(MysqlSource *source)
{
    CLEANUP(buf_done) Buf warnings = {0};
    CLEANUP(buf_done) Buf positions = {0};
    CLEANUP(buf_done) Buf servers = {0};
    for (size_t s = 0; s < source->server_count; s++) {
        const Snapshot *snapshot = &source->snapshots[s];
        const Server *server = &source->servers[s];
        if (snapshot->position != NULL) {
            buf_add_format(&positions, "%s%s", positions.len == 0 ? "" : " ", snapshot->position);
        }
        if (strstr(buf_text(&servers), conn_server_text(server->control)) == NULL) {
            buf_add_format(&servers, "%s%s", servers.len == 0 ? "" : ", ",
                           conn_server_text(server->control));
        }
        add_warning(&warnings, snapshot->warning);
    }
    for (size_t i = 0; i < source->note_count; i++) {
        add_warning(&warnings, source->notes[i].is_warning ? source->notes[i].text : NULL);
    }
    note_clock(source, &warnings);
    bool holds = false;
    const char *how = describe_how(source, &holds);
    // A position that some rows do not have is none: whoever went on from it would lose changes.
    source->info =
        (SnapshotInfo){.how = how,
                       .is_one_moment = holds && source->server_count == 1,
                       .position = holds && positions.len > 0 ? buf_take(&positions) : NULL,
                       .server = buf_take(&servers),
                       .warning = warnings.len == 0 ? NULL : buf_take(&warnings)};
}

static bool mysql_source_begin(Source *base, Err *err)
{
    MysqlSource *source = (MysqlSource *)base;
    source->snapshots = mem_alloc(source->server_count * sizeof *source->snapshots);
    for (size_t s = 0; s < source->server_count; s++) {
        if (!open_snapshot(source, s, err)) {
            return false;
        }
    }
    make_readers(source);
    describe(source);
    return true;
}

static int mysql_source_reader_count(const Source *base)
{
    return (int)((const MysqlSource *)base)->reader_count;
}

static RowReader *mysql_source_reader(Source *base, int index)
{
    return reader_pool_get(((MysqlSource *)base)->pool, (size_t)index);
}

static void mysql_source_rewind(Source *base)
{
    reader_pool_rewind(((MysqlSource *)base)->pool);
}

static const SnapshotInfo *mysql_source_snapshot(const Source *base)
{
    return &((const MysqlSource *)base)->info;
}

const SourceOps source_mysql_ops = {
    .name = "mysql",
    .open = mysql_source_open,
    .schema = mysql_source_schema,
    .key = mysql_source_key,
    .plan = mysql_source_plan,
    .begin = mysql_source_begin,
    .reader_count = mysql_source_reader_count,
    .reader = mysql_source_reader,
    .rewind = mysql_source_rewind,
    .snapshot = mysql_source_snapshot,
    .slices = mysql_source_slices,
    .notes = mysql_source_notes,
    .write_slice = mysql_source_write_slice,
    .take_slice = mysql_source_take_slice,
    .close = mysql_source_close,
};
