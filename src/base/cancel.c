// The flag is read without the lock in loops; hooks live under the lock.
#include "base/cancel.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct CancelHook {
    void (*wake)(void *object);
    void *object;
} CancelHook;

struct Cancel {
    atomic_bool requested;
    pthread_mutex_t lock;
    CancelHook *hooks;
    size_t hook_count;
    Cancel *parent;  // or NULL
};

Cancel *cancel_new(void)
{
    Cancel *cancel = mem_alloc(sizeof(*cancel));
    (void)pthread_mutex_init(&cancel->lock, NULL);
    return cancel;
}

static void cancel_wake_child(void *child)
{
    cancel_request(child);
}

Cancel *cancel_child(Cancel *parent)
{
    Cancel *cancel = cancel_new();
    cancel->parent = parent;
    cancel_add_hook(parent, cancel_wake_child, cancel);
    return cancel;
}

void cancel_free(Cancel *cancel)
{
    if (cancel == NULL) {
        return;
    }
    if (cancel->parent != NULL) {
        cancel_remove_hook(cancel->parent, cancel);
    }
    (void)pthread_mutex_destroy(&cancel->lock);
    free(cancel->hooks);
    free(cancel);
}

void cancel_request(Cancel *cancel)
{
    (void)pthread_mutex_lock(&cancel->lock);
    if (!atomic_exchange(&cancel->requested, true)) {
        for (size_t i = 0; i < cancel->hook_count; i++) {
            cancel->hooks[i].wake(cancel->hooks[i].object);
        }
    }
    (void)pthread_mutex_unlock(&cancel->lock);
}

bool cancel_requested(const Cancel *cancel)
{
    return atomic_load_explicit(&cancel->requested, memory_order_relaxed);
}

bool cancel_check(const Cancel *cancel, Err *err)
{
    return !cancel_requested(cancel) || fail(err, FAIL_CANCELLED, "cancelled");
}

void cancel_add_hook(Cancel *cancel, void (*wake)(void *object), void *object)
{
    (void)pthread_mutex_lock(&cancel->lock);
    cancel->hooks = mem_grow(cancel->hooks, (cancel->hook_count + 1) * sizeof(*cancel->hooks));
    cancel->hooks[cancel->hook_count++] = (CancelHook){.wake = wake, .object = object};
    if (atomic_load(&cancel->requested)) {
        wake(object);
    }
    (void)pthread_mutex_unlock(&cancel->lock);
}

void cancel_remove_hook(Cancel *cancel, void *object)
{
    (void)pthread_mutex_lock(&cancel->lock);
    size_t kept = 0;
    for (size_t i = 0; i < cancel->hook_count; i++) {
        if (cancel->hooks[i].object != object) {
            cancel->hooks[kept++] = cancel->hooks[i];
        }
    }
    cancel->hook_count = kept;
    (void)pthread_mutex_unlock(&cancel->lock);
}
