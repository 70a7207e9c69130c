// What Tab offers at the prompt. Tables come from the lake's folder each time: another process may
// have made one.
#include "base/base.h"

#include "command/sql_internal.h"

#include "base/fs.h"
#include "base/text.h"
#include "lake/sql/functions.h"

static const char *const KEYWORDS[] = {
    "ALTER",    "AND",       "AS",        "BETWEEN",     "BY",         "CASE",   "CAST",
    "COLUMNS",  "COMMENT",   "COUNT",     "CREATE",      "CROSS",      "DELETE", "DESC",
    "DESCRIBE", "DISABLE",   "DISTINCT",  "DROP",        "ELSE",       "ENABLE", "END",
    "EXISTS",   "EXPLAIN",   "EXTENDED",  "FROM",        "FULL",       "GROUP",  "HAVING",
    "INNER",    "INSERT",    "INTO",      "JOIN",        "LATERAL",    "LEFT",   "LIFECYCLE",
    "LIKE",     "LIMIT",     "MATCHED",   "MERGE",       "NULL",       "ORDER",  "OUTER",
    "OVER",     "OVERWRITE", "PARTITION", "PARTITIONED", "PARTITIONS", "RENAME", "RIGHT",
    "SELECT",   "SHOW",      "SUM",       "SUMMARIZE",   "TABLE",      "TABLES", "TBLPROPERTIES",
    "TOUCH",    "TRUNCATE",  "UNION",     "UPDATE",      "USING",      "VALUES", "VIEW",
    "WHEN",     "WHERE",     "WITH",
};

static bool begins_with(const char *text, const char *word, size_t len)
{
    CLEANUP(mem_free_text) char *head = mem_copy_bytes(text, strnlen(text, len));
    CLEANUP(mem_free_text) char *typed = mem_copy_bytes(word, len);
    return text_equal_nocase(head, typed);
}

static char *in_lower_case(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    return text;
}

static void add_candidate(SqlCandidates *candidates, char *word)
{
    for (size_t i = 0; i < candidates->count; i++) {
        if (text_equal(candidates->words[i], word)) {
            free(word);
            return;
        }
    }
    candidates->words =
        mem_grow(candidates->words, (candidates->count + 1) * sizeof(*candidates->words));
    candidates->words[candidates->count++] = word;
}

static void add_tables(const char *lake, const char *word, size_t len, SqlCandidates *candidates)
{
    FsList names = {0};
    Err err;
    if (!fs_list(lake, &names, &err)) {
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        CLEANUP(mem_free_text) char *log = mem_format("%s/%s/_delta_log", lake, names.names[i]);
        if (begins_with(names.names[i], word, len) && fs_is_dir(log)) {
            add_candidate(candidates, mem_copy_text(names.names[i]));
        }
    }
    fs_list_done(&names);
}

void sql_complete(const char *lake, const char *word, size_t len, SqlCandidates *ret_candidates)
{
    *ret_candidates = (SqlCandidates){0};
    if (len == 0) {
        return;
    }
    add_tables(lake, word, len, ret_candidates);
    // As the first letter was typed.
    const bool is_lower = word[0] >= 'a' && word[0] <= 'z';
    for (size_t i = 0; i < ARRAY_LEN(KEYWORDS); i++) {
        if (begins_with(KEYWORDS[i], word, len)) {
            char *keyword = mem_copy_text(KEYWORDS[i]);
            add_candidate(ret_candidates, is_lower ? in_lower_case(keyword) : keyword);
        }
    }
    for (size_t i = 0; i < sql_function_count; i++) {
        if (begins_with(sql_functions[i].name, word, len)) {
            add_candidate(ret_candidates, mem_copy_text(sql_functions[i].name));
        }
    }
    if (ret_candidates->count > 1) {
        qsort(ret_candidates->words, ret_candidates->count, sizeof(char *), text_order);
    }
}

void sql_candidates_done(SqlCandidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        free(candidates->words[i]);
    }
    free(candidates->words);
    *candidates = (SqlCandidates){0};
}

size_t sql_candidates_common(const SqlCandidates *candidates)
{
    size_t common = candidates->count == 0 ? 0 : strlen(candidates->words[0]);
    for (size_t i = 1; i < candidates->count; i++) {
        size_t same = 0;
        while (same < common && candidates->words[0][same] == candidates->words[i][same]) {
            same++;
        }
        common = same;
    }
    return common;
}
