// weir cancel INSTANCE: asks the process that runs it, through the history, and waits for the end.
#include "command/command.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/emit.h"
#include "command/history.h"

// A run stops within a second or two, once its owner has seen the request.
#define CANCEL_WAIT_USEC INT64_C(30000000)

static bool cancel_wait_state(RunHistory *history, int64_t id, InstanceState *ret_state, Err *err)
{
    const int64_t until = clock_monotonic_usec() + CANCEL_WAIT_USEC;
    for (;;) {
        InstanceRecord record;
        if (!run_history_sweep(history, err) || !run_history_find(history, id, &record, err)) {
            return false;
        }
        *ret_state = record.state;
        instance_record_done(&record);
        if (*ret_state != INSTANCE_RUNNING || clock_monotonic_usec() > until) {
            return true;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
}

static bool cancel_instance(RunHistory *history, int64_t id, InstanceState *ret_state, Err *err)
{
    if (!run_history_ask_cancel(history, id, err)
        || !cancel_wait_state(history, id, ret_state, err)) {
        return false;
    }
    switch (*ret_state) {
    case INSTANCE_CANCELLED:
        return true;
    case INSTANCE_RUNNING:
        (void)fail(err, FAIL_INTERNAL, "instance %" PRId64 " was asked to stop and has not yet",
                   id);
        return fail_hint(err, "It stops as soon as it can; \"weir status %" PRId64 "\" shows it.",
                         id);
    case INSTANCE_SUCCESS:
    case INSTANCE_FAILED:
        break;
    }
    return fail(err, FAIL_CONFIG,
                "instance %" PRId64 " ended before it could be cancelled: its state is %s", id,
                instance_state_name(*ret_state));
}

static bool cancel_run(const Command *self, int argc, char **argv, Err *err)
{
    const char *dir = NULL;
    const char *name = NULL;
    bool has_json = false;
    bool help = false;
    const Option options[] = {
        {.name = "json", .ret_flag = &has_json, .help = "print the state as JSON"},
        command_option_project(&dir),
        {0},
    };
    int64_t id;
    if (!option_parse(self, options, argc, argv, 1, 1, &name, &help, err)) {
        return false;
    }
    if (help) {
        return true;
    }
    CLEANUP(command_project_done) Project *project = NULL;
    CLEANUP(command_history_done) RunHistory *history = NULL;
    InstanceState state;
    if (!command_read_instance(name, &id, err) || !command_look(dir, &project, &history, err)
        || !cancel_instance(history, id, &state, err)) {
        return false;
    }
    if (has_json) {
        CLEANUP(buf_done) Buf text = {0};
        JsonWriter json = emit_writer(&text);
        emit_begin_object(&json);
        emit_member_int(&json, "instance", id);
        emit_member_text(&json, "state", instance_state_name(state));
        emit_end_object(&json);
        (void)printf("%s\n", buf_text(&text));
    } else {
        (void)fprintf(stderr, "instance %" PRId64 " is cancelled; it has published nothing\n", id);
    }
    return true;
}

const Command command_cancel = {
    .name = "cancel",
    .usage = "cancel INSTANCE [options]",
    .summary = "stop a running instance, also one of another process",
    .description =
        "Asks the process that runs it and waits until it has ended. A cancelled instance\n"
        "publishes nothing; of a backfill only that date is stopped.",
    .examples = "  weir cancel 42\n",
    .run = cancel_run,
};
