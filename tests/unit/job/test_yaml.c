// The tree over libyaml: positions, what is refused, and parameters that stand unquoted.
#include "base/base.h"

#include "unit.h"

#include "base/buf.h"
#include "job/yaml.h"

typedef struct Parsed {
    Doc doc;
    Problems problems;
    bool whole;
} Parsed;

static Parsed parse(const char *text)
{
    Parsed parsed = {.problems = {.file = "f.yaml"}};
    parsed.whole = doc_parse(text, strlen(text), &parsed.problems, &parsed.doc);
    return parsed;
}

static void parsed_done(Parsed *parsed)
{
    doc_done(&parsed->doc);
    problems_done(&parsed->problems);
}

static void assert_message(const char *text, const char *expected)
{
    CLEANUP(parsed_done) Parsed parsed = parse(text);
    Err err = {0};
    assert_false(problems_report(&parsed.problems, &err));
    assert_string_equal(err.message, expected);
    assert_int_equal(err.kind, FAIL_CONFIG);
}

static void assert_text(const DocNode *node, const char *text, int line, int column)
{
    assert_non_null(node);
    assert_int_equal(node->kind, DOC_TEXT);
    assert_string_equal(node->text, text);
    assert_int_equal(node->line, line);
    assert_int_equal(node->column, column);
}

static void parse__knows_where_everything_stands(void **state)
{
    (void)state;
    CLEANUP(parsed_done)
    Parsed parsed = parse("# comment\n"
                          "type: sync\n"
                          "source:\n"
                          "  table: [a, 'b c',\n"
                          "    d]\n"
                          "中文: \"é\"   # columns count characters\n");
    assert_true(parsed.whole);
    assert_int_equal(parsed.problems.count, 0);
    const DocNode *root = parsed.doc.root;
    assert_text(doc_get(root, "type"), "sync", 2, 7);
    const DocNode *table = doc_get(doc_get(root, "source"), "table");
    assert_int_equal(table->kind, DOC_LIST);
    assert_int_equal(table->item_count, 3);
    assert_text(table->items[0], "a", 4, 11);
    assert_text(table->items[1], "b c", 4, 14);
    assert_false(table->items[1]->plain);
    assert_text(table->items[2], "d", 5, 5);
    assert_text(doc_get(root, "中文"), "é", 6, 5);
    assert_text(root->entries[2].key, "中文", 6, 1);
    assert_null(doc_get(root, "other"));
    assert_null(doc_get(table, "type"));
    assert_null(doc_get(NULL, "type"));
}

static void parse__empty_file_has_no_root(void **state)
{
    (void)state;
    static const char *const EMPTY[] = {"", "\n\n", "# nothing\n"};
    for (size_t i = 0; i < ARRAY_LEN(EMPTY); i++) {
        CLEANUP(parsed_done) Parsed parsed = parse(EMPTY[i]);
        assert_true(parsed.whole);
        assert_null(parsed.doc.root);
    }
}

static void parse__parameters_may_stand_unquoted(void **state)
{
    (void)state;
    CLEANUP(parsed_done)
    Parsed parsed = parse(
        "a: {password: ${env:RDS_PASSWORD}, database: shop, ds: x=${bizdate}-$[hh24:mi], next: 1}\n"
        "b: [$[add_months(yyyymmdd,-1)], '${x}', \"${y}\", ${a b}#c]\n"
        "c: ${yyyymmdd} # ${comment\n"
        "d: |\n"
        "  select '$[0]', \"${z}\", ${\n"
        "e: {plain: {x: y}, j: $x}\n");
    assert_true(parsed.whole);
    assert_int_equal(parsed.problems.count, 0);
    const DocNode *root = parsed.doc.root;
    const DocNode *a = doc_get(root, "a");
    assert_text(doc_get(a, "password"), "${env:RDS_PASSWORD}", 1, 15);
    assert_text(doc_get(a, "database"), "shop", 1, 46);  // counted in the file as written
    assert_text(doc_get(a, "ds"), "x=${bizdate}-$[hh24:mi]", 1, 56);
    assert_text(doc_get(a, "next"), "1", 1, 87);
    const DocNode *b = doc_get(root, "b");
    assert_text(b->items[0], "$[add_months(yyyymmdd,-1)]", 2, 5);
    assert_text(b->items[1], "${x}", 2, 33);
    assert_text(b->items[2], "${y}", 2, 41);
    assert_text(b->items[3], "${a b}#c", 2, 49);
    assert_text(doc_get(root, "c"), "${yyyymmdd}", 3, 4);
    assert_string_equal(doc_get(root, "d")->text, "select '$[0]', \"${z}\", ${\n");
    assert_text(doc_get(doc_get(doc_get(root, "e"), "plain"), "x"), "y", 6, 16);
    assert_text(doc_get(doc_get(root, "e"), "j"), "$x", 6, 23);
}

static void parse__anchors_and_merge(void **state)
{
    (void)state;
    CLEANUP(parsed_done)
    Parsed parsed = parse("base: &base {type: mysql, port: 3306}\n"
                          "one:\n"
                          "  port: 1\n"
                          "  <<: *base\n"
                          "two:\n"
                          "  <<: *base\n"
                          "  port: 2\n"
                          "list: &l [1]\n"
                          "same: *l\n");
    assert_true(parsed.whole);
    assert_int_equal(parsed.problems.count, 0);
    const DocNode *root = parsed.doc.root;
    assert_string_equal(doc_get(doc_get(root, "one"), "port")->text, "1");
    assert_string_equal(doc_get(doc_get(root, "one"), "type")->text, "mysql");
    assert_string_equal(doc_get(doc_get(root, "two"), "port")->text, "2");
    assert_int_equal(doc_get(root, "two")->entry_count, 2);
    assert_ptr_equal(doc_get(root, "same"), doc_get(root, "list"));
}

static void parse__says_where_it_is_wrong(void **state)
{
    (void)state;
    assert_message("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key \"a\" stands twice, first in line 1");
    assert_message("a: {x: 1, x: 2}\nb:\n  y: 1\n  y: 1\n",
                   "2 mistakes in f.yaml\n"
                   "f.yaml:1:11: the key \"x\" stands twice, first in line 1\n"
                   "f.yaml:4:3: the key \"y\" stands twice, first in line 3");
    assert_message("a: [1, 2\nb: 3\n",
                   "f.yaml:2:2: not valid YAML: did not find expected ',' or ']'");
    assert_message(
        "a:\n\tb: 1\n",
        "f.yaml:2:1: not valid YAML: found character that cannot start any token; indent with spaces, "
        "not tabs, and put quotes around text that begins with a special character");
    assert_message("a: 1\n---\nb: 1\n",
                   "f.yaml:3:1: a second document begins here; a file holds one");
    assert_message("password: *secret\n",
                   "f.yaml:1:11: an alias without its anchor; put quotes around text that "
                   "begins with \"*\"");
    assert_message("a: &x [*x]\n", "f.yaml:1:8: an alias inside what it stands for");
    assert_message(
        "a: !secret b\n",
        "f.yaml:1:4: tags are not supported; put quotes around text that begins with \"!\"");
    assert_message("? [a]\n: b\n", "f.yaml:1:3: a key must be text");
    assert_message("a: \"x\\0y\"\n", "f.yaml:1:4: a text with a NUL character");
    assert_message("a: 1\nb: \xFF\n", "f.yaml:2:1: not UTF-8 text");
    assert_message("a: 1\nb: \x01\n",
                   "f.yaml:2:1: not valid YAML: control characters are not allowed");
    assert_message("a: 1\n<<: x\n", "f.yaml:2:1: \"<<\" needs a mapping, not text");
    assert_message(
        "a: \xF4\x8F\xAD\xBB\n",
        "f.yaml: holds a private character (U+10FB00 to U+10FB7F) that weir uses itself");
}

static void parse__core_tags_are_harmless(void **state)
{
    (void)state;
    CLEANUP(parsed_done) Parsed parsed = parse("a: !!str 5\n");
    assert_true(parsed.whole);
    assert_string_equal(doc_get(parsed.doc.root, "a")->text, "5");
}

static void parse__depth_and_size_have_limits(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf text = {0};
    for (int i = 0; i < DOC_DEPTH_MAX + 1; i++) {
        buf_add_char(&text, '[');
    }
    assert_message(buf_text(&text), "f.yaml:1:33: nested too deeply");
    buf_clear(&text);
    buf_add_text(&text, "a: ");
    while (text.len <= DOC_BYTES_MAX) {
        buf_add_text(&text, "0123456789");
    }
    assert_message(buf_text(&text), "f.yaml: longer than 1048576 bytes");
    // An alias is no copy: what doubles twenty times over stays small.
    buf_clear(&text);
    buf_add_text(&text, "a0: &a0 [x, x]\n");
    for (int i = 1; i <= 20; i++) {
        buf_add_format(&text, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
    }
    CLEANUP(parsed_done) Parsed parsed = parse(buf_text(&text));
    assert_true(parsed.whole);
    assert_in_range(parsed.doc.node_count, 40, 60);
}

static void null__is_plain(void **state)
{
    (void)state;
    CLEANUP(parsed_done)
    Parsed parsed = parse("a:\nb: ~\nc: null\nd: 'null'\ne: ''\nf: nullable\ng: []\n");
    static const bool IS_NULL[] = {true, true, true, false, false, false, false};
    for (size_t i = 0; i < ARRAY_LEN(IS_NULL); i++) {
        assert_int_equal(doc_is_null(parsed.doc.root->entries[i].value), IS_NULL[i]);
    }
}

static void problems__are_sorted_and_counted(void **state)
{
    (void)state;
    Problems problems = {.file = "f.yaml"};
    for (int i = 200; i > 0; i--) {
        problems_add(&problems, i, 1, "mistake number %d of many", i);
    }
    problems_hint(&problems, "First %s.", "hint");
    problems_hint(&problems, "Second hint.");
    Err err = {0};
    assert_false(problems_report(&problems, &err));
    static const char HEAD[] =
        "200 mistakes in f.yaml\nf.yaml:1:1: mistake number 1 of many\nf.yaml:2:1: ";
    assert_memory_equal(err.message, HEAD, sizeof(HEAD) - 1);
    const char *last = strrchr(err.message, '\n');
    assert_non_null(strstr(last, "\n... and 1"));
    assert_non_null(strstr(last, " more"));
    assert_string_equal(err.hint, "First hint.");
    problems_done(&problems);
    assert_true(problems_report(&problems, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__knows_where_everything_stands),
        cmocka_unit_test(parse__empty_file_has_no_root),
        cmocka_unit_test(parse__parameters_may_stand_unquoted),
        cmocka_unit_test(parse__anchors_and_merge),
        cmocka_unit_test(parse__says_where_it_is_wrong),
        cmocka_unit_test(parse__core_tags_are_harmless),
        cmocka_unit_test(parse__depth_and_size_have_limits),
        cmocka_unit_test(null__is_plain),
        cmocka_unit_test(problems__are_sorted_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
