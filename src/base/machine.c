// Read anew at each call: nobody asks often, and a container's limit may change.
#include "base/machine.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

// The limit in a cgroup's file, UINT64_MAX where there is none ("max").
static uint64_t limit_of(const char *path)
{
    CLEANUP(buf_done) Buf text = {0};
    Err err;
    int64_t limit = 0;
    if (!fs_exists(path) || !fs_read(path, 64, &text, &err)) {
        return UINT64_MAX;
    }
    CLEANUP(mem_free_text)
    char *line = mem_copy_bytes(buf_text(&text), strcspn(buf_text(&text), "\n"));
    return text_parse_int(line, 1, INT64_MAX, &limit) ? (uint64_t)limit : UINT64_MAX;
}

uint64_t machine_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long size = sysconf(_SC_PAGESIZE);
    uint64_t memory = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : (uint64_t)2 << 30;
    // Inside a container its own cgroup is the root of what it sees; version 2, then version 1.
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        const uint64_t limit = limit_of(limits[i]);
        memory = limit < memory ? limit : memory;
    }
    return memory;
}

unsigned machine_processors(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (unsigned)count;
}
