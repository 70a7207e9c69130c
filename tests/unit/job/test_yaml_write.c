// What is written is what doc_parse reads, to the letter; comments stay comments.
#include "base/base.h"

#include "unit.h"

#include "job/yaml.h"
#include "job/yaml_write.h"

static const char *const TEXTS[] = {
    "",
    " ",
    "word",
    "two words",
    "null",
    "NULL",
    "~",
    "true",
    "12",
    "-",
    "- a",
    "? b",
    "a: b",
    "a #b",
    "#c",
    "'quoted'",
    "\"double\"",
    "it's \"both\" \\ of them",
    "back\\slash",
    "a\tb",
    "\ttab first",
    " space first",
    "space last ",
    "line\nline",
    "line\n\n  indented\nlast",
    "newline last\n",
    "\nnewline first",
    " space\nfirst",
    "space \nbefore a newline",
    "a\n \nb",
    "carriage\r\nreturn",
    "${bizdate}",
    "ds=${bizdate},region={region}",
    "$[yyyymmdd hh24-1/24]",
    "${a b",
    "${a}\n${b}: #",
    "x ${a\"b} ${c\\d} $[e'f]",
    "{a: b}",
    "[a, b]",
    "*alias",
    "&anchor",
    "!tag",
    "%directive",
    "@at",
    "`tick`",
    "|",
    ">-",
    "---",
    "...",
    "<<",
    "=",
    "\xE4\xB8\xAD\xE6\x96\x87 \xC3\xA9 \xF0\x9F\x98\x80",
    "\x01\x7F\x1B",
    "\xC2\x85 next line \xE2\x80\xA8 separator \xEF\xBB\xBF mark \xEF\xBF\xBF none",
    "select 'a' -- comment\nfrom t",
};

static void assert_back(const char *head, const char *text, int indent, const char *tail)
{
    CLEANUP(buf_done) Buf out = {0};
    buf_add_text(&out, head);
    yaml_add_text(&out, text, indent);
    buf_add_text(&out, tail);
    Problems problems = {.file = "f.yaml"};
    Doc doc;
    if (!doc_parse(buf_text(&out), out.len, &problems, &doc) || problems.count > 0) {
        fail_msg("not read back: %s", buf_text(&out));
    }
    const DocNode *node = doc.root;
    while (node != NULL && node->kind != DOC_TEXT) {
        node = node->kind == DOC_LIST ? node->items[0] : node->entries[0].value;
    }
    assert_non_null(node);
    assert_string_equal(node->text, text);
    assert_false(doc_is_null(node));
    doc_done(&doc);
    problems_done(&problems);
}

static void text__reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
        assert_back("key: ", TEXTS[i], 0, "\n");
        assert_back("a:\n  b:\n    c: ", TEXTS[i], 4, "\n    d: e\n");
        assert_back("list:\n  - ", TEXTS[i], 2, "\n  - next\n");
        assert_back("list: [", TEXTS[i], -1, ", next]\n");
        assert_back("map: {k: ", TEXTS[i], -1, ", l: next}\n");
    }
}

static void text__reads_back_for_every_character(void **state)
{
    (void)state;
    for (int c = 1; c < 0x80; c++) {
        for (int place = 0; place < 3; place++) {
            const char text[4] = {(char)(place == 0 ? c : 'a'), (char)(place == 1 ? c : 'b'),
                                  (char)(place == 2 ? c : ' '), '\0'};
            assert_back("key: ", text, 0, "\n");
            assert_back("list: [", text, -1, "]\n");
        }
    }
}

static void text__stays_plain_where_it_may(void **state)
{
    (void)state;
    static const struct {
        const char *text, *yaml;
    } CASES[] = {
        {"ods_oplog", "ods_oplog"},
        {"ds=${bizdate}", "ds=${bizdate}"},
        {"${yyyy-mm-dd}", "${yyyy-mm-dd}"},
        {"a > 'b'", "\"a > 'b'\""},
        {"a = \"b\"", "'a = \"b\"'"},
        {"a\nb", "|-\n  a\n  b"},
        {"No", "\"No\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        CLEANUP(buf_done) Buf out = {0};
        yaml_add_text(&out, CASES[i].text, 0);
        assert_string_equal(buf_text(&out), CASES[i].yaml);
    }
}

static void comment__is_wrapped_and_clean(void **state)
{
    (void)state;
    CLEANUP(buf_done) Buf out = {0};
    yaml_add_comment(&out, "one\ntwo\x01 three", 2);
    assert_string_equal(buf_text(&out), "  # one two  three\n");
    buf_clear(&out);
    CLEANUP(buf_done) Buf text = {0};
    for (int i = 0; i < 40; i++) {
        buf_add_text(&text, i == 0 ? "words" : " words");
    }
    yaml_add_comment(&out, buf_text(&text), 0);
    size_t lines = 0;
    for (const char *at = buf_text(&out); *at != '\0'; at += strcspn(at, "\n") + 1) {
        assert_true(strncmp(at, "# words", 7) == 0);
        assert_true(strcspn(at, "\n") <= 100);
        lines++;
    }
    assert_int_equal(lines, 3);
    buf_clear(&out);
    yaml_add_comment(&out, "\xE4\xB8 not UTF-8", 0);
    Problems problems = {.file = "f.yaml"};
    Doc doc;
    assert_true(doc_parse(buf_text(&out), out.len, &problems, &doc));
    assert_null(doc.root);
    doc_done(&doc);
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__reads_back),
        cmocka_unit_test(text__reads_back_for_every_character),
        cmocka_unit_test(text__stays_plain_where_it_may),
        cmocka_unit_test(comment__is_wrapped_and_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
