// "setting": what is said of the run. Only the number of connections and the limit of dirty rows
// have equals.
#include "base/base.h"

#include "job/import_internal.h"

#include "base/text.h"

static const ImportKey SETTING_KEYS[] = {
    {.name = "speed", .fate = IMPORT_USED},
    {.name = "errorLimit", .fate = IMPORT_USED},
    {.name = "executeMode",
     .fate = IMPORT_NOTED,
     .why = "a run is one process",
     .harmless = "standalone"},
    {.name = "jvmOption", .fate = IMPORT_IGNORED},
    {.name = "jvmMemory", .fate = IMPORT_IGNORED},
    {.name = "failoverEnable",
     .fate = IMPORT_NOTED,
     .why = "weir starts a run over itself after a lost connection (\"retries\"), and publishes "
            "all rows or none",
     .harmless = "false"},
    {.name = "common", .fate = IMPORT_USED},
    {.name = "common.column.timeZone", .fate = IMPORT_USED},
    {.name = "column", .fate = IMPORT_USED},
    {.name = "locale", .fate = IMPORT_IGNORED},
    {0},
};

static const char NO_RATE_LIMIT[] = "there is no rate limit";
static const ImportKey SPEED_KEYS[] = {
    {.name = "concurrent", .fate = IMPORT_USED},
    {.name = "channel", .fate = IMPORT_USED},
    {.name = "throttle", .fate = IMPORT_USED},
    {.name = "mbps", .fate = IMPORT_USED},
    {.name = "byte", .fate = IMPORT_NOTED, .why = NO_RATE_LIMIT, .harmless = "-1|0"},
    {.name = "record", .fate = IMPORT_NOTED, .why = NO_RATE_LIMIT, .harmless = "-1|0"},
    {.name = "bytes", .fate = IMPORT_NOTED, .why = NO_RATE_LIMIT, .harmless = "-1|0"},
    {.name = "dmu", .fate = IMPORT_IGNORED},
    {.name = "speedType", .fate = IMPORT_IGNORED},
    {0},
};

static const ImportKey ERROR_LIMIT_KEYS[] = {
    {.name = "record", .fate = IMPORT_USED},
    {.name = "percentage", .fate = IMPORT_USED},
    {.name = "strategy", .fate = IMPORT_USED},
    {0},
};

static void set_threads(Importer *importer, ImportAt speed, const char *key)
{
    CLEANUP(mem_free_text) char *text = import_member_text(importer, speed, key);
    CLEANUP(mem_free_text) char *path = import_path(speed, key);
    int64_t threads;
    if (text == NULL) {
        return;
    }
    if (!text_parse_int(text, 1, INT64_MAX, &threads)) {
        import_error(importer, path, "must be a whole number from 1, not \"%.50s\"", text);
        return;
    }
    if (threads > JOB_THREADS_MAX) {
        import_note(importer, path, "%s is more than the %d connections of a job, and becomes %d",
                    text, JOB_THREADS_MAX, JOB_THREADS_MAX);
        threads = JOB_THREADS_MAX;
    }
    importer->threads = (int)threads;
}

static void read_speed(Importer *importer, ImportAt speed)
{
    import_check_keys(importer, speed, SPEED_KEYS);
    set_threads(importer, speed, "channel");
    set_threads(importer, speed, "concurrent");
    CLEANUP(mem_free_text) char *mbps = import_member_text(importer, speed, "mbps");
    CLEANUP(mem_free_text) char *throttle = import_member_text(importer, speed, "throttle");
    CLEANUP(mem_free_text) char *path = import_path(speed, "mbps");
    // Without throttle the original looks at no number either.
    if (mbps != NULL && text_equal_nocase(throttle, "true")) {
        import_note(importer, path, "%.50s (MB/s) has no equal: %s", mbps, NO_RATE_LIMIT);
    }
}

// A share of the rows: only the two ends of it can be said in rows.
static void read_percentage(Importer *importer, ImportAt limit, const char *percentage)
{
    CLEANUP(mem_free_text) char *path = import_path(limit, "percentage");
    char *end = NULL;
    const double share = strtod(percentage, &end);
    if (end == percentage || *end != '\0' || !(share >= 0)) {
        import_error(importer, path, "must be a number from 0 to 1, not \"%.50s\"", percentage);
        return;
    }
    importer->dirty_limit = mem_copy_text(share >= 1 ? "unlimited" : "0");
    if (share > 0 && share < 1) {
        import_note(importer, path, "%s has no equal: \"dirty_limit\" counts rows, and is 0 here",
                    percentage);
    }
}

static void read_record(Importer *importer, ImportAt limit, const char *record)
{
    int64_t rows;
    CLEANUP(mem_free_text) char *path = import_path(limit, "record");
    if (!text_parse_int(record, 0, INT64_MAX, &rows)) {
        import_error(importer, path, "must be a whole number from 0, not \"%.50s\"", record);
        return;
    }
    importer->dirty_limit = mem_format("%" PRId64, rows);
}

// True where the strategy decides.
static bool read_strategy(Importer *importer, ImportAt limit, const char *record)
{
    CLEANUP(mem_free_text) char *strategy = import_member_text(importer, limit, "strategy");
    CLEANUP(mem_free_text) char *path = import_path(limit, "strategy");
    if (strategy == NULL) {
        return false;
    }
    if (text_equal_nocase(strategy, "Ignore")) {
        importer->dirty_limit = mem_copy_text("unlimited");
        return true;
    }
    if (text_equal_nocase(strategy, "ZeroTolerance")) {
        importer->dirty_limit = mem_copy_text("0");
        return true;
    }
    if (!text_equal_nocase(strategy, "Tolerance")) {
        import_error(importer, path, "must be Ignore, Tolerance or ZeroTolerance, not \"%.50s\"",
                     strategy);
        return true;
    }
    if (record == NULL) {
        import_error(importer, path, "Tolerance needs \"record\", the number of rows");
    }
    return record == NULL;
}

static void read_error_limit(Importer *importer, ImportAt limit)
{
    import_check_keys(importer, limit, ERROR_LIMIT_KEYS);
    CLEANUP(mem_free_text) char *record = import_member_text(importer, limit, "record");
    CLEANUP(mem_free_text) char *percentage = import_member_text(importer, limit, "percentage");
    if (read_strategy(importer, limit, record)) {
        return;
    }
    if (record != NULL) {
        read_record(importer, limit, record);  // wins over the percentage
    } else if (percentage != NULL) {
        read_percentage(importer, limit, percentage);
    } else if (importer->is_datax || json_object_get(limit.object, "record") != NULL) {
        importer->dirty_limit = mem_copy_text("unlimited");  // "": not checked
    }
}

// "common": {"column": {"timeZone": ...}}, or with dots.
static void read_time_zone(Importer *importer, ImportAt setting)
{
    CLEANUP(mem_free_text) char *common_path = NULL;
    CLEANUP(mem_free_text) char *column_path = NULL;
    CLEANUP(mem_free_text)
    char *zone = import_member_text(importer, setting, "common.column.timeZone");
    CLEANUP(mem_free_text) char *path = import_path(setting, "common.column.timeZone");
    if (zone == NULL) {
        const ImportAt common = import_member(importer, setting, "common", &common_path);
        const ImportAt column = import_member(importer, common.object == NULL ? setting : common,
                                              "column", &column_path);
        zone = import_member_text(importer, column, "timeZone");
        free(path);
        path = import_path(column, "timeZone");
    }
    const bool is_same = importer->project != NULL && text_equal(importer->project->timezone, zone);
    if (zone != NULL && !is_same) {
        import_note(importer, path,
                    "%.60s belongs to the project: write it as \"timezone\" into weir.yaml", zone);
    }
}

void import_setting(Importer *importer, ImportAt setting)
{
    importer->part = IMPORT_JOB;
    import_check_keys(importer, setting, SETTING_KEYS);
    CLEANUP(mem_free_text) char *speed_path = NULL;
    CLEANUP(mem_free_text) char *limit_path = NULL;
    read_speed(importer, import_member(importer, setting, "speed", &speed_path));
    read_error_limit(importer, import_member(importer, setting, "errorLimit", &limit_path));
    read_time_zone(importer, setting);
}
