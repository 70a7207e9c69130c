// Columns belong together by position in the original, by name in weir. Where the names of the two
// sides differ, an entry becomes `expression AS name`; where no position is known, a note or an
// error says so.
#include "base/base.h"

#include "job/import_internal.h"

#include "base/text.h"

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '$' || (unsigned char)c >= 0x80;
}

// The words of SQL that look like a column and are a value.
static bool is_value_word(const char *text)
{
    static const char *const WORDS[] = {
        "null",         "true",         "false",         "current_date",
        "current_time", "current_user", "localtime",     "localtimestamp",
        "utc_date",     "utc_time",     "utc_timestamp", "current_timestamp",
    };
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (text_equal_nocase(text, WORDS[i])) {
            return true;
        }
    }
    return false;
}

// The name of the column that an entry is, or NULL for an expression.
static char *plain_name(const char *entry)
{
    const size_t len = strlen(entry);
    if (len > 2 && entry[0] == '`' && entry[len - 1] == '`'
        && memchr(entry + 1, '`', len - 2) == NULL) {
        return mem_copy_bytes(entry + 1, len - 2);
    }
    size_t letters = 0;
    for (size_t i = 0; i < len; i++) {
        if (!is_name_char(entry[i])) {
            return NULL;
        }
        letters += entry[i] < '0' || entry[i] > '9';
    }
    const bool is_name = letters > 0 && !(entry[0] >= '0' && entry[0] <= '9');
    return is_name && !is_value_word(entry) ? mem_copy_text(entry) : NULL;
}

static void add_quoted(Buf *out, const char *name)
{
    buf_add_char(out, '`');
    for (; *name != '\0'; name++) {
        buf_add_text(out, *name == '`' ? "`" : "");
        buf_add_char(out, *name);
    }
    buf_add_char(out, '`');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Where the entry's own "AS alias" begins, outside of brackets and quotes; its length where there
// is none.
static size_t alias_at(const char *entry)
{
    const size_t len = strlen(entry);
    size_t found = len;
    int depth = 0;
    for (size_t i = 0; i < len; i++) {
        const char c = entry[i];
        if (c == '\'' || c == '"' || c == '`') {
            for (i++; i < len && entry[i] != c; i++) {
                i += entry[i] == '\\' && c != '`' && i + 1 < len;
            }
            continue;
        }
        depth += (c == '(') - (c == ')');
        if (depth == 0 && i > 0 && is_space(entry[i]) && strncasecmp(entry + i + 1, "as", 2) == 0
            && is_space(entry[i + 3])) {
            found = i;
        }
    }
    return found;
}

// The alias itself, without quotes.
static char *alias_of(const char *entry, size_t at)
{
    const char *name = entry + at;
    while (is_space(*name)) {
        name++;
    }
    name += 2;
    while (is_space(*name)) {
        name++;
    }
    size_t len = strlen(name);
    while (len > 0 && is_space(name[len - 1])) {
        len--;
    }
    if (len > 2 && strchr("`'\"", name[0]) != NULL && name[len - 1] == name[0]) {
        name++;
        len -= 2;
    }
    return mem_copy_bytes(name, len);
}

// The entry, named as the writer names it.
static char *named_entry(const char *entry, const char *name)
{
    CLEANUP(mem_free_text) char *column = plain_name(entry);
    if (text_equal_nocase(column, name)) {
        return mem_copy_text(entry);
    }
    const size_t end = alias_at(entry);
    CLEANUP(mem_free_text) char *alias = end == strlen(entry) ? NULL : alias_of(entry, end);
    if (text_equal_nocase(alias, name)) {
        return mem_copy_text(entry);
    }
    CLEANUP(buf_done) Buf out = {0};
    if (column != NULL) {
        add_quoted(&out, column);  // it may be a word of SQL, such as "table"
    } else {
        buf_add_bytes(&out, entry, end);
        // A comment at the end must not take the name with it.
        buf_add_text(&out, strstr(entry, "--") != NULL || strchr(entry, '#') != NULL ? "\n" : "");
    }
    buf_add_text(&out, " AS ");
    add_quoted(&out, name);
    return buf_take(&out);
}

static void pair(Importer *importer)
{
    const ImportColumns *reader = &importer->reader;
    const ImportColumns *writer = &importer->writer;
    if (reader->list.count > writer->list.count) {
        import_error(importer, writer->path,
                     "%zu columns for the reader's %zu; the original fails there, too",
                     writer->list.count, reader->list.count);
        return;
    }
    for (size_t i = 0; i < reader->list.count; i++) {
        text_list_add(&importer->columns,
                      named_entry(reader->list.items[i], writer->list.items[i]));
    }
    for (size_t i = reader->list.count; i < writer->list.count; i++) {
        import_note(importer, writer->path,
                    "\"%.100s\" has no column of the reader's: it stays NULL, as in the original",
                    writer->list.items[i]);
    }
}

static void take(Importer *importer, const TextList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        text_list_add(&importer->columns, mem_copy_text(list->items[i]));
    }
}

// The writer takes what comes: the lake's columns get the reader's names.
static void take_reader(Importer *importer)
{
    const TextList *list = &importer->reader.list;
    take(importer, list);
    for (size_t i = 0; i < list->count; i++) {
        CLEANUP(mem_free_text) char *name = plain_name(list->items[i]);
        if (name == NULL && !text_equal(list->items[i], "*")
            && alias_at(list->items[i]) == strlen(list->items[i])) {
            import_note(importer, importer->reader.path,
                        "entry %zu (%.60s) has no name, and the writer gives it none: write "
                        "\"... AS name\"",
                        i + 1, list->items[i]);
        }
    }
}

void import_columns(Importer *importer)
{
    const ImportColumns *reader = &importer->reader;
    const ImportColumns *writer = &importer->writer;
    bool has_query = false;
    bool has_table = false;
    for (size_t i = 0; i < importer->source_count; i++) {
        has_query = has_query || importer->sources[i].query != NULL;
        has_table = has_table || importer->sources[i].query == NULL;
    }
    importer->part = IMPORT_SOURCE;
    if (has_query) {
        if (!writer->is_all) {
            import_note(importer, writer->path,
                        "columns of a query go by their names, not by position: the query must "
                        "name them as the writer does, with AS");
        }
        if (has_table && !reader->is_all) {
            import_error(importer, reader->path, "belongs to tables, and there is a query, too");
        }
    } else if (reader->has_star && !reader->is_all && !writer->is_all) {
        import_error(importer, reader->path,
                     "\"*\" among columns, and the writer names its own: which belong together is "
                     "not known; name them");
    } else if (!reader->is_all && !writer->is_all) {
        pair(importer);
    } else if (!reader->is_all) {
        take_reader(importer);
    } else if (!writer->is_all) {
        take(importer, &writer->list);
        import_note(importer, reader->path,
                    "what \"*\" stands for is not known here: the columns are taken by the "
                    "writer's names, not by position");
    }
}
