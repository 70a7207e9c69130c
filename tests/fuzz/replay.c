// Feeds every file of the folders (or files) it is given to a fuzz target, one at a time.
//
// Links with fuzz_<name>.c in place of libFuzzer's main, so that an input that once broke a parser
// is tried in every build, by every compiler, without clang. A folder that is missing or empty
// fails: a test that ran nothing must not pass.
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replay_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        (void)fprintf(stderr, "could not open \"%s\": %s\n", path, strerror(errno));
        exit(1);
    }
    // Exactly as many bytes as the file has, so that AddressSanitizer sees a read past the end.
    char *bytes = NULL;
    size_t len = 0;
    char chunk[65536];
    for (size_t got; (got = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        bytes = mem_grow(bytes, len + got);
        memcpy(bytes + len, chunk, got);
        len += got;
    }
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes, len);
    free(bytes);
    return 1;
}

static size_t replay_path(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return replay_file(path);
    }
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.') {
            CLEANUP(mem_free_text) char *name = mem_format("%s/%s", path, entry->d_name);
            count += replay_file(name);
        }
    }
    (void)closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        count += replay_path(argv[i]);
    }
    printf("%zu inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
