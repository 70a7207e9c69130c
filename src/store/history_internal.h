// For the files of the history only.
#pragma once

#include <pthread.h>

#include "store/db.h"
#include "store/history.h"

// An instance that this process runs.
typedef struct Held {
    int64_t id;
    int fd;  // of the locked file
    Cancel *cancel;
} Held;

struct RunHistory {
    char *folder;          // .weir
    bool can_write;        // false: opened to look, in a place that cannot be written to
    pthread_mutex_t lock;  // of db; never held while calling out
    Db db;

    // Taken before `lock`, never after it. Held while a Cancel is requested, so that
    // run_history_end cannot return and the Cancel be freed in between; hooks of a Cancel do not
    // come back here.
    pthread_mutex_t held_lock;
    pthread_cond_t wake;
    Held *held;
    size_t held_count;
    bool watch_runs, watch_ends;
    pthread_t watch;
};

char *run_history_lock_path(const RunHistory *history, int64_t id) MUST_CHECK;
// Removes what is beyond HISTORY_INSTANCES_MAX and HISTORY_DAYS_MAX.
bool run_history_prune(RunHistory *history, Err *err) MUST_CHECK;
// The thread that looks for requests to cancel; made with the first instance.
void run_history_watch_begin(RunHistory *history);
void run_history_watch_end(RunHistory *history);
