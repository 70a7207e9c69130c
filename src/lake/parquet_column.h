// A column of a full row group -> its pages: judged, encoded and compressed in one go.
//
// Physical types and encodings: README.md and Encodings.md of github.com/apache/parquet-format.
// Thread: the one that fills the row group.
#pragma once

#include "base/buf.h"
#include "lake/parquet_bounds.h"
#include "lake/parquet_rows.h"

// Where the pages of a column chunk lie in the row group's bytes, and what its metadata must say.
typedef struct ParquetChunk {
    size_t offset;       // of the first page
    size_t data_offset;  // of the data page
    bool has_dictionary;
    ParquetEncoding encoding;
    int64_t uncompressed_size;
    int64_t compressed_size;  // both with the page headers
    ParquetBounds bounds;
} ParquetChunk;

typedef struct ParquetEncoder ParquetEncoder;  // what the columns of one thread share

// Between two columns it holds no more than `keep_bytes` of page.
ParquetEncoder *parquet_encoder_new(size_t keep_bytes) MUST_CHECK;
void parquet_encoder_free(ParquetEncoder *encoder);
// Appends the pages of a column of a row group with `rows`, at least one, to `out`.
bool parquet_column_encode(const ParquetColumn *column, size_t rows, ParquetEncoder *encoder,
                           Buf *out, ParquetChunk *ret_chunk, Err *err) MUST_CHECK;
