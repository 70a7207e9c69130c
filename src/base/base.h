// The first include of every file: attributes, checked allocation, and names that are banned.
//
// base/ knows nothing of data. Everything here may be used by every folder.
#pragma once

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>  // before the names below are banned: a fortified build defines some of them inline
#include <stdlib.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
// Calls `done` with the address of the variable when it leaves its scope.
#define CLEANUP(done) __attribute__((cleanup(done)))
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

// Memory for control-plane objects. These never return NULL: where a few bytes are not to be had
// there is no way on, and the process aborts with a message. Free with free(). Thread: any.
void *mem_alloc(size_t size) MUST_CHECK;                         // zeroed
void *mem_grow(void *old, size_t size) MUST_CHECK;               // like realloc
char *mem_copy_text(const char *text) MUST_CHECK;                // NULL gives NULL
char *mem_copy_bytes(const void *bytes, size_t len) MUST_CHECK;  // adds a closing NUL
char *mem_format(const char *format, ...) PRINTF(1, 2) MUST_CHECK;

// For CLEANUP: frees what a `char *` (or any pointer) variable points to.
void mem_free_text(char **text);

// Calls that cut, overflow, ignore errors or keep hidden state. Say what you mean instead:
// mem_format or Buf for text, text_parse_* for numbers, the _r forms for time.
#define BANNED(name) name##_is_banned_see_base_h
#undef strcpy
#define strcpy(a, b) BANNED(strcpy)
#undef strcat
#define strcat(a, b) BANNED(strcat)
#undef strncpy
#define strncpy(a, b, n) BANNED(strncpy)
#undef strncat
#define strncat(a, b, n) BANNED(strncat)
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef strtok
#define strtok(a, b) BANNED(strtok)
#undef gmtime
#define gmtime(a) BANNED(gmtime)
#undef localtime
#define localtime(a) BANNED(localtime)
#undef atoi
#define atoi(a) BANNED(atoi)
#undef atol
#define atol(a) BANNED(atol)
#undef sscanf
#define sscanf(...) BANNED(sscanf)
