// No signal handler: the signals are blocked in every thread and one thread waits for them.
#include "command/instance.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cancel.h"
#include "run/batch.h"

typedef struct SignalWait {
    sigset_t signals;
    Cancel *cancel;
    pthread_t thread;
    atomic_bool is_over;
} SignalWait;

static void *signal_wait_run(void *argument)
{
    SignalWait *wait = argument;
    for (int count = 0;;) {
        int signal_number;
        if (sigwait(&wait->signals, &signal_number) != 0) {
            continue;
        }
        if (signal_number == SIGUSR1) {
            if (atomic_load(&wait->is_over)) {
                return NULL;
            }
            continue;  // somebody else's
        }
        if (count++ > 0) {
            // What a killed run leaves behind, the next one removes.
            _exit(err_exit_code(FAIL_CANCELLED));
        }
        cancel_request(wait->cancel);
    }
}

static bool signal_wait_begin(SignalWait *wait, Cancel *cancel, Err *err)
{
    wait->cancel = cancel;
    (void)sigemptyset(&wait->signals);
    (void)sigaddset(&wait->signals, SIGINT);
    (void)sigaddset(&wait->signals, SIGTERM);
    (void)sigaddset(&wait->signals, SIGUSR1);
    // Inherited by all threads that are made from here on.
    (void)pthread_sigmask(SIG_BLOCK, &wait->signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return pthread_create(&wait->thread, NULL, signal_wait_run, wait) == 0
           || fail(err, FAIL_INTERNAL, "could not start a thread");
}

static void signal_wait_end(SignalWait *wait)
{
    // The signals stay blocked: one that came late must not end the process before its report.
    atomic_store(&wait->is_over, true);
    (void)pthread_kill(wait->thread, SIGUSR1);
    (void)pthread_join(wait->thread, NULL);
}

static void instance_print(const RunReport *report, InstanceOutput output)
{
    CLEANUP(buf_done) Buf text = {0};
    if (output.json) {
        run_report_json(report, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
    } else {
        run_report_text(report, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stderr);
    }
}

bool instance_fail(const char *job, const char *bizdate, InstanceOutput output, const Err *err)
{
    if (output.json) {
        RunReport report = {.job = mem_copy_text(job),
                            .bizdate = mem_copy_text(bizdate),
                            .status = err->kind,
                            .error = *err};
        instance_print(&report, output);
        run_report_done(&report);
    }
    return false;
}

bool instance_run(const Job *job, InstanceOutput output, Err *err)
{
    Cancel *cancel = cancel_new();
    SignalWait wait = {0};
    bool done = signal_wait_begin(&wait, cancel, err);
    if (done) {
        RunReport report;
        done = batch_run(job, cancel, output.quiet ? PROGRESS_NONE : PROGRESS_AUTO, &report, err);
        signal_wait_end(&wait);
        instance_print(&report, output);
        run_report_done(&report);
    }
    cancel_free(cancel);
    return done;
}
