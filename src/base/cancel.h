// A request to stop, shared by the threads of one run: a flag that loops look at, and hooks that
// wake threads blocked in a system call (by shutting their socket down, say). Thread: any.
#pragma once

#include "base/err.h"

typedef struct Cancel Cancel;

Cancel *cancel_new(void) MUST_CHECK;
// One that is requested with its parent, and can be requested alone: for a part of a run that is to
// end while the run goes on. The parent must outlive it.
Cancel *cancel_child(Cancel *parent) MUST_CHECK;
void cancel_free(Cancel *cancel);  // accepts NULL

// Sets the flag and calls the hooks. Called from the thread that waits for signals, never from a
// signal handler. Calling it again does nothing.
void cancel_request(Cancel *cancel);
bool cancel_requested(const Cancel *cancel);

// FAIL_CANCELLED where a stop was requested, true otherwise.
bool cancel_check(const Cancel *cancel, Err *err) MUST_CHECK;

// `wake(object)` is called once, under the lock that cancel_remove_hook takes: after the removal
// returns, it is not running and will not be called. Called at once where the stop was requested
// already.
void cancel_add_hook(Cancel *cancel, void (*wake)(void *object), void *object);
void cancel_remove_hook(Cancel *cancel, void *object);
