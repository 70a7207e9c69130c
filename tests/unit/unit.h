// The second include of every unit test, after "base/base.h": cmocka with what it needs, and
// assertions that show an Err.
//
// Do not include <cmocka.h> directly: it takes the name `fail` for a macro, which is ours here.
#pragma once

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(...)              \
    do {                           \
        print_error(__VA_ARGS__);  \
        print_error("\n");         \
        _fail(__FILE__, __LINE__); \
    } while (0)

// `call` gives true. Otherwise the test fails and shows what `err` says. `err` is an Err, no
// pointer.
#define ASSERT_OK(call, err)                                                        \
    do {                                                                            \
        if (!(call)) {                                                              \
            fail_msg("%s failed: %s (hint: %s)", #call, (err).message, (err).hint); \
        }                                                                           \
    } while (0)

// `call` gives false, the error is of that kind, and its message or hint contains `part`.
#define ASSERT_FAIL(call, err, expected_kind, part)                                             \
    do {                                                                                        \
        if (call) {                                                                             \
            fail_msg("%s should have failed with \"%s\"", #call, (part));                       \
        }                                                                                       \
        if ((err).kind != (expected_kind)                                                       \
            || (strstr((err).message, (part)) == NULL && strstr((err).hint, (part)) == NULL)) { \
            fail_msg("%s: kind %s, message \"%s\", hint \"%s\"; expected kind %s with \"%s\"",  \
                     #call, fail_kind_name((err).kind), (err).message, (err).hint,              \
                     fail_kind_name(expected_kind), (part));                                    \
        }                                                                                       \
    } while (0)
