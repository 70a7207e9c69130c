// Comparing types and naming them for people and reports.
#include "base/base.h"

#include "record/type.h"

bool type_equal(Type a, Type b)
{
    if (a.kind != b.kind) {
        return false;
    }
    return a.kind != TYPE_DECIMAL || (a.precision == b.precision && a.scale == b.scale);
}

void type_describe(Type type, Buf *out)
{
    static const char *const NAMES[TYPE_KIND_COUNT] = {
        [TYPE_BOOL] = "bool",       [TYPE_INT8] = "int8",         [TYPE_INT16] = "int16",
        [TYPE_INT32] = "int32",     [TYPE_INT64] = "int64",       [TYPE_UINT64] = "uint64",
        [TYPE_FLOAT32] = "float32", [TYPE_FLOAT64] = "float64",   [TYPE_DECIMAL] = "decimal",
        [TYPE_DATE] = "date",       [TYPE_DATETIME] = "datetime", [TYPE_INSTANT] = "instant",
        [TYPE_TEXT] = "text",       [TYPE_BYTES] = "bytes",
    };
    assert(type.kind < TYPE_KIND_COUNT);
    buf_add_text(out, NAMES[type.kind]);
    if (type.kind == TYPE_DECIMAL) {
        buf_add_format(out, "(%d,%d)", type.precision, type.scale);
    }
}
