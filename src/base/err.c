// Errors as values on the caller's stack: setting one can never fail.
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

bool fail(Err *err, FailKind kind, const char *format, ...)
{
    // The message may be built from the old one, so it is printed aside first.
    char message[sizeof(err->message)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    memcpy(err->message, message, sizeof(message));
    err->kind = kind;
    err->retriable = false;
    err->hint[0] = '\0';
    return false;
}

bool fail_hint(Err *err, const char *format, ...)
{
    char hint[sizeof(err->hint)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(hint, sizeof(hint), format, args);
    va_end(args);
    memcpy(err->hint, hint, sizeof(hint));
    return false;
}

bool err_context(Err *err, const char *format, ...)
{
    char context[sizeof(err->message) / 2];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    char message[sizeof(err->message)];
    memcpy(message, err->message, sizeof(message));
    size_t len = strlen(context);
    size_t room = sizeof(err->message) - len - 3;
    memcpy(err->message, context, len);
    memcpy(err->message + len, ": ", 2);
    size_t kept = strnlen(message, room);
    memcpy(err->message + len + 2, message, kept);
    err->message[len + 2 + kept] = '\0';
    return false;
}

void err_keep(Err *kept, const Err *err)
{
    if (kept->kind == FAIL_NONE || (kept->kind == FAIL_CANCELLED && err->kind != FAIL_CANCELLED)) {
        *kept = *err;
    }
}

int err_exit_code(FailKind kind)
{
    switch (kind) {
    case FAIL_NONE:
        return 0;
    case FAIL_INTERNAL:
        return 1;
    case FAIL_CONFIG:
        return 2;
    case FAIL_SOURCE:
        return 3;
    case FAIL_TARGET:
        return 4;
    case FAIL_DIRTY:
        return 5;
    case FAIL_CANCELLED:
        return 130;
    case FAIL_DIFFERENT:
        return 6;
    }
    return 1;
}

const char *fail_kind_name(FailKind kind)
{
    switch (kind) {
    case FAIL_NONE:
        return "none";
    case FAIL_INTERNAL:
        return "internal";
    case FAIL_CONFIG:
        return "config";
    case FAIL_SOURCE:
        return "source";
    case FAIL_TARGET:
        return "target";
    case FAIL_DIRTY:
        return "dirty";
    case FAIL_CANCELLED:
        return "cancelled";
    case FAIL_DIFFERENT:
        return "different";
    }
    return "internal";
}
