// The prompt of `weir sql`, on libedit. Lines are gathered until a statement is whole, which is
// then run and kept in the history as one entry.
//
// While a line is typed the terminal sends no signals: Ctrl-C is a key that gives up the line.
// While a statement runs it sends them, and Ctrl-C stops the statement (command/signals.h); the
// prompt goes on. Everything but rows goes to standard error, so that rows can be sent to a file.
#include "base/base.h"

#include "command/sql_internal.h"

#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "command/command.h"

#define HISTORY_ENTRIES 1000
#define CANDIDATES_SHOWN 60

typedef struct Prompt {
    SqlContext *context;
    EditLine *edit;
    History *history;
    char *history_path;  // NULL: none is kept
    Buf text;            // of the statement that is typed
    bool gave_up;        // Ctrl-C
} Prompt;

static const char HELP[] = "Statements end with a semicolon and may go over several lines.\n"
                           "  \\?      this text\n"
                           "  \\q      leave (also Ctrl-D)\n"
                           "  Tab     completes keywords, tables and functions\n"
                           "  Ctrl-C  gives up what is typed, stops what runs\n"
                           "SHOW TABLES; lists the tables, DESC t; a table's columns.\n";

// --- keys -----

static char *prompt_text(EditLine *edit)
{
    Prompt *prompt;
    static char first[] = "weir> ";
    static char more[] = "  ... ";
    (void)el_get(edit, EL_CLIENTDATA, &prompt);
    return prompt->text.len == 0 ? first : more;
}

static unsigned char key_give_up(EditLine *edit, int key)
{
    (void)key;
    Prompt *prompt;
    (void)el_get(edit, EL_CLIENTDATA, &prompt);
    prompt->gave_up = true;
    return CC_NEWLINE;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || (unsigned char)c >= 0x80;
}

static void show_candidates(const SqlCandidates *candidates)
{
    (void)fputc('\n', stderr);
    for (size_t i = 0; i < candidates->count && i < CANDIDATES_SHOWN; i++) {
        (void)fprintf(stderr, "%s%s", i == 0 ? "" : "  ", candidates->words[i]);
    }
    (void)fputs(candidates->count > CANDIDATES_SHOWN ? "  ...\n" : "\n", stderr);
}

static unsigned char key_complete(EditLine *edit, int key)
{
    (void)key;
    Prompt *prompt;
    (void)el_get(edit, EL_CLIENTDATA, &prompt);
    const LineInfo *line = el_line(edit);
    const char *word = line->cursor;
    while (word > line->buffer && is_word_byte(word[-1])) {
        word--;
    }
    const size_t len = (size_t)(line->cursor - word);
    SqlCandidates candidates;
    sql_complete(prompt->context->options.lake, word, len, &candidates);
    const size_t common = sql_candidates_common(&candidates);
    unsigned char answer = CC_ERROR;  // a beep
    if (candidates.count == 1 || common > len) {
        CLEANUP(mem_free_text)
        char *whole = mem_format("%.*s%s", (int)common, candidates.words[0],
                                 candidates.count == 1 ? " " : "");
        // Typed letters are replaced too: a table's name has a case of its own.
        el_deletestr(edit, (int)len);
        answer = el_insertstr(edit, whole) == 0 ? CC_REFRESH : CC_ERROR;
    } else if (candidates.count > 1) {
        show_candidates(&candidates);
        answer = CC_REDISPLAY;
    }
    sql_candidates_done(&candidates);
    return answer;
}

// --- history -----

// $XDG_STATE_HOME/weir/sql_history, by default below ~/.local/state; readable by its owner alone.
static char *history_open(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    CLEANUP(mem_free_text) char *folder = NULL;
    if (state != NULL && state[0] == '/') {
        folder = mem_format("%s/weir", state);
    } else if (home != NULL && home[0] == '/') {
        folder = mem_format("%s/.local/state/weir", home);
    } else {
        return NULL;
    }
    Err err;
    if (!fs_make_dirs(folder, &err)) {
        return NULL;
    }
    char *path = fs_join(folder, "sql_history");
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
        free(path);
        path = NULL;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return path;
}

static void history_add(Prompt *prompt, const char *text)
{
    HistEvent event;
    CLEANUP(mem_free_text) char *entry = mem_copy_text(text);
    size_t len = strlen(entry);
    while (len > 0 && (entry[len - 1] == '\n' || entry[len - 1] == ' ')) {
        entry[--len] = '\0';
    }
    // Recalled as one line.
    for (char *at = entry; strstr(entry, "--") == NULL && *at != '\0'; at++) {
        *at = *at == '\n' ? ' ' : *at;
    }
    if (len == 0) {
        return;
    }
    (void)history(prompt->history, &event, H_ENTER, entry);
    if (prompt->history_path != NULL) {
        (void)history(prompt->history, &event, H_SAVE, prompt->history_path);
    }
}

// --- lines -----

// A terminal that asks the prompt to end must be heard while nothing runs; statements block the
// signal for the thread that waits for it.
static const char *prompt_line(Prompt *prompt)
{
    sigset_t set;
    int count = 0;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    prompt->gave_up = false;
    const char *line = el_gets(prompt->edit, &count);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    return line == NULL || count <= 0 ? NULL : line;
}

// The line without blanks and a semicolon at its end is one of the words that leave.
static bool is_farewell(const char *line)
{
    static const char *const WORDS[] = {"\\q", "quit", "exit"};
    CLEANUP(mem_free_text) char *word = mem_copy_bytes(line, strcspn(line, " ;\r\n"));
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (text_equal_nocase(word, WORDS[i])
            && line[strlen(word) + strspn(line + strlen(word), " ;\r\n")] == '\0') {
            return true;
        }
    }
    return false;
}

static void prompt_run_text(Prompt *prompt)
{
    Err err = {0};
    history_add(prompt, buf_text(&prompt->text));
    if (!sql_context_run(prompt->context, /* name= */ NULL, buf_text(&prompt->text),
                         prompt->text.len, &err)) {
        command_print_error(&err);
    }
    buf_clear(&prompt->text);
}

// False: leave.
static bool prompt_take(Prompt *prompt, const char *line)
{
    if (prompt->gave_up) {
        buf_clear(&prompt->text);
        return true;
    }
    if (line == NULL) {
        (void)fputc('\n', stderr);
        return false;
    }
    const bool is_first = prompt->text.len == 0;
    if (is_first && is_farewell(line)) {
        return false;
    }
    if (is_first && line[0] == '\\') {
        (void)fputs(HELP, stderr);
        return true;
    }
    if (is_first && line[strspn(line, " \t\r\n")] == '\0') {
        return true;
    }
    buf_add_text(&prompt->text, line);
    if (!sql_is_incomplete(buf_text(&prompt->text), prompt->text.len)) {
        prompt_run_text(prompt);
    }
    return true;
}

static bool prompt_open(Prompt *prompt, Err *err)
{
    HistEvent event;
    // Characters of several bytes are edited whole; numbers and messages stay as they are.
    if (setlocale(LC_CTYPE, "") == NULL || MB_CUR_MAX == 1) {
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    }
    prompt->edit = el_init("weir", stdin, stderr, stderr);
    prompt->history = history_init();
    if (prompt->edit == NULL || prompt->history == NULL) {
        return fail(err, FAIL_INTERNAL, "the terminal cannot be used for a prompt");
    }
    EditLine *edit = prompt->edit;
    (void)history(prompt->history, &event, H_SETSIZE, HISTORY_ENTRIES);
    (void)history(prompt->history, &event, H_SETUNIQUE, 1);
    prompt->history_path = history_open();
    if (prompt->history_path == NULL) {
        (void)fprintf(stderr, "weir: no history is kept: ~/.local/state/weir cannot be written\n");
    } else {
        (void)history(prompt->history, &event, H_LOAD, prompt->history_path);
    }
    (void)el_set(edit, EL_CLIENTDATA, prompt);
    (void)el_set(edit, EL_PROMPT, prompt_text);
    (void)el_set(edit, EL_SIGNAL, 1);
    (void)el_set(edit, EL_EDITOR, "emacs");
    (void)el_set(edit, EL_HIST, history, prompt->history);
    (void)el_set(edit, EL_ADDFN, "weir-give-up", "gives up what is typed", key_give_up);
    (void)el_set(edit, EL_ADDFN, "weir-complete", "completes a word", key_complete);
    (void)el_set(edit, EL_SETTY, "-d", "-isig", NULL);
    (void)el_set(edit, EL_BIND, "^C", "weir-give-up", NULL);
    (void)el_set(edit, EL_BIND, "^I", "weir-complete", NULL);
    (void)el_set(edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    (void)el_source(edit, NULL);  // the user's ~/.editrc
    return true;
}

bool sql_prompt_run(SqlContext *context, Err *err)
{
    Prompt prompt = {.context = context};
    const bool done = prompt_open(&prompt, err);
    if (done) {
        (void)fprintf(stderr, "weir %s, tables in %s. \\? for help, \\q to leave.\n", WEIR_VERSION,
                      context->options.lake);
        const char *line;
        do {
            line = prompt_line(&prompt);
        } while (prompt_take(&prompt, line) && !sql_output_is_closed(context->output));
    }
    if (prompt.edit != NULL) {
        el_end(prompt.edit);
    }
    if (prompt.history != NULL) {
        history_end(prompt.history);
    }
    buf_done(&prompt.text);
    free(prompt.history_path);
    return done;
}
