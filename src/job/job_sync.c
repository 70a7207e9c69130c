// The keys of a job of type sync, and what may stand together.
#include "base/base.h"

#include "job/job_internal.h"

#include "base/text.h"
#include "record/table_name.h"

static const char *const TYPE_WORDS[] = {"sync", NULL};
static const char *const ZERO_DATE_WORDS[] = {"null", "text", "error",
                                              NULL};  // in the order of ZeroDates
static const char *const NEW_COLUMN_WORDS[] = {"add", "ignore", "error",
                                               NULL};  // in the order of NewColumns
enum { RETRIES_MAX = 100 };

typedef struct SyncForm {
    int type;
    char *description;
    const DocNode *source, *target, *args, *schedule;
    int64_t dirty_limit, threads, retries;
    uint64_t memory;
    int zero_dates;
} SyncForm;

#define MEMBER(form, member) .name = #member, .offset = offsetof(form, member)

static const BindKey SYNC_KEYS[] = {
    {MEMBER(SyncForm, type), .kind = BIND_WORD, .words = TYPE_WORDS},
    {MEMBER(SyncForm, description), .kind = BIND_TEXT, .flags = BIND_RAW | BIND_EMPTY},
    {MEMBER(SyncForm, source), .kind = BIND_NODE, .flags = BIND_REQUIRED},
    {MEMBER(SyncForm, target), .kind = BIND_NODE, .flags = BIND_REQUIRED},
    {MEMBER(SyncForm, dirty_limit), .kind = BIND_LIMIT, .fallback = "0", .max = INT64_MAX},
    {MEMBER(SyncForm, zero_dates), .kind = BIND_WORD, .fallback = "null", .words = ZERO_DATE_WORDS},
    {MEMBER(SyncForm, threads), .kind = BIND_INT, .min = 1, .max = JOB_THREADS_MAX},
    {MEMBER(SyncForm, retries), .kind = BIND_INT, .fallback = "2", .max = RETRIES_MAX},
    {MEMBER(SyncForm, memory), .kind = BIND_BYTES, .min = (int64_t)16 << 20,
     .max = (int64_t)1 << 40},
    {MEMBER(SyncForm, args), .kind = BIND_NODE},
    {MEMBER(SyncForm, schedule), .kind = BIND_NODE},
};

typedef struct SourceForm {
    char *datasource, *query, *where, *incremental, *split;
    char **table, **tables, **columns;
} SourceForm;

static const BindKey SOURCE_KEYS[] = {
    {MEMBER(SourceForm, datasource), .kind = BIND_TEXT, .flags = BIND_REQUIRED},
    {MEMBER(SourceForm, table), .kind = BIND_TEXT_LIST},
    {MEMBER(SourceForm, tables), .kind = BIND_TEXT_LIST},
    {MEMBER(SourceForm, query), .kind = BIND_TEXT},
    {MEMBER(SourceForm, columns), .kind = BIND_TEXT_LIST},
    {MEMBER(SourceForm, where), .kind = BIND_TEXT},
    {MEMBER(SourceForm, incremental), .kind = BIND_TEXT},
    {MEMBER(SourceForm, split), .kind = BIND_TEXT},
};

typedef struct TargetForm {
    char *datasource, *table, *partition, *base, *order_by;
    char **key;
    int mode, new_columns;
    int64_t lifecycle, row_group_rows;
    uint64_t file_size;
} TargetForm;

static const BindKey TARGET_KEYS[] = {
    {MEMBER(TargetForm, datasource), .kind = BIND_TEXT},
    {MEMBER(TargetForm, table), .kind = BIND_TEXT, .flags = BIND_REQUIRED},
    {MEMBER(TargetForm, partition), .kind = BIND_TEXT},
    {MEMBER(TargetForm, mode), .kind = BIND_WORD, .fallback = "overwrite",
     .words = WRITE_MODE_NAMES},
    {MEMBER(TargetForm, key), .kind = BIND_TEXT_LIST},
    {MEMBER(TargetForm, base), .kind = BIND_TEXT},
    {MEMBER(TargetForm, order_by), .kind = BIND_TEXT},
    {MEMBER(TargetForm, lifecycle), .kind = BIND_INT, .fallback = "0", .max = LIFECYCLE_DAYS_MAX},
    {MEMBER(TargetForm, new_columns), .kind = BIND_WORD, .fallback = "add",
     .words = NEW_COLUMN_WORDS},
    {MEMBER(TargetForm, file_size), .kind = BIND_BYTES, .fallback = "512MiB", .min = 1 << 20,
     .max = (int64_t)1 << 40},
    {MEMBER(TargetForm, row_group_rows), .kind = BIND_INT, .fallback = "122880", .min = 2048,
     .max = 100000000},
};

static void problem_at(JobFile *file, const DocNode *mapping, const char *key, const char *text)
{
    const DocNode *node = doc_get(mapping, key);
    node = node == NULL ? mapping : node;
    problems_add(&file->problems, node->line, node->column, "%s", text);
}

const Datasource *job_find_datasource(JobFile *file, const DocNode *mapping, const char *name)
{
    if (name == NULL) {
        return NULL;
    }
    const Project *project = file->project;
    const Datasource *found = project_datasource(project, name);
    if (found != NULL) {
        return found;
    }
    const char **known = mem_alloc((project->datasource_count + 1) * sizeof(*known));
    CLEANUP(buf_done) Buf list = {0};
    for (size_t i = 0; i < project->datasource_count; i++) {
        known[i] = project->datasources[i]->name;
        buf_add_format(&list, "%s%s", i == 0 ? "" : ", ", known[i]);
    }
    const char *nearest = text_nearest(name, known);
    const DocNode *node = doc_get(mapping, "datasource");
    problems_add(&file->problems, node->line, node->column, "unknown datasource \"%.100s\"%s%s%s",
                 name, nearest == NULL ? "" : ", did you mean \"", nearest == NULL ? "" : nearest,
                 nearest == NULL ? "" : "\"?");
    problems_hint(&file->problems, "Datasources of weir.yaml: %s.", buf_text(&list));
    free(known);
    return NULL;
}

// What may be read together. One source of rows, and the parts of a SELECT only where weir writes
// it.
static void check_source(JobFile *file, const DocNode *mapping, const SourceForm *form,
                         const char *where)
{
    const bool has_table = doc_get(mapping, "table") != NULL;
    const bool has_tables = doc_get(mapping, "tables") != NULL;
    const bool has_query = doc_get(mapping, "query") != NULL;
    if (has_table && has_tables) {
        problem_at(file, mapping, "tables",
                   "\"table\" and \"tables\" cannot stand together; keep one of them");
    }
    if (has_query && (has_table || has_tables)) {
        problem_at(file, mapping, "query",
                   "\"query\" cannot stand together with a table; keep one of them");
    }
    bool is_misspelt = false;
    static const char *const NAMES[] = {"table", "tables", "query"};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        is_misspelt =
            is_misspelt || bind_is_misspelt(mapping, SOURCE_KEYS, ARRAY_LEN(SOURCE_KEYS), NAMES[i]);
    }
    if (!has_query && !has_table && !has_tables && !is_misspelt) {
        problems_add(&file->problems, mapping->line, mapping->column,
                     "\"table\", \"tables\" or \"query\" is missing in %s", where);
    }
    static const char *const PARTS[] = {"where", "columns", "incremental", "split"};
    for (size_t i = 0; has_query && i < ARRAY_LEN(PARTS); i++) {
        if (doc_get(mapping, PARTS[i]) != NULL) {
            CLEANUP(mem_free_text)
            char *text = mem_format(
                "\"%s\" cannot stand together with \"query\"; write it into the query", PARTS[i]);
            problem_at(file, mapping, PARTS[i], text);
        }
    }
    const Datasource *datasource = job_find_datasource(file, mapping, form->datasource);
    if (datasource != NULL && !text_equal(datasource->type, "mysql")) {
        CLEANUP(mem_free_text)
        char *text = mem_format("this version cannot read from \"%s\", a datasource of type %s",
                                datasource->name, datasource->type);
        problem_at(file, mapping, "datasource", text);
    }
}

static char **take_list(char ***list)
{
    char **taken = *list;
    *list = NULL;
    return taken;
}

static char *take_text(char **text)
{
    char *taken = *text;
    *text = NULL;
    return taken;
}

static void bind_source(JobFile *file, const DocNode *mapping, const char *where,
                        SourceSpec *source)
{
    const Binder binder = job_binder(file);
    SourceForm form = {0};
    bind_mapping(&binder, mapping, where, SOURCE_KEYS, ARRAY_LEN(SOURCE_KEYS), &form);
    if (mapping->kind == DOC_MAPPING) {
        check_source(file, mapping, &form, where);
    }
    source->datasource =
        form.datasource == NULL ? NULL : project_datasource(file->project, form.datasource);
    source->tables = take_list(form.tables != NULL ? &form.tables : &form.table);
    source->columns = take_list(&form.columns);
    source->where = take_text(&form.where);
    source->query = take_text(&form.query);
    source->incremental = take_text(&form.incremental);
    source->split = take_text(&form.split);
    bind_free(SOURCE_KEYS, ARRAY_LEN(SOURCE_KEYS), &form);
}

static void bind_sources(JobFile *file, const DocNode *node, Job *job)
{
    if (node->kind != DOC_LIST) {
        job->sources = mem_alloc(sizeof(*job->sources));
        job->source_count = 1;
        bind_source(file, node, "\"source\"", &job->sources[0]);
        return;
    }
    if (node->item_count == 0) {
        problems_add(&file->problems, node->line, node->column, "\"source\" is an empty list");
        return;
    }
    job->sources = mem_alloc(node->item_count * sizeof(*job->sources));
    job->source_count = node->item_count;
    for (size_t i = 0; i < node->item_count; i++) {
        CLEANUP(mem_free_text) char *where = mem_format("item %zu of \"source\"", i + 1);
        bind_source(file, node->items[i], where, &job->sources[i]);
    }
}

static void check_target(JobFile *file, const DocNode *mapping, const TargetForm *form,
                         TargetSpec *target)
{
    target->datasource = form->datasource == NULL && doc_get(mapping, "datasource") == NULL
                             ? project_datasource(file->project, "lake")
                             : job_find_datasource(file, mapping, form->datasource);
    if (target->datasource != NULL && !text_equal(target->datasource->type, "lake")) {
        CLEANUP(mem_free_text)
        char *text = mem_format(
            "this version cannot write to \"%s\", a datasource of type %s; a target is a lake",
            target->datasource->name, target->datasource->type);
        problem_at(file, mapping, "datasource", text);
    }
    const char *mistake = form->table == NULL ? NULL : table_name_mistake(form->table);
    if (mistake != NULL) {
        CLEANUP(mem_free_text) char *text = mem_format("\"table\" of a target %s", mistake);
        problem_at(file, mapping, "table", text);
    }
    Err err = {0};
    if (form->partition != NULL
        && !partition_parse(form->partition, &target->partition, &target->partition_count, &err)) {
        const DocNode *node = doc_get(mapping, "partition");
        problems_add_err(&file->problems, node->line, node->column, &err);
    }
    partition_note_parameters(target->partition, target->partition_count, &file->params);
}

// The partition's text as it is for the business date before, which is no mistake twice.
static bool base_of_the_day_before(const JobFile *file, const DocNode *partition,
                                   TargetSpec *target, Err *err)
{
    ParamSet params = {0};
    if (!job_file_params_before(file, &params, err)) {
        return false;
    }
    CLEANUP(buf_done) Buf text = {.limit = DOC_BYTES_MAX};
    const bool done = param_expand(&params, partition->text, &text, err)
                      && job_set_base(target, buf_text(&text), err);
    param_set_done(&params);
    return done;
}

static void check_merge(JobFile *file, const DocNode *mapping, const TargetForm *form,
                        TargetSpec *target)
{
    static const char *const KEYS[] = {"key", "base", "order_by"};
    for (size_t i = 0; form->mode != WRITE_MERGE && i < ARRAY_LEN(KEYS); i++) {
        if (doc_get(mapping, KEYS[i]) != NULL) {
            CLEANUP(mem_free_text)
            char *text = mem_format("\"%s\" has a meaning with \"mode: merge\" only", KEYS[i]);
            problem_at(file, mapping, KEYS[i], text);
        }
    }
    if (form->mode != WRITE_MERGE) {
        return;
    }
    const DocNode *partition = doc_get(mapping, "partition");
    const DocNode *base = doc_get(mapping, "base");
    if (target->partition == NULL) {
        if (base != NULL && partition == NULL) {
            problem_at(file, mapping, "base",
                       "\"base\" is a partition, and the job's table has none; the table itself is "
                       "the base");
        }
        return;  // a mistake in it was reported
    }
    Err err = {0};
    if (!job_check_merge(target, &err)) {
        problems_add_err(&file->problems, partition->line, partition->column, &err);
    } else if (base != NULL && form->base != NULL && !job_set_base(target, form->base, &err)) {
        problems_add_err(&file->problems, base->line, base->column, &err);
    } else if (base == NULL && !base_of_the_day_before(file, partition, target, &err)) {
        problems_add_err(&file->problems, partition->line, partition->column, &err);
    }
}

static void bind_target(JobFile *file, const DocNode *mapping, TargetSpec *target)
{
    const Binder binder = job_binder(file);
    TargetForm form = {0};
    bind_mapping(&binder, mapping, "\"target\"", TARGET_KEYS, ARRAY_LEN(TARGET_KEYS), &form);
    if (mapping->kind == DOC_MAPPING) {
        check_target(file, mapping, &form, target);
        check_merge(file, mapping, &form, target);
    }
    target->table = take_text(&form.table);
    target->mode = (WriteMode)form.mode;
    target->key = take_list(&form.key);
    target->order_by = take_text(&form.order_by);
    target->lifecycle_days = (int)form.lifecycle;
    target->new_columns = (NewColumns)form.new_columns;
    target->file_bytes = form.file_size;
    target->row_group_rows = form.row_group_rows;
    bind_free(TARGET_KEYS, ARRAY_LEN(TARGET_KEYS), &form);
}

void job_bind_sync(JobFile *file, Job *job)
{
    const Binder binder = job_binder(file);
    SyncForm form = {.threads = file->project->threads, .memory = file->project->memory_bytes};
    bind_mapping(&binder, file->doc.root, NULL, SYNC_KEYS, ARRAY_LEN(SYNC_KEYS), &form);
    if (form.source != NULL) {
        bind_sources(file, form.source, job);
    }
    if (form.target != NULL) {
        bind_target(file, form.target, &job->target);
    }
    job->dirty_limit = form.dirty_limit;
    job->zero_dates = (ZeroDates)form.zero_dates;
    job->threads = (int)form.threads;
    job->retries = (int)form.retries;
    job->memory_bytes = form.memory;
    bind_free(SYNC_KEYS, ARRAY_LEN(SYNC_KEYS), &form);
}
