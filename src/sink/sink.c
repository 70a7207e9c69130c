// The table of sinks.
#include "base/base.h"

#include "sink/sink.h"

#include "base/text.h"
#include "sink/lake/lake.h"

static const SinkOps *const sinks[] = {
    &sink_lake,
};

const SinkOps *sink_ops(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(sinks); i++) {
        if (text_equal(sinks[i]->name, type)) {
            return sinks[i];
        }
    }
    return NULL;
}

void sink_result_done(SinkResult *result)
{
    free(result->location);
    free(result->partition);
    free(result->base);
    *result = (SinkResult){0};
}
