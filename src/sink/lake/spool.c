// Rows as bytes: a length, then for each cell its state and, where it has a value, 8 bytes, 16
// bytes, or a length and the text. Only this process reads what it writes, so nothing is portable
// or checked beyond what a torn file would show.
//
// A writer keeps a buffer for every partition and writes all of them out when they have grown to
// its share of memory together: with ten thousand partitions that is one open and one write for
// each, seldom.
#include "base/base.h"

#include "sink/lake/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"

#define SPOOL_READ_BYTES ((size_t)256 << 10)
#define SPOOL_HINT                                                                                  \
    "Rows of dynamic partitions are set aside on the table's disk first, uncompressed: free space " \
    "there and run again; nothing was published."

struct SpoolWriter {
    const Schema *schema;
    char *folder;
    size_t writer;
    size_t memory_bytes;
    Buf *buffers;  // by partition
    size_t buffer_count;
    size_t held_bytes;
};

struct SpoolReader {
    const Schema *schema;
    char *folder;
    size_t writer_count;
    size_t partition;
    size_t next_writer;
    FILE *file;
    char *space;  // of stdio
    char *record;
    size_t record_capacity;
    Value *row;
};

static char *spool_path(const char *folder, size_t writer, size_t partition)
{
    return mem_format("%s/%zu-%zu", folder, writer, partition);
}

static bool spool_fail(const char *what, const char *path, Err *err)
{
    const int code = errno;
    (void)fail(err, FAIL_TARGET, "could not %s the temporary file \"%s\": %s", what, path,
               strerror(code));
    if (code == ENOSPC) {
        (void)fail_hint(err, SPOOL_HINT);
    }
    return false;
}

static bool kind_is_bytes(TypeKind kind)
{
    return kind == TYPE_TEXT || kind == TYPE_BYTES;
}

// --- writing --------------------------------------------------------------------------------------------

SpoolWriter *spool_writer_new(const Schema *schema, const char *folder, size_t writer,
                              size_t memory_bytes)
{
    SpoolWriter *spool = mem_alloc(sizeof(*spool));
    *spool = (SpoolWriter){.schema = schema,
                           .folder = mem_copy_text(folder),
                           .writer = writer,
                           .memory_bytes = memory_bytes};
    return spool;
}

void spool_writer_free(SpoolWriter *writer)
{
    if (writer == NULL) {
        return;
    }
    for (size_t i = 0; i < writer->buffer_count; i++) {
        buf_done(&writer->buffers[i]);
    }
    free(writer->buffers);
    free(writer->folder);
    free(writer);
}

static bool spool_write(int fd, const char *path, const Buf *buffer, Err *err)
{
    if (fs_write(fd, path, buffer->data, buffer->len, err)) {
        return true;
    }
    // A hint on writing is of a full disk.
    return err->hint[0] == '\0' ? false : fail_hint(err, SPOOL_HINT);
}

bool spool_flush(SpoolWriter *writer, Err *err)
{
    for (size_t i = 0; i < writer->buffer_count; i++) {
        Buf *buffer = &writer->buffers[i];
        if (buffer->len == 0) {
            continue;
        }
        CLEANUP(mem_free_text) char *path = spool_path(writer->folder, writer->writer, i);
        const int fd = open(path, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0666);
        if (fd < 0) {
            return spool_fail("open", path, err);
        }
        const bool written = spool_write(fd, path, buffer, err);
        (void)close(fd);
        if (!written) {
            return false;
        }
        buf_done(buffer);
    }
    writer->held_bytes = 0;
    return true;
}

static void spool_add_cell(Buf *out, const Value *value, TypeKind kind)
{
    buf_add_char(out, (char)value->state);
    if (value->state != VALUE_SET) {
        return;
    }
    if (kind_is_bytes(kind)) {
        buf_add_bytes(out, &value->len, sizeof(value->len));
        buf_add_bytes(out, value->bytes, value->len);
    } else if (kind == TYPE_DECIMAL) {
        buf_add_bytes(out, &value->i128, sizeof(value->i128));
    } else {
        buf_add_bytes(out, &value->u64, sizeof(value->u64));
    }
}

bool spool_add(SpoolWriter *writer, size_t partition, const Value *row, Err *err)
{
    if (partition >= writer->buffer_count) {
        const size_t count =
            partition + 1 > writer->buffer_count * 2 ? partition + 1 : writer->buffer_count * 2;
        writer->buffers = mem_grow(writer->buffers, count * sizeof(*writer->buffers));
        memset(writer->buffers + writer->buffer_count, 0,
               (count - writer->buffer_count) * sizeof(*writer->buffers));
        writer->buffer_count = count;
    }
    Buf *buffer = &writer->buffers[partition];
    buffer->limit = (size_t)4 << 30;
    const size_t begin = buffer->len;
    size_t len = 0;
    buf_add_bytes(buffer, &len, sizeof(len));
    for (size_t i = 0; i < writer->schema->count; i++) {
        spool_add_cell(buffer, &row[i], writer->schema->fields[i].type.kind);
    }
    if (!buf_ok(buffer, "a row", err)) {
        return false;
    }
    len = buffer->len - begin - sizeof(len);
    memcpy(buffer->data + begin, &len, sizeof(len));
    writer->held_bytes += buffer->len - begin;
    return writer->held_bytes < writer->memory_bytes || spool_flush(writer, err);
}

// --- reading --------------------------------------------------------------------------------------------

SpoolReader *spool_reader_new(const Schema *schema, const char *folder, size_t writer_count,
                              size_t partition)
{
    SpoolReader *reader = mem_alloc(sizeof(*reader));
    *reader = (SpoolReader){
        .schema = schema,
        .folder = mem_copy_text(folder),
        .writer_count = writer_count,
        .partition = partition,
        .space = mem_alloc(SPOOL_READ_BYTES),
        .row = mem_alloc(schema->count * sizeof(Value)),
    };
    return reader;
}

void spool_reader_free(SpoolReader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->file != NULL) {
        (void)fclose(reader->file);
    }
    free(reader->folder);
    free(reader->space);
    free(reader->record);
    free(reader->row);
    free(reader);
}

static bool spool_open_next(SpoolReader *reader, Err *err)
{
    while (reader->file == NULL && reader->next_writer < reader->writer_count) {
        CLEANUP(mem_free_text)
        char *path = spool_path(reader->folder, reader->next_writer++, reader->partition);
        reader->file = fopen(path, "re");
        if (reader->file != NULL) {
            (void)setvbuf(reader->file, reader->space, _IOFBF, SPOOL_READ_BYTES);
            (void)unlink(path);  // the disk is free again as soon as the file has been read
        } else if (errno != ENOENT) {
            return spool_fail("open", path, err);
        }
    }
    return true;
}

// The next cell of the record at *at.
static void spool_take_cell(const char *record, size_t *at, TypeKind kind, Value *ret_value)
{
    *ret_value = (Value){.state = (uint8_t)record[(*at)++]};
    if (ret_value->state != VALUE_SET) {
        return;
    }
    if (kind_is_bytes(kind)) {
        memcpy(&ret_value->len, record + *at, sizeof(ret_value->len));
        *at += sizeof(ret_value->len);
        ret_value->bytes = record + *at;
        *at += ret_value->len;
    } else if (kind == TYPE_DECIMAL) {
        memcpy(&ret_value->i128, record + *at, sizeof(ret_value->i128));
        *at += sizeof(ret_value->i128);
    } else {
        memcpy(&ret_value->u64, record + *at, sizeof(ret_value->u64));
        *at += sizeof(ret_value->u64);
    }
}

bool spool_next(void *object, const Value **ret_row, Err *err)
{
    SpoolReader *reader = object;
    size_t len = 0;
    for (;;) {
        if (!spool_open_next(reader, err)) {
            return false;
        }
        if (reader->file == NULL) {
            *ret_row = NULL;
            return true;
        }
        if (fread(&len, sizeof(len), 1, reader->file) == 1) {
            break;
        }
        const bool is_end = feof(reader->file) != 0;
        (void)fclose(reader->file);
        reader->file = NULL;
        if (!is_end) {
            return spool_fail("read", reader->folder, err);
        }
    }
    if (len > reader->record_capacity) {
        free(reader->record);
        reader->record_capacity = len * 2;
        reader->record = mem_alloc(reader->record_capacity);
    }
    if (fread(reader->record, 1, len, reader->file) != len) {
        return spool_fail("read", reader->folder, err);
    }
    size_t at = 0;
    for (size_t i = 0; i < reader->schema->count; i++) {
        spool_take_cell(reader->record, &at, reader->schema->fields[i].type.kind, &reader->row[i]);
    }
    assert(at == len);
    *ret_row = reader->row;
    return true;
}
