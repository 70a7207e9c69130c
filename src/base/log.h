// Lines for people on standard error. Called by main, command/ and run/ only: library code returns
// errors instead. Thread: any.
#pragma once

#include "base/base.h"

typedef enum LogLevel { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } LogLevel;

// Lines above the level are dropped. The default is LOG_INFO.
void log_set_level(LogLevel level);

// Prints "2026-01-02T03:04:05.678Z info text". One line, however many threads print.
void log_line(LogLevel level, const char *format, ...) PRINTF(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
