// The plan is shown from the same source and sink that a run uses: what stands here is what will
// happen.
#include "run/plan.h"

#include "base/emit.h"
#include "base/text.h"
#include "run/ends.h"
#include "run/sql_job.h"

typedef struct Plan {
    const Job *job;
    Counters counters;
    Ends ends;
    const Schema *schema;
    const ColumnPlan *columns;
    size_t column_count;
    const SliceInfo *slices;
    size_t slice_count;
    const PlanNote *notes[2];  // of the source and of the sink
    size_t note_counts[2];
} Plan;

#define PLAN_SLICES_SHOWN 40

static void plan_done(Plan *plan)
{
    ends_done(&plan->ends);
}

static bool plan_make(const Job *job, Cancel *cancel, Plan *plan, Err *err)
{
    plan->job = job;
    if (!ends_open(job, &plan->counters, cancel, &plan->ends, err)) {
        return false;
    }
    Source *source = plan->ends.source;
    Sink *sink = plan->ends.sink;
    plan->schema = source->ops->schema(source);
    plan->columns = sink->ops->columns(sink, &plan->column_count);
    plan->slices = source->ops->slices(source, &plan->slice_count);
    plan->notes[0] = source->ops->notes(source, &plan->note_counts[0]);
    plan->notes[1] = sink->ops->notes(sink, &plan->note_counts[1]);
    return true;
}

static void plan_pad(Buf *out, const char *text, size_t width)
{
    buf_add_text(out, text);
    for (size_t len = text_width(text); len < width; len++) {
        buf_add_char(out, ' ');
    }
    buf_add_text(out, "  ");
}

// The texts of one line of the column table.
typedef struct PlanLine {
    const char *source_name, *source_type, *target_type, *target_name;
    Buf value_type;
    Buf note;
} PlanLine;

static void plan_line_done(PlanLine *line)
{
    buf_done(&line->value_type);
    buf_done(&line->note);
}

static PlanLine plan_line(const Plan *plan, const ColumnPlan *column)
{
    PlanLine line = {.source_name = "-",
                     .source_type = "",
                     .target_name = column->name,
                     .target_type = column->target_type};
    if (column->partition != NULL) {
        buf_add_format(&line.note, "  (partition %s)", column->partition);
    } else if (column->source_field == SIZE_MAX) {
        buf_add_text(&line.note, "  (not in the source: NULL)");
    } else if (column->is_new) {
        buf_add_text(&line.note, "  (new)");
    }
    if (column->target_type == NULL) {
        line.target_name = "-";
        line.target_type = "";
        buf_add_text(&line.note, "  (not in the table: not stored)");
    }
    if (column->source_field != SIZE_MAX) {
        const Field *field = &plan->schema->fields[column->source_field];
        line.source_name = field->name;
        line.source_type = field->source_type == NULL ? "" : field->source_type;
        type_describe(field->type, &line.value_type);
    }
    return line;
}

static void plan_add_columns(const Plan *plan, Buf *out)
{
    size_t widths[4] = {strlen("source column"), strlen("source type"), strlen("read as"),
                        strlen("target type")};
    for (size_t pass = 0; pass < 2; pass++) {
        if (pass == 1) {
            buf_add_text(out, "  ");
            plan_pad(out, "source column", widths[0]);
            plan_pad(out, "source type", widths[1]);
            plan_pad(out, "read as", widths[2]);
            plan_pad(out, "target type", widths[3]);
            buf_add_text(out, "target column\n");
        }
        for (size_t i = 0; i < plan->column_count; i++) {
            PlanLine line = plan_line(plan, &plan->columns[i]);
            const char *cells[] = {line.source_name, line.source_type, buf_text(&line.value_type),
                                   line.target_type};
            if (pass == 1) {
                buf_add_text(out, "  ");
            }
            for (size_t c = 0; c < ARRAY_LEN(cells); c++) {
                if (pass == 1) {
                    plan_pad(out, cells[c], widths[c]);
                } else if (text_width(cells[c]) > widths[c]) {
                    widths[c] = text_width(cells[c]);
                }
            }
            if (pass == 1) {
                buf_add_format(out, "%s%s\n", line.target_name, buf_text(&line.note));
            }
            plan_line_done(&line);
        }
    }
}

// A condition on one line: the source keeps the line ends of what the user wrote.
static void plan_add_condition(const char *condition, Buf *out)
{
    buf_add_text(out, condition[0] == '\0' ? "" : " where ");
    for (const char *at = condition; *at != '\0'; at++) {
        if (*at != '\n') {
            buf_add_char(out, *at);
        } else if (at[1] != ')') {
            buf_add_char(out, ' ');
        }
    }
}

// Where several readers cannot be proved to see one point in time there is one; so "at most".
static size_t plan_readers(const Plan *plan)
{
    const size_t threads = (size_t)plan->job->threads;
    return plan->slice_count < threads ? plan->slice_count : threads;
}

static void plan_add_slices(const Plan *plan, Buf *out)
{
    const size_t readers = plan_readers(plan);
    buf_add_format(out, "  %zu slice%s, %s%zu reader%s%s\n", plan->slice_count,
                   plan->slice_count == 1 ? "" : "s", readers > 1 ? "at most " : "", readers,
                   readers == 1 ? "" : "s", plan->slice_count > 1 ? ", largest first" : "");
    for (size_t i = 0; i < plan->slice_count && i < PLAN_SLICES_SHOWN; i++) {
        const SliceInfo *slice = &plan->slices[i];
        char space[TEXT_NUMBER_SIZE];
        buf_add_format(out, "  %4zu  %s", i + 1, slice->table);
        plan_add_condition(slice->condition, out);
        if (slice->rows > 0) {
            buf_add_format(out, "  (%sabout %s row%s)", slice->is_at_most ? "at most " : "",
                           text_count(slice->rows, space), slice->rows == 1 ? "" : "s");
        }
        buf_add_char(out, '\n');
    }
    if (plan->slice_count > PLAN_SLICES_SHOWN) {
        buf_add_format(out, "        ... and %zu more\n", plan->slice_count - PLAN_SLICES_SHOWN);
    }
}

static void plan_add_notes(const Plan *plan, Buf *out)
{
    for (size_t end = 0; end < ARRAY_LEN(plan->notes); end++) {
        for (size_t i = 0; i < plan->note_counts[end]; i++) {
            const PlanNote *note = &plan->notes[end][i];
            buf_add_format(out, "  %-8s  %s\n", note->is_warning ? "warning" : "note", note->text);
        }
    }
}

static void plan_add_text(const Plan *plan, Buf *out)
{
    const Job *job = plan->job;
    buf_add_format(out, "job %s, business date %s: %s, target %s\n", job->name, job->bizdate,
                   WRITE_MODE_NAMES[job->target.mode], job->target.table);
    plan_add_columns(plan, out);
    plan_add_slices(plan, out);
    plan_add_notes(plan, out);
}

static void plan_json_notes(const Plan *plan, bool is_warning, JsonWriter *json)
{
    emit_key(json, is_warning ? "warnings" : "notes");
    emit_begin_array(json);
    for (size_t end = 0; end < ARRAY_LEN(plan->notes); end++) {
        for (size_t i = 0; i < plan->note_counts[end]; i++) {
            if (plan->notes[end][i].is_warning == is_warning) {
                emit_text(json, plan->notes[end][i].text);
            }
        }
    }
    emit_end_array(json);
}

static void plan_add_json(const Plan *plan, Buf *out)
{
    JsonWriter json = emit_writer(out);
    emit_begin_object(&json);
    emit_member_text(&json, "job", plan->job->name);
    emit_member_text(&json, "bizdate", plan->job->bizdate);
    emit_member_text(&json, "target", plan->job->target.table);
    emit_member_text(&json, "mode", WRITE_MODE_NAMES[plan->job->target.mode]);
    emit_key(&json, "columns");
    emit_begin_array(&json);
    for (size_t i = 0; i < plan->column_count; i++) {
        PlanLine line = plan_line(plan, &plan->columns[i]);
        bool has_source = plan->columns[i].source_field != SIZE_MAX;
        emit_begin_object(&json);
        emit_member_text(&json, "source", has_source ? line.source_name : NULL);
        emit_member_text(&json, "source_type", has_source ? line.source_type : NULL);
        emit_member_text(&json, "type", has_source ? buf_text(&line.value_type) : NULL);
        bool is_stored = plan->columns[i].target_type != NULL;
        emit_member_text(&json, "target", is_stored ? line.target_name : NULL);
        emit_member_text(&json, "target_type", plan->columns[i].target_type);
        emit_member_text(&json, "partition", plan->columns[i].partition);
        emit_member_bool(&json, "new", plan->columns[i].is_new);
        emit_end_object(&json);
        plan_line_done(&line);
    }
    emit_end_array(&json);
    emit_key(&json, "slices");
    emit_begin_array(&json);
    for (size_t i = 0; i < plan->slice_count; i++) {
        emit_begin_object(&json);
        emit_member_text(&json, "table", plan->slices[i].table);
        emit_member_text(&json, "condition", plan->slices[i].condition);
        emit_key(&json, "rows");
        emit_uint(&json, plan->slices[i].rows);
        emit_member_bool(&json, "at_most", plan->slices[i].is_at_most);
        emit_end_object(&json);
    }
    emit_end_array(&json);
    emit_member_int(&json, "readers", (int64_t)plan_readers(plan));
    plan_json_notes(plan, /* is_warning= */ true, &json);
    plan_json_notes(plan, /* is_warning= */ false, &json);
    emit_end_object(&json);
    buf_add_char(out, '\n');
}

bool plan_summarize(const Job *job, Cancel *cancel, PlanSummary *ret_summary, Err *err)
{
    if (job->type == JOB_SQL) {
        *ret_summary = (PlanSummary){0};
        return sql_job_count(job, &ret_summary->statements, err);
    }
    CLEANUP(plan_done) Plan plan = {0};
    if (!plan_make(job, cancel, &plan, err)) {
        return false;
    }
    *ret_summary = (PlanSummary){.slices = plan.slice_count};
    for (size_t i = 0; i < plan.column_count; i++) {
        ret_summary->columns += plan.columns[i].target_type != NULL;
    }
    return true;
}

bool plan_describe(const Job *job, Cancel *cancel, bool json, Buf *out, Err *err)
{
    if (job->type == JOB_SQL) {
        return sql_job_describe(job, json, out, err);
    }
    CLEANUP(plan_done) Plan plan = {0};
    if (!plan_make(job, cancel, &plan, err)) {
        return false;
    }
    if (json) {
        plan_add_json(&plan, out);
    } else {
        plan_add_text(&plan, out);
    }
    return true;
}
