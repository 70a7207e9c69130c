// The cells are laid out one after the other as bytes that no other row has (each begins with its
// state, a text with its length) and hashed in one go: a hash of a few hundred bytes costs less
// than mixing sixteen cells one by one.
#include "base/base.h"

#include "record/row_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

// What a cell is laid out as.
typedef enum HashForm {
    HASH_WORD,     // 8 bytes: integers, booleans, dates, times
    HASH_DOUBLE,   // 8 bytes
    HASH_UINT64,   // 16 bytes, as the decimal of the same number
    HASH_DECIMAL,  // 16 bytes
    HASH_BYTES,    // its length in 8 bytes, and the bytes
} HashForm;

#define CELL_FIXED_MAX (1 + sizeof(__int128))

typedef struct HashCell {
    size_t field;
    HashForm form;
    Type type;
} HashCell;

struct RowHasher {
    HashCell *cells;
    size_t cell_count;
    HashCell *key;
    size_t key_count;
    char *space;
    size_t capacity;
};

static HashForm hash_form(TypeKind kind)
{
    switch (kind) {
    case TYPE_BOOL:
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
    case TYPE_DATE:
    case TYPE_DATETIME:
    case TYPE_INSTANT:
        return HASH_WORD;
    case TYPE_UINT64:
        return HASH_UINT64;
    case TYPE_FLOAT32:
    case TYPE_FLOAT64:
        return HASH_DOUBLE;
    case TYPE_DECIMAL:
        return HASH_DECIMAL;
    case TYPE_TEXT:
    case TYPE_BYTES:
        return HASH_BYTES;
    }
    assert(false);
    return HASH_BYTES;
}

bool row_hash_compares(Type a, Type b)
{
    const HashForm x = hash_form(a.kind) == HASH_UINT64 ? HASH_DECIMAL : hash_form(a.kind);
    const HashForm y = hash_form(b.kind) == HASH_UINT64 ? HASH_DECIMAL : hash_form(b.kind);
    const int scale_a = a.kind == TYPE_DECIMAL ? a.scale : 0;
    const int scale_b = b.kind == TYPE_DECIMAL ? b.scale : 0;
    return x == y && (x != HASH_DECIMAL || scale_a == scale_b);
}

RowHasher *row_hasher_new(const Schema *schema, const size_t *columns, size_t column_count,
                          const size_t *key, size_t key_count)
{
    RowHasher *hasher = mem_alloc(sizeof(*hasher));
    hasher->cells = mem_alloc((column_count + 1) * sizeof(*hasher->cells));
    hasher->cell_count = column_count;
    for (size_t i = 0; i < column_count; i++) {
        assert(columns[i] < schema->count);
        const Type type = schema->fields[columns[i]].type;
        hasher->cells[i] =
            (HashCell){.field = columns[i], .form = hash_form(type.kind), .type = type};
    }
    hasher->key = mem_alloc((key_count + 1) * sizeof(*hasher->key));
    hasher->key_count = key_count;
    for (size_t i = 0; i < key_count; i++) {
        assert(key[i] < column_count);
        hasher->key[i] = hasher->cells[key[i]];
    }
    return hasher;
}

void row_hasher_free(RowHasher *hasher)
{
    if (hasher == NULL) {
        return;
    }
    free(hasher->cells);
    free(hasher->key);
    free(hasher->space);
    free(hasher);
}

// Makes room for `size` bytes behind the first `used`.
static inline char *hasher_reserve(RowHasher *hasher, size_t used, size_t size)
{
    if (UNLIKELY(used + size > hasher->capacity)) {
        hasher->capacity = (used + size) * 2;
        hasher->space = mem_grow(hasher->space, hasher->capacity);
    }
    return hasher->space + used;
}

static inline size_t put_word(char *at, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(at, &word, sizeof(word));
    return sizeof(word);
}

static inline size_t put_number(char *at, __int128 number)
{
    const unsigned __int128 bits = (unsigned __int128)number;
    put_word(at, (uint64_t)bits);
    return put_word(at + sizeof(uint64_t), (uint64_t)(bits >> 64)) + sizeof(uint64_t);
}

// Lays the cells out in the hasher's space; the bytes that they took.
static inline size_t hasher_lay_out(RowHasher *hasher, const HashCell *cells, size_t count,
                                    const Value *row)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const Value *value = &row[cells[i].field];
        const bool has_bytes = (value->state == VALUE_SET && cells[i].form == HASH_BYTES)
                               || value->state == VALUE_DIRTY;
        char *at = hasher_reserve(hasher, used, CELL_FIXED_MAX + (has_bytes ? value->len : 0));
        char *const begin = at;
        *at++ = (char)value->state;
        if (UNLIKELY(value->state == VALUE_NULL)) {
            used++;
            continue;
        }
        if (has_bytes) {
            at += put_word(at, value->len);
            if (value->len > 0) {
                memcpy(at, value->bytes, value->len);
            }
            at += value->len;
        } else if (cells[i].form == HASH_DECIMAL) {
            at += put_number(at, value->i128);
        } else if (cells[i].form == HASH_UINT64) {
            at += put_number(at, (__int128)value->u64);
        } else {
            // A double's bits: they share their place with the integers.
            at += put_word(at, value->u64);
        }
        used += (size_t)(at - begin);
    }
    return used;
}

RowHash row_hasher_row(RowHasher *hasher, const Value *row)
{
    const size_t size = hasher_lay_out(hasher, hasher->cells, hasher->cell_count, row);
    const XXH128_hash_t hash = XXH3_128bits(hasher->space, size);
    RowHash result = {.key = hash.low64, .row = {hash.low64, hash.high64}};
    if (hasher->key_count > 0) {
        const size_t key_size = hasher_lay_out(hasher, hasher->key, hasher->key_count, row);
        result.key = XXH3_64bits(hasher->space, key_size);
    }
    return result;
}

uint64_t row_hasher_cell(RowHasher *hasher, const Value *row, size_t column)
{
    assert(column < hasher->cell_count);
    return XXH3_64bits(hasher->space, hasher_lay_out(hasher, &hasher->cells[column], 1, row));
}

const Value *row_hasher_value(const RowHasher *hasher, const Value *row, size_t column)
{
    assert(column < hasher->cell_count);
    return &row[hasher->cells[column].field];
}

Type row_hasher_type(const RowHasher *hasher, size_t column)
{
    assert(column < hasher->cell_count);
    return hasher->cells[column].type;
}
