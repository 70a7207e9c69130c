// weir lifecycle [TABLE...]
#include "command/command.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/emit.h"
#include "base/text.h"
#include "command/tables.h"
#include "lake/lifecycle.h"
#include "run/report.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

typedef struct LifecycleRun {
    TablesRequest request;
    LifecycleOptions options;
    size_t expired;  // partitions and tables
} LifecycleRun;

static bool lifecycle_look(const LifecycleRun *run, const char *path, LifecycleResult *ret_result,
                           Err *err)
{
    if (run->request.changes) {
        return lifecycle_apply(path, &run->options, ret_result, err);
    }
    LifecycleResult result = {.version = -1};
    if (!delta_open(path, /* version= */ -1, &result.table, err)) {
        return false;
    }
    bool done = result.table->version >= 0
                || fail(err, FAIL_TARGET, "there is no Delta table at \"%s\"", path);
    done = done && lifecycle_plan(result.table, &run->options, &result.plan, err);
    if (!done) {
        lifecycle_result_done(&result);
        return false;
    }
    *ret_result = result;
    return true;
}

// --- for people -----

static void lifecycle_add_age(const LifecycleRun *run, int64_t modified_ms, Buf *out)
{
    const int64_t days = (run->options.now_ms - modified_ms) / DAY_MS;
    buf_add_text(out, "last written ");
    tables_add_time(modified_ms, out);
    buf_add_format(out, ", %" PRId64 " day%s ago", days, days == 1 ? "" : "s");
}

static void lifecycle_add_text(const LifecycleRun *run, const char *path,
                               const LifecycleResult *result, Buf *out)
{
    const LifecyclePlan *plan = &result->plan;
    buf_add_format(out, "%s: ", tables_name(path));
    if (plan->days == 0) {
        buf_add_text(out, "no lifecycle\n");
        return;
    }
    buf_add_format(out, "lifecycle %d day%s", plan->days, plan->days == 1 ? "" : "s");
    if (plan->is_disabled) {
        buf_add_text(out, ", disabled\n");
        return;
    }
    const char *done = run->request.changes ? "dropped" : "would be dropped";
    if (result->table->partition_count > 0) {
        buf_add_format(out, ", %zu of %zu partition%s expired", plan->expired_count,
                       plan->partitions.count, plan->partitions.count == 1 ? "" : "s");
    }
    if (plan->drops_table) {
        buf_add_text(out, ", ");
        lifecycle_add_age(run, plan->modified_ms, out);
        buf_add_format(out, ": the table %s", done);
    }
    buf_add_char(out, '\n');
    for (size_t i = 0; i < plan->expired_count; i++) {
        const Partition *partition = &plan->partitions.items[plan->expired[i]];
        buf_add_text(out, "  ");
        partition_text(&plan->partitions, partition, out);
        buf_add_text(out, "  ");
        lifecycle_add_age(run, partition->modified_ms, out);
        buf_add_format(out, ": %s\n", done);
    }
}

// --- for machines -----

static void lifecycle_add_json(const LifecycleRun *run, const char *path,
                               const LifecycleResult *result, const Err *error, Buf *out)
{
    const LifecyclePlan *plan = &result->plan;
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "table", tables_name(path));
    emit_member_text(&json, "path", path);
    emit_key(&json, "lifecycle");
    plan->days > 0 ? emit_int(&json, plan->days) : emit_null(&json);
    emit_member_bool(&json, "enabled", plan->days > 0 && !plan->is_disabled);
    emit_member_int(&json, "partitions",
                    result->table == NULL || result->table->partition_count == 0
                        ? 0
                        : (int64_t)plan->partitions.count);
    emit_key(&json, "expired");
    emit_begin_array(&json);
    for (size_t i = 0; i < plan->expired_count; i++) {
        const Partition *partition = &plan->partitions.items[plan->expired[i]];
        CLEANUP(buf_done) Buf name = {0};
        partition_text(&plan->partitions, partition, &name);
        emit_begin_object(&json);
        emit_member_text(&json, "partition", buf_text(&name));
        emit_member_int(&json, "modified_ms", partition->modified_ms);
        emit_end_object(&json);
    }
    emit_end_array(&json);
    emit_member_bool(&json, "drops_table", plan->drops_table);
    emit_member_bool(&json, "applied", run->request.changes && error == NULL);
    emit_key(&json, "version");
    result->version >= 0 && error == NULL ? emit_int(&json, result->version) : emit_null(&json);
    emit_key(&json, "error");
    run_error_json(error, &json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

// --- the verb -----

static bool lifecycle_one(void *context, const char *path, Buf *out, Err *err)
{
    LifecycleRun *run = context;
    CLEANUP(lifecycle_result_done) LifecycleResult result = {.version = -1};
    const bool done = lifecycle_look(run, path, &result, err);
    if (run->request.json) {
        lifecycle_add_json(run, path, &result, done ? NULL : err, out);
    } else if (done) {
        lifecycle_add_text(run, path, &result, out);
    }
    run->expired += result.plan.expired_count + result.plan.drops_table;
    return done;
}

static bool lifecycle_run(const Command *self, int argc, char **argv, Err *err)
{
    LifecycleRun run = {.options = {.now_ms = clock_now_usec() / 1000}};
    TablesRequest *request = &run.request;
    bool help = false;
    const Option options[] = {
        tables_option_apply(request, "drop what has expired"),
        {.name = "keep-tables",
         .ret_flag = &run.options.keeps_tables,
         .help = "never drop a whole table"},
        tables_option_json(request),
        tables_option_lake(request),
        command_option_project(&request->project),
        {0},
    };
    bool done = tables_parse(self, options, argc, argv, request, &help, err);
    if (done && !help) {
        done = tables_each(request, lifecycle_one, &run, err);
        if (!request->changes && run.expired > 0 && !request->json) {
            (void)fprintf(stderr, "nothing was changed; --apply drops them\n");
        }
    }
    tables_request_done(request);
    return done;
}

const Command command_lifecycle = {
    .name = "lifecycle",
    .usage = "lifecycle [TABLE...] [options]",
    .summary = "show, and with --apply drop, what was not written for LIFECYCLE days",
    .description =
        "A partition expires when nothing was written to it for more days than the table's lifecycle says;\n"
        "a rewrite of an old day renews it. A table without partitions expires as a whole. TABLE is a name\n"
        "in the lake, or a path; all tables where it is left out. Changes nothing without --apply; files\n"
        "of dropped partitions stay for readers of older versions until weir vacuum.",
    .examples = "  weir lifecycle\n"
                "  weir lifecycle ods_oplog --apply\n"
                "  weir lifecycle ./lake/ods_oplog --json\n",
    .run = lifecycle_run,
};
