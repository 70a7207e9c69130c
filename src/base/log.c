// One line a call, written by one write() so that threads do not mix their lines.
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

static atomic_int log_level = LOG_INFO;

void log_set_level(LogLevel level)
{
    atomic_store(&log_level, (int)level);
}

void log_line(LogLevel level, const char *format, ...)
{
    if ((int)level > atomic_load(&log_level)) {
        return;
    }
    static const char *const names[] = {"error", "warn", "info", "debug"};
    Civil now = civil_from_usec(clock_now_usec());
    CLEANUP(buf_done) Buf line = {0};
    buf_add_format(&line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s ", now.year, now.month, now.day,
                   now.hour, now.minute, now.second, now.micros / 1000, names[level]);
    char space[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(space, sizeof(space), format, args);
    va_end(args);
    for (char *c = strchr(space, '\n'); c != NULL; c = strchr(c, '\n')) {
        *c = ' ';  // a server's message may hold line ends
    }
    buf_add_text(&line, space);
    buf_add_char(&line, '\n');
    // Nowhere to report to where standard error itself is gone.
    ssize_t written = write(STDERR_FILENO, line.data, line.len);
    (void)written;
}
