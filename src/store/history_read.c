// Rows of the history as records.
#include "base/base.h"

#include "base/text.h"
#include "store/history_internal.h"

const char *const INSTANCE_STATES[] = {"running", "success", "failed", "cancelled", NULL};
static const char *const KINDS[] = {"manual", "backfill", "rerun", NULL};

#define RECORD_COLUMNS                                                                       \
    "SELECT i.id, i.job, t.text, i.job_type, i.bizdate, i.cyctime, i.today, i.timezone,"     \
    " i.threads, i.kind, i.state, i.rerun_of, i.started_usec, i.finished_usec, i.rows_read," \
    " i.rows_written, i.rows_dirty, i.bytes, i.version, i.error_kind, i.error, i.hint,"      \
    " i.warnings, i.summary, i.partition, i.process, i.host, i.weir, i.cancel_requested"     \
    " FROM instance i JOIN job_text t ON t.id = i.job_text"

// In the order of RECORD_COLUMNS.
enum {
    AT_ID,
    AT_JOB,
    AT_JOB_TEXT,
    AT_JOB_TYPE,
    AT_BIZDATE,
    AT_CYCTIME,
    AT_TODAY,
    AT_TIMEZONE,
    AT_THREADS,
    AT_KIND,
    AT_STATE,
    AT_RERUN_OF,
    AT_STARTED_USEC,
    AT_FINISHED_USEC,
    AT_ROWS_READ,
    AT_ROWS_WRITTEN,
    AT_ROWS_DIRTY,
    AT_BYTES,
    AT_VERSION,
    AT_ERROR_KIND,
    AT_ERROR,
    AT_HINT,
    AT_WARNINGS,
    AT_SUMMARY,
    AT_PARTITION,
    AT_PROCESS,
    AT_HOST,
    AT_WEIR,
    AT_CANCEL_REQUESTED,
};

const char *instance_state_name(InstanceState state)
{
    return INSTANCE_STATES[state];
}

const char *instance_kind_name(InstanceKind kind)
{
    return KINDS[kind];
}

void instance_record_done(InstanceRecord *record)
{
    char *const texts[] = {
        record->job,      record->job_text, record->job_type,   record->bizdate, record->cyctime,
        record->today,    record->timezone, record->error_kind, record->error,   record->hint,
        record->warnings, record->summary,  record->partition,  record->host,    record->weir};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    for (size_t i = 0; record->params != NULL && record->params[i] != NULL; i++) {
        free(record->params[i]);
    }
    free(record->params);
    *record = (InstanceRecord){0};
}

// The place of `name` in the list; 0 where it is in none.
static int record_word(const Query *query, int column, const char *const *names)
{
    CLEANUP(mem_free_text) char *name = query_take_text(query, column);
    for (int i = 0; names[i] != NULL; i++) {
        if (text_equal(names[i], name)) {
            return i;
        }
    }
    return 0;
}

static InstanceRecord record_take(const Query *query)
{
    return (InstanceRecord){
        .id = query_take_int(query, AT_ID, 0),
        .job = query_take_text(query, AT_JOB),
        .job_text = query_take_text(query, AT_JOB_TEXT),
        .job_type = query_take_text(query, AT_JOB_TYPE),
        .bizdate = query_take_text(query, AT_BIZDATE),
        .cyctime = query_take_text(query, AT_CYCTIME),
        .today = query_take_text(query, AT_TODAY),
        .timezone = query_take_text(query, AT_TIMEZONE),
        .threads = (int)query_take_int(query, AT_THREADS, 0),
        .kind = (InstanceKind)record_word(query, AT_KIND, KINDS),
        .state = (InstanceState)record_word(query, AT_STATE, INSTANCE_STATES),
        .rerun_of = query_take_int(query, AT_RERUN_OF, 0),
        .started_usec = query_take_int(query, AT_STARTED_USEC, 0),
        .finished_usec = query_take_int(query, AT_FINISHED_USEC, 0),
        .rows_read = query_take_int(query, AT_ROWS_READ, -1),
        .rows_written = query_take_int(query, AT_ROWS_WRITTEN, -1),
        .rows_dirty = query_take_int(query, AT_ROWS_DIRTY, -1),
        .bytes = query_take_int(query, AT_BYTES, -1),
        .version = query_take_int(query, AT_VERSION, -1),
        .error_kind = query_take_text(query, AT_ERROR_KIND),
        .error = query_take_text(query, AT_ERROR),
        .hint = query_take_text(query, AT_HINT),
        .warnings = query_take_text(query, AT_WARNINGS),
        .summary = query_take_text(query, AT_SUMMARY),
        .partition = query_take_text(query, AT_PARTITION),
        .process = query_take_int(query, AT_PROCESS, 0),
        .host = query_take_text(query, AT_HOST),
        .weir = query_take_text(query, AT_WEIR),
        .cancel_requested = query_take_int(query, AT_CANCEL_REQUESTED, 0) != 0,
    };
}

static bool record_take_params(Db *db, InstanceRecord *record, Err *err)
{
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, db, "SELECT text FROM instance_param WHERE instance = ? ORDER BY position");
    query_int(&query, record->id);
    record->params = mem_alloc(sizeof(*record->params));
    size_t count = 0;
    for (bool row = true;;) {
        if (!query_step(&query, &row, err)) {
            return false;
        }
        if (!row) {
            return true;
        }
        record->params = mem_grow(record->params, (count + 2) * sizeof(*record->params));
        record->params[count++] = query_take_text(&query, 0);
        record->params[count] = NULL;
    }
}

static bool run_history_fail_unknown(RunHistory *history, int64_t id, Err *err)
{
    int64_t newest;
    if (!db_number(&history->db, "SELECT max(id) FROM instance", &newest, err)) {
        return false;
    }
    (void)fail(err, FAIL_CONFIG, "there is no instance %" PRId64, id);
    return newest == 0 ? fail_hint(err, "The history is empty: weir run JOB makes the first one.")
                       : fail_hint(err,
                                   "\"weir status\" lists them, the newest is %" PRId64
                                   "; old ones are removed.",
                                   newest);
}

static bool run_history_find_locked(RunHistory *history, int64_t id, InstanceRecord *ret_record,
                                    Err *err)
{
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, &history->db, RECORD_COLUMNS " WHERE i.id = ?");
    query_int(&query, id);
    bool row = false;
    if (!query_step(&query, &row, err)) {
        return false;
    }
    if (!row) {
        return run_history_fail_unknown(history, id, err);
    }
    InstanceRecord record = record_take(&query);
    if (!record_take_params(&history->db, &record, err)) {
        instance_record_done(&record);
        return false;
    }
    *ret_record = record;
    return true;
}

bool run_history_find(RunHistory *history, int64_t id, InstanceRecord *ret_record, Err *err)
{
    (void)pthread_mutex_lock(&history->lock);
    const bool done = run_history_find_locked(history, id, ret_record, err);
    (void)pthread_mutex_unlock(&history->lock);
    return done;
}

static bool run_history_list_locked(RunHistory *history, const HistoryFilter *filter,
                                    InstanceRecord **ret_records, size_t *ret_count, Err *err)
{
    CLEANUP(query_done) Query query = {0};
    query_begin(&query, &history->db,
                RECORD_COLUMNS
                " WHERE (?1 IS NULL OR i.job = ?1) AND (?2 IS NULL OR i.bizdate = ?2)"
                " AND (?3 IS NULL OR i.state = ?3) ORDER BY i.id DESC LIMIT ?4");
    query_text(&query, filter->job);
    query_text(&query, filter->bizdate);
    query_text(&query, filter->state == NULL ? NULL : instance_state_name(*filter->state));
    query_int(&query, filter->limit);
    InstanceRecord *records = NULL;
    size_t count = 0;
    for (bool row = true;;) {
        if (!query_step(&query, &row, err)) {
            for (size_t i = 0; i < count; i++) {
                instance_record_done(&records[i]);
            }
            free(records);
            return false;
        }
        if (!row) {
            break;
        }
        records = mem_grow(records, (count + 1) * sizeof(*records));
        records[count++] = record_take(&query);
    }
    *ret_records = records;
    *ret_count = count;
    return true;
}

bool run_history_list(RunHistory *history, const HistoryFilter *filter,
                      InstanceRecord **ret_records, size_t *ret_count, Err *err)
{
    (void)pthread_mutex_lock(&history->lock);
    const bool done = run_history_list_locked(history, filter, ret_records, ret_count, err);
    (void)pthread_mutex_unlock(&history->lock);
    return done;
}
