// Whose log a line goes to: the thread's, and no other's.
#include "base/log.h"

#include <pthread.h>
#include <unistd.h>

#include "unit.h"

#include "folder.h"

static LogFile *open_log(const char *name)
{
    CLEANUP(mem_free_text) char *path = fs_join(folder, name);
    Err err = {0};
    LogFile *file = NULL;
    ASSERT_OK(log_file_open(path, &file, &err), err);
    return file;
}

// The lines without their times, whose form is checked here.
static char *read_log(const char *name)
{
    CLEANUP(mem_free_text) char *path = fs_join(folder, name);
    CLEANUP(buf_done) Buf text = {0};
    CLEANUP(buf_done) Buf bare = {0};
    Err err = {0};
    ASSERT_OK(fs_read(path, 65536, &text, &err), err);
    for (const char *line = buf_text(&text); *line != '\0'; line = strchr(line, '\n') + 1) {
        // 2026-01-02T03:04:05.678Z
        assert_true(line[4] == '-' && line[10] == 'T' && line[19] == '.' && line[23] == 'Z');
        buf_add_bytes(&bare, line + 25, (size_t)(strchr(line, '\n') + 1 - (line + 25)));
    }
    return mem_copy_text(buf_text(&bare));
}

static void *other_thread(void *file)
{
    assert_null(log_attached());
    log_note(LOG_INFO, "lost");
    (void)log_attach(file);
    log_note(LOG_WARN, "of the other thread");
    (void)log_attach(NULL);
    return NULL;
}

static void log__goes_to_the_thread_s_own_file(void **state)
{
    (void)state;
    LogFile *mine = open_log("mine");
    LogFile *others = open_log("others");
    assert_null(log_attach(mine));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, other_thread, others), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    log_note(LOG_INFO, "one %d", 1);
    log_warn("two\nlines");
    log_note(LOG_DEBUG, "below the level");
    assert_ptr_equal(log_attach(NULL), mine);
    log_note(LOG_INFO, "to nobody");
    log_file_close(mine);
    log_file_close(others);
    CLEANUP(mem_free_text) char *my_text = read_log("mine");
    CLEANUP(mem_free_text) char *other_text = read_log("others");
    assert_string_equal(my_text, "info one 1\nwarn two lines\n");
    assert_string_equal(other_text, "warn of the other thread\n");
}

static void log__is_appended_to(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        LogFile *file = open_log("same");
        (void)log_attach(file);
        log_note(LOG_ERROR, "time %d", i);
        (void)log_attach(NULL);
        log_file_close(file);
    }
    CLEANUP(mem_free_text) char *text = read_log("same");
    assert_string_equal(text, "error time 0\nerror time 1\n");
    Err err = {0};
    LogFile *file;
    CLEANUP(mem_free_text) char *nowhere = fs_join(folder, "none/x");
    ASSERT_FAIL(log_file_open(nowhere, &file, &err), err, FAIL_TARGET, "none/x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(log__goes_to_the_thread_s_own_file),
        FOLDER_TEST(log__is_appended_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
