// The plan of columns says what drifted; here it is only named.
#include "base/base.h"

#include "run/drift.h"

// At most so many columns are named in one warning.
#define DRIFT_NAMES_MAX 20

static bool column_has_drifted(const ColumnPlan *column, Drift drift)
{
    return drift == DRIFT_LOST ? column->source_field == SIZE_MAX && column->partition == NULL
                               : column->is_new;
}

char *drift_columns(const Sink *sink, Drift drift)
{
    size_t column_count = 0;
    const ColumnPlan *columns = sink->ops->columns(sink, &column_count);
    CLEANUP(buf_done) Buf names = {0};
    size_t count = 0;
    for (size_t i = 0; i < column_count; i++) {
        if (!column_has_drifted(&columns[i], drift)) {
            continue;
        }
        if (count++ < DRIFT_NAMES_MAX) {
            buf_add_format(&names, "%s\"%s\"", count > 1 ? ", " : "", columns[i].name);
        }
    }
    if (count > DRIFT_NAMES_MAX) {
        buf_add_format(&names, " and %zu more", count - DRIFT_NAMES_MAX);
    }
    return count == 0 ? NULL
                      : mem_format("column%s %s %s", count == 1 ? "" : "s", buf_text(&names),
                                   count == 1 ? "is" : "are");
}
