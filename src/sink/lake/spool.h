// Rows set aside on disk by partition, and read back one partition at a time.
//
// A SpoolWriter belongs to one thread and holds at most `memory_bytes` of rows (and one row more).
// Files are <folder>/<writer>-<partition>; they are neither synced nor meant to outlive the run.
#pragma once

#include "record/schema.h"

typedef struct SpoolWriter SpoolWriter;
typedef struct SpoolReader SpoolReader;

SpoolWriter *spool_writer_new(const Schema *schema, const char *folder, size_t writer,
                              size_t memory_bytes) MUST_CHECK;
void spool_writer_free(SpoolWriter *writer);
bool spool_add(SpoolWriter *writer, size_t partition, const Value *row, Err *err)
    MUST_CHECK;  // FAIL_TARGET
bool spool_flush(SpoolWriter *writer, Err *err) MUST_CHECK;

// Reads what writers 0..writer_count-1 set aside for a partition; removes each file that has been
// read.
SpoolReader *spool_reader_new(const Schema *schema, const char *folder, size_t writer_count,
                              size_t partition) MUST_CHECK;
void spool_reader_free(SpoolReader *reader);
bool spool_next(void *reader, const Value **ret_row, Err *err) MUST_CHECK;  // a ParquetNext
