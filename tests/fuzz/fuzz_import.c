// Any bytes as a job of DataWorks or DataX. What is translated must be a job file that the YAML
// reader takes without a complaint and that holds no password; and any text must come back from
// YAML as it went in.
#include "base/base.h"

#include "base/text.h"
#include "job/import.h"
#include "job/yaml.h"
#include "job/yaml_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_import(const char *text, size_t len)
{
    static const char *const PARAMS[] = {"hour=$[hh24-1/24]", NULL};
    const ImportRequest request = {.shown = "f.json", .fallback_name = "f", .params = PARAMS};
    Imported imported = {0};
    Err err = {0};
    if (!import_text(text, len, &request, NULL, &imported, &err)) {
        // It is the user's file that is wrong, and the message says why.
        if (err.kind != FAIL_CONFIG || err.message[0] == '\0') {
            abort();
        }
        return;
    }
    Problems problems = {.file = "f.yaml"};
    Doc doc;
    if (!doc_parse(imported.yaml, strlen(imported.yaml), &problems, &doc) || problems.count > 0
        || !text_equal(doc_get(doc.root, "type")->text, "sync") || imported.name[0] == '\0') {
        abort();
    }
    doc_done(&doc);
    problems_done(&problems);
    CLEANUP(buf_done) Buf snippet = {0};
    import_add_snippet(&imported, &snippet);
    import_done(&imported);
}

static void try_text(const char *text, size_t len)
{
    CLEANUP(mem_free_text) char *copy = mem_copy_bytes(text, len);
    if (strlen(copy) != len || !text_is_utf8(copy, len) || strstr(copy, "\xF4\x8F\xAC") != NULL
        || strstr(copy, "\xF4\x8F\xAD") != NULL || len > 4096) {
        return;
    }
    CLEANUP(buf_done) Buf out = {0};
    yaml_add_comment(&out, copy, 2);
    buf_add_text(&out, "a: [");
    yaml_add_text(&out, copy, -1);
    buf_add_text(&out, "]\nb:\n  c: ");
    yaml_add_text(&out, copy, 2);
    buf_add_text(&out, "\n  d: e\n");
    Problems problems = {.file = "f.yaml"};
    Doc doc;
    if (!doc_parse(buf_text(&out), out.len, &problems, &doc) || problems.count > 0
        || !text_equal(doc_get(doc.root, "a")->items[0]->text, copy)
        || !text_equal(doc_get(doc_get(doc.root, "b"), "c")->text, copy)) {
        abort();
    }
    doc_done(&doc);
    problems_done(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // A text with its NUL, so that reading past it is seen.
    CLEANUP(mem_free_text) char *text = mem_copy_bytes(data, size);
    try_import(text, size);
    try_text(text, size);
    return 0;
}
