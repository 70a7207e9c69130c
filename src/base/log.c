// One line a call, written by one write() so that threads do not mix their lines.
//
// Which run a line belongs to is the thread's: several instances run in one process, each in a
// thread of its own, and what they call need not know of it.
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define LOG_TEXT_MAX 4096

struct LogFile {
    int fd;
};

static atomic_int log_level = LOG_INFO;
static _Thread_local LogFile *log_file;

void log_set_level(LogLevel level)
{
    atomic_store(&log_level, (int)level);
}

// Nowhere to report to where standard error or the log's disk is gone.
static void log_write(int fd, const Buf *line)
{
    ssize_t written = write(fd, line->data, line->len);
    (void)written;
}

static PRINTF(3, 0) void log_send(LogLevel level, bool is_shown, const char *format, va_list args)
{
    if ((int)level > atomic_load(&log_level) || (!is_shown && log_file == NULL)) {
        return;
    }
    static const char *const names[] = {"error", "warn", "info", "debug"};
    Civil now = civil_from_usec(clock_now_usec());
    CLEANUP(buf_done) Buf line = {0};
    buf_add_format(&line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s ", now.year, now.month, now.day,
                   now.hour, now.minute, now.second, now.micros / 1000, names[level]);
    char space[LOG_TEXT_MAX];
    (void)vsnprintf(space, sizeof(space), format, args);
    for (char *c = strchr(space, '\n'); c != NULL; c = strchr(c, '\n')) {
        *c = ' ';  // a server's message may hold line ends
    }
    buf_add_text(&line, space);
    buf_add_char(&line, '\n');
    if (is_shown) {
        log_write(STDERR_FILENO, &line);
    }
    if (log_file != NULL) {
        log_write(log_file->fd, &line);
    }
}

void log_line(LogLevel level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_send(level, /* is_shown= */ true, format, args);
    va_end(args);
}

void log_note(LogLevel level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_send(level, /* is_shown= */ false, format, args);
    va_end(args);
}

bool log_file_open(const char *path, LogFile **ret_file, Err *err)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) {
        char space[128];
        return fail(err, FAIL_TARGET, "could not open the log \"%s\": %s", path,
                    strerror_r(errno, space, sizeof(space)));
    }
    LogFile *file = mem_alloc(sizeof(*file));
    file->fd = fd;
    *ret_file = file;
    return true;
}

void log_file_close(LogFile *file)
{
    if (file != NULL) {
        (void)close(file->fd);
        free(file);
    }
}

LogFile *log_attach(LogFile *file)
{
    LogFile *before = log_file;
    log_file = file;
    return before;
}

LogFile *log_attached(void)
{
    return log_file;
}
