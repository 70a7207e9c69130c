// Jobs of type stream: their files are checked now, so that a project can hold them; running them
// comes with a later version, which extends these tables.
#include "base/base.h"

#include "job/job_internal.h"

#include "base/text.h"

#define MEMBER(form, member) .name = #member, .offset = offsetof(form, member)

static const char *const STREAM_WORDS[] = {"stream", NULL};
static const char *const FORMAT_WORDS[] = {"columns", "dataworks", "canal", "debezium", NULL};

typedef struct StreamForm {
    int type;
    char *description;
    const DocNode *source, *target, *args, *schedule;
} StreamForm;

static const BindKey STREAM_KEYS[] = {
    {MEMBER(StreamForm, type), .kind = BIND_WORD, .words = STREAM_WORDS},
    {MEMBER(StreamForm, description), .kind = BIND_TEXT, .flags = BIND_RAW | BIND_EMPTY},
    {MEMBER(StreamForm, source), .kind = BIND_NODE, .flags = BIND_REQUIRED},
    {MEMBER(StreamForm, target), .kind = BIND_NODE, .flags = BIND_REQUIRED},
    {MEMBER(StreamForm, args), .kind = BIND_NODE},
    {MEMBER(StreamForm, schedule), .kind = BIND_NODE},
};

typedef struct StreamSourceForm {
    char *datasource, *start;
    char **table, **tables;
} StreamSourceForm;

static const BindKey STREAM_SOURCE_KEYS[] = {
    {MEMBER(StreamSourceForm, datasource), .kind = BIND_TEXT, .flags = BIND_REQUIRED},
    {MEMBER(StreamSourceForm, table), .kind = BIND_TEXT_LIST},
    {MEMBER(StreamSourceForm, tables), .kind = BIND_TEXT_LIST},
    {MEMBER(StreamSourceForm, start), .kind = BIND_TEXT},
};

typedef struct StreamTargetForm {
    char *datasource, *topic, *table;
    int format;
} StreamTargetForm;

static const BindKey STREAM_TARGET_KEYS[] = {
    {MEMBER(StreamTargetForm, datasource), .kind = BIND_TEXT},
    // ${database} and ${table} there are the change's own, not parameters.
    {MEMBER(StreamTargetForm, topic), .kind = BIND_TEXT, .flags = BIND_RAW},
    {MEMBER(StreamTargetForm, table), .kind = BIND_TEXT, .flags = BIND_RAW},
    {MEMBER(StreamTargetForm, format), .kind = BIND_WORD, .fallback = "columns",
     .words = FORMAT_WORDS},
};

static void bind_stream_source(JobFile *file, const DocNode *node)
{
    const Binder binder = job_binder(file);
    StreamSourceForm form = {0};
    bind_mapping(&binder, node, "\"source\"", STREAM_SOURCE_KEYS, ARRAY_LEN(STREAM_SOURCE_KEYS),
                 &form);
    (void)job_find_datasource(file, node, form.datasource);
    if (node->kind == DOC_MAPPING
        && (doc_get(node, "table") == NULL) == (doc_get(node, "tables") == NULL)) {
        problems_add(&file->problems, node->line, node->column, "%s",
                     doc_get(node, "table") == NULL
                         ? "\"tables\" is missing in \"source\""
                         : "\"table\" and \"tables\" cannot stand together; keep one of them");
    }
    bind_free(STREAM_SOURCE_KEYS, ARRAY_LEN(STREAM_SOURCE_KEYS), &form);
}

static void bind_stream_target(JobFile *file, const DocNode *node)
{
    const Binder binder = job_binder(file);
    StreamTargetForm form = {0};
    bind_mapping(&binder, node, "\"target\"", STREAM_TARGET_KEYS, ARRAY_LEN(STREAM_TARGET_KEYS),
                 &form);
    (void)job_find_datasource(file, node, form.datasource);
    if (node->kind == DOC_MAPPING
        && (doc_get(node, "topic") == NULL) == (doc_get(node, "table") == NULL)) {
        problems_add(&file->problems, node->line, node->column,
                     "\"target\" needs a \"topic\" (of Kafka) or a \"table\" (of a lake)");
    }
    bind_free(STREAM_TARGET_KEYS, ARRAY_LEN(STREAM_TARGET_KEYS), &form);
}

void job_bind_stream(JobFile *file)
{
    const Binder binder = job_binder(file);
    StreamForm form = {0};
    bind_mapping(&binder, file->doc.root, NULL, STREAM_KEYS, ARRAY_LEN(STREAM_KEYS), &form);
    if (form.source != NULL) {
        bind_stream_source(file, form.source);
    }
    if (form.target != NULL) {
        bind_stream_target(file, form.target);
    }
    bind_free(STREAM_KEYS, ARRAY_LEN(STREAM_KEYS), &form);
}
