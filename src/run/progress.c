// The progress thread wakes ten times a second on a terminal, every ten seconds elsewhere. The rate
// is of the last few seconds, so that a stall shows.
#include "run/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define BAR_INTERVAL_USEC INT64_C(100000)
// Also of the lines in the run's log, which is told where nothing is shown as well.
#define LINE_INTERVAL_USEC INT64_C(10000000)
#define RATE_SAMPLES 32

struct Progress {
    const char *label;
    Counters *counters;
    bool is_shown;
    bool on_terminal;
    int64_t noted_usec;
    LogFile *log;  // of the thread that began it, or NULL
    bool stopping;
    bool thread_runs;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    int64_t begun_usec;
    struct {
        int64_t usec;
        uint64_t rows;
    } samples[RATE_SAMPLES];  // a ring of what was seen at the last wake-ups
    size_t sample_count;
};

static unsigned progress_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void progress_add_time(double seconds, Buf *out)
{
    unsigned total = (unsigned)(seconds + 0.5);
    if (total >= 3600) {
        buf_add_format(out, "%u:%02u:%02u", total / 3600, total / 60 % 60, total % 60);
    } else {
        buf_add_format(out, "%u:%02u", total / 60, total % 60);
    }
}

// What a line says after its label, from what matters most to what gives way first.
enum { FIELDS_MAX = 6, BAR_CELLS_MIN = 8, BAR_CELLS_MAX = 40 };

typedef struct ProgressFields {
    Buf items[FIELDS_MAX];
    size_t count;
} ProgressFields;

static void progress_fields_done(ProgressFields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        buf_done(&fields->items[i]);
    }
}

static void progress_fields(Counters *counters, double seconds, double rate,
                            ProgressFields *ret_fields)
{
    ProgressFields *fields = ret_fields;
    uint64_t rows = counter_get(&counters->rows_read);
    uint64_t estimated = counter_get(&counters->rows_estimated);
    uint64_t slices = counter_get(&counters->slices_total);
    uint64_t dirty = counter_get(&counters->rows_dirty);
    char space[TEXT_NUMBER_SIZE];
    buf_add_format(&fields->items[fields->count++], "%s row%s", text_count(rows, space),
                   rows == 1 ? "" : "s");
    buf_add_format(&fields->items[fields->count++], "%s rows/s", text_count((uint64_t)rate, space));
    buf_add_text(&fields->items[fields->count++],
                 text_bytes(counter_get(&counters->bytes_read), space));
    if (slices > 0) {
        buf_add_format(&fields->items[fields->count++], "%" PRIu64 "/%" PRIu64 " slice%s",
                       counter_get(&counters->slices_done), slices, slices == 1 ? "" : "s");
    }
    if (dirty > 0) {
        buf_add_format(&fields->items[fields->count++], "%s dirty", text_count(dirty, space));
    }
    Buf *time = &fields->items[fields->count++];
    if (estimated > rows && rate > 1) {
        progress_add_time((double)(estimated - rows) / rate, time);
        buf_add_text(time, " left");
    } else {
        progress_add_time(seconds, time);
    }
}

// The label, or as many of its characters as leave room.
static void progress_add_label(const char *label, unsigned width, Buf *out)
{
    size_t begin = out->len;
    buf_add_text(out, label);
    while (width > 0 && out->len > begin && text_width(out->data + begin) >= width) {
        do {
            out->len--;
        } while (out->len > begin && ((unsigned char)out->data[out->len] & 0xC0) == 0x80);
        out->data[out->len] = '\0';
    }
}

static void progress_add_bar(uint64_t rows, uint64_t estimated, size_t cells, Buf *out)
{
    // Estimates run over: the bar then stays just below the end until the rows really end.
    double share = rows >= estimated ? 0.99 : (double)rows / (double)estimated;
    size_t full = (size_t)(share * (double)cells);
    buf_add_text(out, "  [");
    for (size_t i = 0; i < cells; i++) {
        buf_add_char(out, i < full ? '#' : '.');
    }
    buf_add_format(out, "] %3.0f%%", share * 100);
}

void progress_line(const char *label, Counters *counters, double seconds, double rate,
                   unsigned width, Buf *out)
{
    CLEANUP(progress_fields_done) ProgressFields fields = {0};
    progress_fields(counters, seconds, rate, &fields);
    size_t used = text_width(label);
    size_t shown = 0;
    // Whole fields only: half a number is a wrong one.
    for (; shown < fields.count; shown++) {
        size_t next = used + 2 + fields.items[shown].len;
        if (width > 0 && next >= width) {
            break;
        }
        used = next;
    }
    progress_add_label(label, width, out);
    uint64_t estimated = counter_get(&counters->rows_estimated);
    used += sizeof("  [] 100%");
    if (estimated > 0 && width >= used + BAR_CELLS_MIN) {
        size_t cells = width - used < BAR_CELLS_MAX ? width - used : BAR_CELLS_MAX;
        progress_add_bar(counter_get(&counters->rows_read), estimated, cells, out);
    }
    for (size_t i = 0; i < shown; i++) {
        buf_add_text(out, "  ");
        buf_add_text(out, buf_text(&fields.items[i]));
    }
}

static double progress_rate(Progress *progress, int64_t now, uint64_t rows)
{
    size_t slot = progress->sample_count % RATE_SAMPLES;
    size_t oldest = progress->sample_count < RATE_SAMPLES ? 0 : slot;
    int64_t since =
        progress->sample_count == 0 ? progress->begun_usec : progress->samples[oldest].usec;
    uint64_t before = progress->sample_count == 0 ? 0 : progress->samples[oldest].rows;
    progress->samples[slot].usec = now;
    progress->samples[slot].rows = rows;
    progress->sample_count++;
    // Counters go back to zero where a run starts over.
    return now > since && rows > before ? (double)(rows - before) * 1e6 / (double)(now - since) : 0;
}

static void progress_show(Progress *progress)
{
    int64_t now = clock_monotonic_usec();
    double seconds = (double)(now - progress->begun_usec) / 1e6;
    double rate = progress_rate(progress, now, counter_get(&progress->counters->rows_read));
    CLEANUP(buf_done) Buf line = {0};
    const bool is_bar = progress->is_shown && progress->on_terminal;
    if (!is_bar || now - progress->noted_usec >= LINE_INTERVAL_USEC) {
        progress->noted_usec = now;
        progress_line(progress->label, progress->counters, seconds, rate, 0, &line);
        if (progress->is_shown && !is_bar) {
            log_info("%s", buf_text(&line));
        } else {
            log_note(LOG_INFO, "%s", buf_text(&line));
        }
    }
    if (!is_bar) {
        return;
    }
    buf_clear(&line);
    buf_add_text(&line, "\r");
    progress_line(progress->label, progress->counters, seconds, rate, progress_width(), &line);
    buf_add_text(&line, "\x1b[K");
    ssize_t written = write(STDERR_FILENO, line.data, line.len);
    (void)written;
}

static void *progress_run(void *argument)
{
    Progress *progress = argument;
    (void)log_attach(progress->log);
    (void)pthread_mutex_lock(&progress->lock);
    while (!progress->stopping) {
        int64_t wait =
            progress->is_shown && progress->on_terminal ? BAR_INTERVAL_USEC : LINE_INTERVAL_USEC;
        int64_t until = clock_monotonic_usec() + wait;
        struct timespec deadline = {.tv_sec = (time_t)(until / 1000000),
                                    .tv_nsec = (long)(until % 1000000) * 1000};
        (void)pthread_cond_timedwait(&progress->wake, &progress->lock, &deadline);
        if (!progress->stopping) {
            progress_show(progress);
        }
    }
    (void)pthread_mutex_unlock(&progress->lock);
    return NULL;
}

Progress *progress_start(const char *label, Counters *counters, ProgressStyle style)
{
    Progress *progress = mem_alloc(sizeof(*progress));
    progress->label = label;
    progress->counters = counters;
    const char *terminal = getenv("TERM");
    progress->on_terminal = isatty(STDERR_FILENO) == 1 && !text_equal(terminal, "dumb");
    progress->is_shown = style != PROGRESS_NONE;
    progress->log = log_attached();
    progress->begun_usec = clock_monotonic_usec();
    progress->noted_usec = progress->begun_usec;
    (void)pthread_mutex_init(&progress->lock, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&progress->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    // Without a thread the run goes on unseen.
    progress->thread_runs = (progress->is_shown || progress->log != NULL)
                            && pthread_create(&progress->thread, NULL, progress_run, progress) == 0;
    return progress;
}

void progress_stop(Progress *progress)
{
    if (progress == NULL) {
        return;
    }
    if (progress->thread_runs) {
        (void)pthread_mutex_lock(&progress->lock);
        progress->stopping = true;
        (void)pthread_cond_signal(&progress->wake);
        (void)pthread_mutex_unlock(&progress->lock);
        (void)pthread_join(progress->thread, NULL);
        if (progress->is_shown && progress->on_terminal) {
            ssize_t written = write(STDERR_FILENO, "\r\x1b[K", 4);
            (void)written;
        }
    }
    (void)pthread_cond_destroy(&progress->wake);
    (void)pthread_mutex_destroy(&progress->lock);
    free(progress);
}
