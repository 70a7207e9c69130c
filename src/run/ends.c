// Which source and which sink follows from the types of the job's datasources.
#include "run/ends.h"

static bool ends_connect(const Job *job, Counters *counters, Cancel *cancel, Ends *ret_ends,
                         Err *err)
{
    Ends *ends = ret_ends;
    *ends = (Ends){0};
    const SourceOps *source_type = source_ops(job->sources[0].datasource->type);
    const SinkOps *sink_type = sink_ops(job->target.datasource->type);
    if (source_type == NULL || sink_type == NULL) {
        return fail(err, FAIL_CONFIG, "a sync job cannot go from \"%s\" to \"%s\" in this version",
                    job->sources[0].datasource->type, job->target.datasource->type);
    }
    ends->stop = cancel_child(cancel);
    if (!source_type->open(job, counters, ends->stop, &ends->source, err)) {
        return false;
    }
    size_t key_count = 0;
    const size_t *key = source_type->key(ends->source, &key_count);
    return sink_type->open(job, source_type->schema(ends->source), key, key_count, &ends->sink,
                           err);
}

bool ends_open(const Job *job, Counters *counters, Cancel *cancel, Ends *ret_ends, Err *err)
{
    return ends_connect(job, counters, cancel, ret_ends, err)
           && ret_ends->source->ops->plan(ret_ends->source, job->threads, err);
}

bool ends_open_slice(const Job *job, const char *slice, Counters *counters, Cancel *cancel,
                     Ends *ret_ends, Err *err)
{
    return ends_connect(job, counters, cancel, ret_ends, err)
           && (slice == NULL || ret_ends->source->ops->take_slice(ret_ends->source, slice, err));
}

void ends_done(Ends *ends)
{
    if (ends->sink != NULL) {
        ends->sink->ops->close(ends->sink);
    }
    if (ends->source != NULL) {
        ends->source->ops->close(ends->source);
    }
    cancel_free(ends->stop);
    *ends = (Ends){0};
}
