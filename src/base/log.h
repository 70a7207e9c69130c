// Lines for people on standard error, and in the log file of the run that a thread works for.
// Called by main, command/ and run/ only: library code returns errors instead. Thread: any.
#pragma once

#include "base/err.h"

typedef enum LogLevel { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } LogLevel;

// Lines above the level are dropped. The default is LOG_INFO.
void log_set_level(LogLevel level);

// Prints "2026-01-02T03:04:05.678Z info text". One line, however many threads print. It goes to the
// thread's log file as well.
void log_line(LogLevel level, const char *format, ...) PRINTF(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

// A log file may be shared by several threads; lines are appended whole.
typedef struct LogFile LogFile;

// Makes the file, or appends to the one that is there. Its folder must be there. FAIL_TARGET.
bool log_file_open(const char *path, LogFile **ret_file, Err *err) MUST_CHECK;
void log_file_close(LogFile *file);  // accepts NULL; no thread may be attached to it any more

// From here on, lines of the calling thread go to `file` (NULL: to none) as well. Returns what it
// was before. A thread that is made does not inherit it: whoever makes one hands it on.
LogFile *log_attach(LogFile *file);
LogFile *log_attached(void);

// A line for the thread's log file alone: how a run goes on. Nothing where there is none.
void log_note(LogLevel level, const char *format, ...) PRINTF(2, 3);
