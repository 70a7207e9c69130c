// No signal handler: the signals are blocked in every thread and one thread waits for them.
#include "base/base.h"

#include "command/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

struct Signals {
    sigset_t set;
    Cancel *cancel;
    pthread_t thread;
    atomic_bool is_over;
};

static void *signals_wait(void *argument)
{
    Signals *signals = argument;
    for (int count = 0;;) {
        int signal_number;
        if (sigwait(&signals->set, &signal_number) != 0) {
            continue;
        }
        if (signal_number == SIGUSR1) {
            if (atomic_load(&signals->is_over)) {
                return NULL;
            }
            continue;  // somebody else's
        }
        if (count++ > 0) {
            // What a killed run leaves behind, the next one removes.
            _exit(err_exit_code(FAIL_CANCELLED));
        }
        cancel_request(signals->cancel);
    }
}

bool signals_begin(Cancel *cancel, Signals **ret_signals, Err *err)
{
    Signals *signals = mem_alloc(sizeof(*signals));
    signals->cancel = cancel;
    (void)sigemptyset(&signals->set);
    (void)sigaddset(&signals->set, SIGINT);
    (void)sigaddset(&signals->set, SIGTERM);
    (void)sigaddset(&signals->set, SIGUSR1);
    // Inherited by all threads that are made from here on.
    (void)pthread_sigmask(SIG_BLOCK, &signals->set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (pthread_create(&signals->thread, NULL, signals_wait, signals) != 0) {
        free(signals);
        return fail(err, FAIL_INTERNAL, "could not start a thread");
    }
    *ret_signals = signals;
    return true;
}

void signals_end(Signals *signals)
{
    if (signals == NULL) {
        return;
    }
    atomic_store(&signals->is_over, true);
    (void)pthread_kill(signals->thread, SIGUSR1);
    (void)pthread_join(signals->thread, NULL);
    free(signals);
}
