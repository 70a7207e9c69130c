// Two encodings that stand on each other: a partition's folder has percent escapes of its own in
// its name on disk (Hive's rule), and the log holds paths as URIs, so that "region=a%2Fb" on disk
// is "region=a%252Fb" in the log.
//
// Hive's set of characters is that of org.apache.hadoop.hive.common.FileUtils, which Spark repeats
// in ExternalCatalogUtils. Weir always takes paths that hold an odd byte as encoded, and encodes
// more than a URI needs: every reader decodes, not every reader is tolerant.
#include "lake/delta_internal.h"

#include <unistd.h>

#include "base/text.h"

static const char hex_digits[] = "0123456789ABCDEF";

static void delta_add_escape(unsigned char byte, Buf *out)
{
    const char escape[3] = {'%', hex_digits[byte >> 4], hex_digits[byte & 15]};
    buf_add_bytes(out, escape, sizeof(escape));
}

static void delta_escape_folder(const char *text, Buf *out)
{
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7F || strchr("\"#%'*/:=?\\{[]^", byte) != NULL) {
            delta_add_escape(byte, out);
        } else {
            buf_add_char(out, *text);
        }
    }
}

void delta_partition_folder(const char *column, const char *value, Buf *out)
{
    delta_escape_folder(column, out);
    buf_add_char(out, '=');
    if (value == NULL || value[0] == '\0') {
        buf_add_text(out, DELTA_NULL_PARTITION);
    } else {
        delta_escape_folder(value, out);
    }
}

static bool delta_is_plain(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
           || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_'
           || byte == '~' || byte == '/' || byte == '=';
}

void delta_path_encode(const char *path, Buf *out)
{
    for (; *path != '\0'; path++) {
        if (delta_is_plain((unsigned char)*path)) {
            buf_add_char(out, *path);
        } else {
            delta_add_escape((unsigned char)*path, out);
        }
    }
}

char *delta_path_decode(const char *encoded)
{
    char *path = mem_copy_text(encoded);
    char *to = path;
    for (const char *from = encoded; *from != '\0'; from++) {
        const int byte = *from == '%' ? text_hex_pair(from + 1) : -1;
        if (byte > 0) {
            *to++ = (char)byte;
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return path;
}

char *delta_path_absolute(const char *path)
{
    char *absolute = NULL;
    if (path[0] == '/') {
        absolute = mem_copy_text(path);
    } else {
        char *current = getcwd(NULL, 0);
        absolute = current == NULL ? mem_copy_text(path) : fs_join(current, path);
        free(current);
    }
    for (size_t len = strlen(absolute); len > 1 && absolute[len - 1] == '/'; len--) {
        absolute[len - 1] = '\0';
    }
    return absolute;
}
