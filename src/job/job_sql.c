// Jobs of type sql: a script of statements with parameters, and the lake that they are about. What
// the statements are is read where they are run.
#include "base/base.h"

#include "job/job_internal.h"

#include "base/machine.h"
#include "base/text.h"

#define MEMBER(form, member) .name = #member, .offset = offsetof(form, member)

static const char *const SQL_WORDS[] = {"sql", NULL};
static const char *const ENGINE_WORDS[] = {"duckdb", "maxcompute", "spark", NULL};

typedef struct SqlForm {
    int type, engine;
    char *description, *sql, *datasource;
    int64_t retries, threads;
    uint64_t memory;
    const DocNode *args, *schedule;
} SqlForm;

static const BindKey SQL_KEYS[] = {
    {MEMBER(SqlForm, type), .kind = BIND_WORD, .words = SQL_WORDS},
    {MEMBER(SqlForm, description), .kind = BIND_TEXT, .flags = BIND_RAW | BIND_EMPTY},
    {MEMBER(SqlForm, engine), .kind = BIND_WORD, .fallback = "duckdb", .words = ENGINE_WORDS},
    {MEMBER(SqlForm, datasource), .kind = BIND_TEXT},
    {MEMBER(SqlForm, sql), .kind = BIND_TEXT, .flags = BIND_REQUIRED},
    {MEMBER(SqlForm, retries), .kind = BIND_INT, .fallback = "0", .max = 100},
    {MEMBER(SqlForm, threads), .kind = BIND_INT, .min = 1, .max = 64},
    {MEMBER(SqlForm, memory), .kind = BIND_BYTES, .min = (int64_t)16 << 20,
     .max = (int64_t)1 << 40},
    {MEMBER(SqlForm, args), .kind = BIND_NODE},
    {MEMBER(SqlForm, schedule), .kind = BIND_NODE},
};

void job_bind_sql(JobFile *file, Job *job)
{
    const Binder binder = job_binder(file);
    const DocNode *root = file->doc.root;
    // Joins and sorts want memory, and what they do not get they set aside on disk.
    SqlForm form = {.threads = (int64_t)machine_processors(), .memory = machine_memory() / 2};
    bind_mapping(&binder, root, NULL, SQL_KEYS, ARRAY_LEN(SQL_KEYS), &form);
    const Datasource *lake = form.datasource == NULL
                                 ? project_datasource(file->project, "lake")
                                 : job_find_datasource(file, root, form.datasource);
    const DocNode *datasource = doc_get(root, "datasource");
    if (lake != NULL && !text_equal(lake->type, "lake")) {
        problems_add(&file->problems, datasource->line, datasource->column,
                     "the datasource of a sql job is a lake; \"%s\" is of type %s", lake->name,
                     lake->type);
    }
    const DocNode *engine = doc_get(root, "engine");
    if (form.engine != 0 && engine != NULL) {
        problems_add(&file->problems, engine->line, engine->column,
                     "this version runs statements with the engine duckdb only, not %s",
                     ENGINE_WORDS[form.engine]);
    }
    job->target.datasource = lake;
    job->sql = mem_copy_text(form.sql);
    job->threads = (int)form.threads;
    job->memory_bytes = form.memory;
    job->retries = (int)form.retries;
    bind_free(SQL_KEYS, ARRAY_LEN(SQL_KEYS), &form);
}
