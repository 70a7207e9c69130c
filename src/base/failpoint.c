// The environment is read once; the setting never changes afterwards.
#include "base/failpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

typedef enum FailAction { FAIL_ACTION_KILL, FAIL_ACTION_SLEEP, FAIL_ACTION_ERROR } FailAction;

static struct {
    char name[64];
    FailAction action;
    int64_t sleep_ms;
    atomic_int_fast64_t passes_left;  // acts when this reaches zero
} setting;
static pthread_once_t setting_once = PTHREAD_ONCE_INIT;
static atomic_bool setting_present;

// "name", "name:3", "name=sleep:500", "name:3=sleep:500", "name=error"
static void failpoint_read_setting(void)
{
    const char *text = getenv("WEIR_FAILPOINT");
    if (text == NULL || text[0] == '\0') {
        return;
    }
    size_t len = strcspn(text, ":=");
    if (len >= sizeof(setting.name)) {
        return;
    }
    memcpy(setting.name, text, len);
    int64_t passes = 1;
    const char *rest = text + len;
    if (*rest == ':') {
        const size_t digits = strcspn(rest + 1, "=");
        CLEANUP(mem_free_text) char *number = mem_copy_bytes(rest + 1, digits);
        if (!text_parse_int(number, 1, INT32_MAX, &passes)) {
            return;
        }
        rest += 1 + digits;
    }
    if (text_starts_with(rest, "=sleep:")) {
        setting.action = FAIL_ACTION_SLEEP;
        if (!text_parse_int(rest + strlen("=sleep:"), 1, INT32_MAX, &setting.sleep_ms)) {
            return;
        }
    } else if (text_equal(rest, "=error")) {
        setting.action = FAIL_ACTION_ERROR;
    }
    atomic_store(&setting.passes_left, passes);
    atomic_store(&setting_present, true);
}

static bool failpoint_hit(const char *name)
{
    (void)pthread_once(&setting_once, failpoint_read_setting);
    return atomic_load_explicit(&setting_present, memory_order_relaxed)
           && strcmp(name, setting.name) == 0 && atomic_fetch_sub(&setting.passes_left, 1) == 1;
}

void failpoint(const char *name)
{
    if (!failpoint_hit(name)) {
        return;
    }
    switch (setting.action) {
    case FAIL_ACTION_KILL:
        (void)kill(getpid(), SIGKILL);
        break;
    case FAIL_ACTION_SLEEP: {
        struct timespec wait = {.tv_sec = (time_t)(setting.sleep_ms / 1000),
                                .tv_nsec = (long)(setting.sleep_ms % 1000) * 1000000};
        (void)nanosleep(&wait, NULL);
        break;
    }
    case FAIL_ACTION_ERROR:
        break;
    }
}

bool failpoint_fails(const char *name)
{
    return failpoint_hit(name) && setting.action == FAIL_ACTION_ERROR;
}
