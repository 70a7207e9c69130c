// Bounds of slices as SQL.
//
// (a, b) >= (x, y) is written as a > x OR (a = x AND b >= y), and with the redundant a >= x in
// front of it: from that MySQL's and MariaDB's range optimizers make intervals of the index, which
// they do not from a comparison of rows.
#include "source/mysql/keys.h"

void key_bound_done(KeyBound *bound)
{
    for (size_t i = 0; i < bound->count; i++) {
        free(bound->parts[i]);
    }
    *bound = (KeyBound){0};
}

KeyBound key_bound_copy(const KeyBound *bound)
{
    KeyBound copy = {.count = bound->count};
    for (size_t i = 0; i < bound->count; i++) {
        copy.parts[i] = mem_copy_text(bound->parts[i]);
    }
    return copy;
}

// key >= bound, from column `at` on.
static void add_low(const KeyColumn *columns, const KeyBound *low, size_t at, Buf *sql)
{
    const char *name = columns[at].name;
    if (at + 1 == low->count) {
        buf_add_format(sql, "%s >= %s", name, low->parts[at]);
        return;
    }
    buf_add_format(sql, "%s >= %s AND (%s > %s OR (%s = %s AND ", name, low->parts[at], name,
                   low->parts[at], name, low->parts[at]);
    add_low(columns, low, at + 1, sql);
    buf_add_text(sql, "))");
}

// key < bound, from column `at` on. NULLs come before everything; where a lower bound is beside
// this, it takes them out.
static void add_high(const KeyColumn *columns, const KeyBound *high, size_t at, Buf *sql)
{
    const char *name = columns[at].name;
    const bool takes_null = columns[at].is_nullable;
    buf_add_text(sql, takes_null ? "(" : "");
    if (at + 1 == high->count) {
        buf_add_format(sql, "%s < %s", name, high->parts[at]);
    } else {
        buf_add_format(sql, "%s <= %s AND (%s < %s OR (%s = %s AND ", name, high->parts[at], name,
                       high->parts[at], name, high->parts[at]);
        add_high(columns, high, at + 1, sql);
        buf_add_text(sql, "))");
    }
    if (takes_null) {
        buf_add_format(sql, " OR %s IS NULL)", name);
    }
}

void key_add_range(const KeyColumn *columns, const KeyBound *low, const KeyBound *high, Buf *sql)
{
    size_t same = 0;  // leading columns that both bounds hold fast
    while (same + 1 < low->count && same + 1 < high->count
           && strcmp(low->parts[same], high->parts[same]) == 0) {
        buf_add_format(sql, "%s%s = %s", same == 0 ? "" : " AND ", columns[same].name,
                       low->parts[same]);
        same++;
    }
    if (low->count > 0) {
        buf_add_text(sql, same == 0 ? "" : " AND ");
        add_low(columns, low, same, sql);
    }
    if (high->count > 0) {
        buf_add_text(sql, same == 0 && low->count == 0 ? "" : " AND ");
        // After a lower bound `column >= x` no NULL of that column is left: leave the OR out, the
        // optimizer likes it.
        KeyColumn plain[KEY_COLUMNS_MAX];
        for (size_t i = 0; i < KEY_COLUMNS_MAX && i < high->count; i++) {
            plain[i] = columns[i];
            plain[i].is_nullable = columns[i].is_nullable && !(i == same && low->count > 0);
        }
        add_high(plain, high, same, sql);
    }
}

void key_add_less(const KeyBound *a, const KeyBound *b, Buf *sql)
{
    buf_add_char(sql, '(');
    size_t depth = 0;
    for (;; depth++) {
        if (depth == b->count) {
            buf_add_char(sql, '0');
            break;
        }
        if (depth == a->count) {
            buf_add_char(sql, '1');
            break;
        }
        buf_add_format(sql, "(%s) < (%s) OR ((%s) = (%s) AND (", a->parts[depth], b->parts[depth],
                       a->parts[depth], b->parts[depth]);
    }
    for (; depth > 0; depth--) {
        buf_add_text(sql, "))");
    }
    buf_add_char(sql, ')');
}
