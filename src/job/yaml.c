// The tree over libyaml's events. Built with an explicit stack and a depth limit, so a hostile file
// costs no more than its own size: an alias is a second pointer to a node, never a copy.
//
// Before libyaml sees the text, the brackets, commas, colons and hashes inside ${...} and $[...]
// are replaced by one private character each and put back in the scalars. Positions stay true,
// because libyaml counts characters.
#include "base/base.h"

#include "job/yaml.h"

#include <yaml.h>

#include "base/buf.h"
#include "base/text.h"

// U+10FB00 + c stands for the ASCII character c: F4 8F AC 80 .. F4 8F AD BF in UTF-8.
#define MASK_0 '\xF4'
#define MASK_1 '\x8F'

typedef struct Frame {
    DocNode *node;
    DocNode *key;  // of the mapping's value that comes next
} Frame;

typedef struct Anchor {
    char *name;
    DocNode *node;
} Anchor;

typedef struct Builder {
    Doc *doc;
    Problems *problems;
    Frame stack[DOC_DEPTH_MAX];
    size_t depth;
    Anchor *anchors;
    size_t anchor_count;
    bool done;     // a document was begun
    bool ended;    // the end of the text was reached
    bool stopped;  // after a mistake
} Builder;

static void mask_char(Buf *out, char c)
{
    if (strchr("{}[],:#", c) == NULL) {
        buf_add_char(out, c);
        return;
    }
    const unsigned low = (unsigned char)c;
    buf_add_char(out, MASK_0);
    buf_add_char(out, MASK_1);
    buf_add_char(out, (char)(0xAC + (low >> 6)));
    buf_add_char(out, (char)(0x80 | (low & 0x3F)));
}

// Length of the ${...} or $[...] at `text`, or 0 where there is none that ends on the same line.
static size_t masked_len(const char *text, size_t len)
{
    if (len < 3 || text[0] != '$' || (text[1] != '{' && text[1] != '[')) {
        return 0;
    }
    const char close = text[1] == '{' ? '}' : ']';
    for (size_t i = 2; i < len; i++) {
        if (text[i] == close) {
            return i + 1;
        }
        if (strchr("\n\r\"'{[", text[i]) != NULL) {
            return 0;
        }
    }
    return 0;
}

static void mask(const char *text, size_t len, Buf *out)
{
    for (size_t at = 0; at < len;) {
        size_t inner = masked_len(text + at, len - at);
        if (inner == 0) {
            buf_add_char(out, text[at++]);
            continue;
        }
        for (; inner > 0; inner--) {
            mask_char(out, text[at++]);
        }
    }
}

static char *unmask(const char *text, size_t len, size_t *ret_len)
{
    char *out = mem_alloc(len + 1);
    size_t at = 0;
    for (size_t i = 0; i < len; at++) {
        if (len - i >= 4 && text[i] == MASK_0 && text[i + 1] == MASK_1
            && ((unsigned char)text[i + 2] & 0xFE) == 0xAC) {
            out[at] =
                (char)(((unsigned char)text[i + 2] & 1) << 6 | ((unsigned char)text[i + 3] & 0x3F));
            i += 4;
        } else {
            out[at] = text[i++];
        }
    }
    *ret_len = at;
    return out;
}

static bool has_mask(const char *text, size_t len)
{
    for (size_t i = 0; i + 2 < len; i++) {
        if (text[i] == MASK_0 && text[i + 1] == MASK_1
            && ((unsigned char)text[i + 2] & 0xFE) == 0xAC) {
            return true;
        }
    }
    return false;
}

static void builder_stop(Builder *builder, const yaml_mark_t *mark, const char *reason)
{
    problems_add(builder->problems, (int)mark->line + 1, (int)mark->column + 1, "%s", reason);
    builder->stopped = true;
}

static DocNode *node_new(Builder *builder, DocKind kind, const yaml_mark_t *mark)
{
    Doc *doc = builder->doc;
    DocNode *node = mem_alloc(sizeof(*node));
    node->kind = kind;
    node->line = (int)mark->line + 1;
    node->column = (int)mark->column + 1;
    if ((doc->node_count & (doc->node_count - 1)) == 0) {  // full at every power of two
        const size_t capacity = doc->node_count == 0 ? 1 : doc->node_count * 2;
        doc->nodes = mem_grow(doc->nodes, capacity * sizeof(DocNode *));
    }
    doc->nodes[doc->node_count++] = node;
    return node;
}

// The entry with this key, or NULL.
static DocEntry *find_entry(const DocNode *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->entry_count; i++) {
        if (strcmp(mapping->entries[i].key->text, key) == 0) {
            return &mapping->entries[i];
        }
    }
    return NULL;
}

static void add_entry(DocNode *mapping, DocNode *key, DocNode *value, bool merged)
{
    mapping->entries = mem_grow(mapping->entries, (mapping->entry_count + 1) * sizeof(DocEntry));
    mapping->entries[mapping->entry_count++] = (DocEntry){key, value, merged};
}

// "<<: *defaults": the other mapping's entries, where the mapping has none of its own.
static void merge_entries(Builder *builder, DocNode *mapping, const DocNode *key,
                          const DocNode *from)
{
    if (from->kind != DOC_MAPPING) {
        problems_add(builder->problems, key->line, key->column, "\"<<\" needs a mapping, not %s",
                     doc_kind_name(from));
        return;
    }
    for (size_t i = 0; i < from->entry_count; i++) {
        if (find_entry(mapping, from->entries[i].key->text) == NULL) {
            add_entry(mapping, from->entries[i].key, from->entries[i].value, /* merged= */ true);
        }
    }
}

static void put_pair(Builder *builder, DocNode *mapping, DocNode *key, DocNode *value)
{
    if (key->plain && strcmp(key->text, "<<") == 0) {
        merge_entries(builder, mapping, key, value);
        return;
    }
    DocEntry *old = find_entry(mapping, key->text);
    if (old == NULL) {
        add_entry(mapping, key, value, /* merged= */ false);
    } else if (old->merged) {
        *old = (DocEntry){key, value, false};
    } else {
        problems_add(builder->problems, key->line, key->column,
                     "the key \"%s\" stands twice, first in line %d", key->text, old->key->line);
    }
}

// Hangs a node that was read into the collection it belongs to.
static void put_node(Builder *builder, DocNode *node, const yaml_mark_t *mark)
{
    if (builder->depth == 0) {
        if (builder->done) {
            builder_stop(builder, mark, "a second document begins here; a file holds one");
            return;
        }
        builder->doc->root = node;
        builder->done = true;
        return;
    }
    Frame *frame = &builder->stack[builder->depth - 1];
    if (frame->node->kind == DOC_LIST) {
        DocNode *list = frame->node;
        list->items = mem_grow(list->items, (list->item_count + 1) * sizeof(DocNode *));
        list->items[list->item_count++] = node;
    } else if (frame->key != NULL) {
        put_pair(builder, frame->node, frame->key, node);
        frame->key = NULL;
    } else if (node->kind != DOC_TEXT) {
        builder_stop(builder, mark, "a key must be text");
    } else {
        frame->key = node;
    }
}

static void add_anchor(Builder *builder, const yaml_char_t *name, DocNode *node)
{
    if (name == NULL) {
        return;
    }
    builder->anchors = mem_grow(builder->anchors, (builder->anchor_count + 1) * sizeof(Anchor));
    builder->anchors[builder->anchor_count++] = (Anchor){mem_copy_text((const char *)name), node};
}

static void on_alias(Builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    for (size_t i = builder->anchor_count; i > 0; i--) {  // the last one of a name counts
        DocNode *node = builder->anchors[i - 1].node;
        if (strcmp(builder->anchors[i - 1].name, name) != 0) {
            continue;
        }
        if (node->open) {
            builder_stop(builder, &event->start_mark, "an alias inside what it stands for");
            return;
        }
        put_node(builder, node, &event->start_mark);
        return;
    }
    // The name is not shown: a password may begin with "*".
    builder_stop(builder, &event->start_mark,
                 "an alias without its anchor; put quotes around text that begins with \"*\"");
}

static bool is_core_tag(const yaml_char_t *tag)
{
    return tag == NULL || text_starts_with((const char *)tag, "tag:yaml.org,2002:");
}

static void on_tag(Builder *builder, const yaml_event_t *event, const yaml_char_t *tag)
{
    if (!is_core_tag(tag)) {
        builder_stop(builder, &event->start_mark,
                     "tags are not supported; put quotes around text that begins with \"!\"");
    }
}

static void on_scalar(Builder *builder, const yaml_event_t *event)
{
    DocNode *node = node_new(builder, DOC_TEXT, &event->start_mark);
    size_t len;
    node->text = unmask((const char *)event->data.scalar.value, event->data.scalar.length, &len);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (strlen(node->text) != len) {
        builder_stop(builder, &event->start_mark, "a text with a NUL character");
        return;
    }
    on_tag(builder, event, event->data.scalar.tag);
    add_anchor(builder, event->data.scalar.anchor, node);
    put_node(builder, node, &event->start_mark);
}

static void on_begin(Builder *builder, const yaml_event_t *event, DocKind kind,
                     const yaml_char_t *anchor)
{
    if (builder->depth == DOC_DEPTH_MAX) {
        builder_stop(builder, &event->start_mark, "nested too deeply");
        return;
    }
    DocNode *node = node_new(builder, kind, &event->start_mark);
    node->open = true;
    add_anchor(builder, anchor, node);
    put_node(builder, node, &event->start_mark);
    builder->stack[builder->depth++] = (Frame){.node = node};
}

static void on_event(Builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    case YAML_STREAM_END_EVENT:
        builder->ended = true;
        break;
    case YAML_ALIAS_EVENT:
        on_alias(builder, event);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(builder, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_tag(builder, event, event->data.sequence_start.tag);
        on_begin(builder, event, DOC_LIST, event->data.sequence_start.anchor);
        break;
    case YAML_MAPPING_START_EVENT:
        on_tag(builder, event, event->data.mapping_start.tag);
        on_begin(builder, event, DOC_MAPPING, event->data.mapping_start.anchor);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        builder->stack[--builder->depth].node->open = false;
        break;
    }
}

// What libyaml's scanner says, in words that help; its marks count from 0.
static void report_parser(const yaml_parser_t *parser, const char *text, size_t len,
                          Problems *problems)
{
    const char *problem = parser->problem == NULL ? "it cannot be read" : parser->problem;
    if (parser->error == YAML_READER_ERROR) {
        int line = 1;
        for (size_t i = 0; i < len && i < parser->problem_offset; i++) {
            line += text[i] == '\n';
        }
        problems_add(problems, line, 1, "not valid YAML: %s", problem);
        return;
    }
    const bool is_token = strstr(problem, "cannot start any token") != NULL;
    problems_add(
        problems, (int)parser->problem_mark.line + 1, (int)parser->problem_mark.column + 1,
        "not valid YAML: %s%s", problem,
        is_token ? "; indent with spaces, not tabs, and put quotes around text that begins with a "
                   "special character"
                 : "");
}

static void run_parser(Builder *builder, const Buf *masked)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        problems_add(builder->problems, 0, 0, "out of memory");
        return;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)buf_text(masked), masked->len);
    while (!builder->stopped && !builder->ended) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            report_parser(&parser, buf_text(masked), masked->len, builder->problems);
            break;
        }
        on_event(builder, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

bool doc_parse(const char *text, size_t len, Problems *problems, Doc *ret_doc)
{
    *ret_doc = (Doc){0};
    if (len > DOC_BYTES_MAX) {
        problems_add(problems, 0, 0, "longer than %zu bytes", DOC_BYTES_MAX);
        return false;
    }
    if (!text_is_utf8(text, len)) {
        size_t good = 0;
        int line = 1;
        for (const char *end = memchr(text, '\n', len);
             end != NULL && text_is_utf8(text + good, (size_t)(end + 1 - text) - good);
             end = memchr(text + good, '\n', len - good)) {
            good = (size_t)(end + 1 - text);
            line++;
        }
        problems_add(problems, line, 1, "not UTF-8 text");
        return false;
    }
    if (has_mask(text, len)) {
        problems_add(problems, 0, 0,
                     "holds a private character (U+10FB00 to U+10FB7F) that weir uses itself");
        return false;
    }
    CLEANUP(buf_done) Buf masked = {0};
    mask(text, len, &masked);
    Builder builder = {.doc = ret_doc, .problems = problems};
    run_parser(&builder, &masked);
    for (size_t i = 0; i < builder.anchor_count; i++) {
        free(builder.anchors[i].name);
    }
    free(builder.anchors);
    return builder.ended && !builder.stopped;
}

void doc_done(Doc *doc)
{
    for (size_t i = 0; i < doc->node_count; i++) {
        free(doc->nodes[i]->text);
        free(doc->nodes[i]->items);
        free(doc->nodes[i]->entries);
        free(doc->nodes[i]);
    }
    free(doc->nodes);
    *doc = (Doc){0};
}

const DocNode *doc_get(const DocNode *mapping, const char *key)
{
    if (mapping == NULL || mapping->kind != DOC_MAPPING) {
        return NULL;
    }
    const DocEntry *entry = find_entry(mapping, key);
    return entry == NULL ? NULL : entry->value;
}

bool doc_is_null(const DocNode *node)
{
    return node->kind == DOC_TEXT && node->plain
           && (node->text[0] == '\0' || strcmp(node->text, "~") == 0
               || text_equal_nocase(node->text, "null"));
}

const char *doc_kind_name(const DocNode *node)
{
    switch (node->kind) {
    case DOC_TEXT:
        return doc_is_null(node) ? "nothing" : "text";
    case DOC_LIST:
        return "a list";
    case DOC_MAPPING:
        return "a mapping";
    }
    return "";
}
