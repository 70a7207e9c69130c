// weir log INSTANCE [--follow]
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "command/history.h"

#define FOLLOW_INTERVAL_NSEC 200000000L

static void fd_done(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

// What was added to the file since the last call.
static bool log_copy(int fd, Err *err)
{
    char chunk[65536];
    for (;;) {
        const ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail(err, FAIL_INTERNAL, "could not read the log");
        }
        if (got == 0) {
            return true;
        }
        if (fwrite(chunk, 1, (size_t)got, stdout) != (size_t)got || fflush(stdout) != 0) {
            return fail(err, FAIL_TARGET, "could not write to standard output");
        }
    }
}

static bool log_is_running(RunHistory *history, int64_t id, bool *ret_running, Err *err)
{
    InstanceRecord record;
    Err ignored;  // a history that cannot be written to can be read
    (void)!run_history_sweep(history, &ignored);
    if (!run_history_find(history, id, &record, err)) {
        return false;
    }
    *ret_running = record.state == INSTANCE_RUNNING;
    instance_record_done(&record);
    return true;
}

static bool log_print(RunHistory *history, int64_t id, bool is_followed, Err *err)
{
    bool is_running;
    if (!log_is_running(history, id, &is_running, err)) {
        return false;
    }
    CLEANUP(mem_free_text) char *path = run_history_log_path(history, id);
    CLEANUP(fd_done) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(err, FAIL_CONFIG, "the log of instance %" PRId64 " is gone: there is no \"%s\"",
                    id, path);
    }
    // The state is read before the file, so that the last lines are not missed.
    while (log_copy(fd, err)) {
        if (!is_followed || !is_running) {
            return true;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = FOLLOW_INTERVAL_NSEC}, NULL);
        if (!log_is_running(history, id, &is_running, err)) {
            return false;
        }
    }
    return false;
}

static bool log_run(const Command *self, int argc, char **argv, Err *err)
{
    const char *dir = NULL;
    const char *name = NULL;
    bool is_followed = false;
    bool help = false;
    const Option options[] = {
        {.name = "follow",
         .ret_flag = &is_followed,
         .help = "go on printing until the instance has ended"},
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
    return command_read_instance(name, &id, err) && command_look(dir, &project, &history, err)
           && log_print(history, id, is_followed, err);
}

const Command command_log = {
    .name = "log",
    .usage = "log INSTANCE [options]",
    .summary = "print the log of one instance",
    .description =
        "Its beginning, snapshot, progress, warnings, commit and end, with times in UTC.",
    .examples = "  weir log 42\n"
                "  weir log 42 --follow\n",
    .run = log_run,
};
