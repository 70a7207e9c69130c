// The folder lies in the lake because that is the disk of which the user expects it to be filled;
// a leading dot hides it from whatever lists tables.
#include "run/spill.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

// How often the folder is made anew that others remove in the same moment.
#define SPILL_TRIES 10

// Only processes of this machine can be told to be alive.
static void spill_sweep(const char *folder, const char *prefix)
{
    FsList list = {0};
    Err err;
    if (!fs_list(folder, &list, &err)) {
        return;  // there is none
    }
    for (size_t i = 0; i < list.count; i++) {
        int64_t process = 0;
        if (!text_starts_with(list.names[i], prefix)) {
            continue;
        }
        CLEANUP(mem_free_text)
        char *number = mem_copy_bytes(list.names[i] + strlen(prefix),
                                      strcspn(list.names[i] + strlen(prefix), "-"));
        if (text_parse_int(number, 1, INT32_MAX, &process) && kill((pid_t)process, 0) != 0
            && errno == ESRCH) {
            CLEANUP(mem_free_text) char *path = fs_join(folder, list.names[i]);
            fs_remove_tree(path);
        }
    }
    fs_list_done(&list);
}

char *spill_begin(const char *lake)
{
    static atomic_uint number;
    char host[256] = "";
    (void)gethostname(host, sizeof(host) - 1);
    CLEANUP(mem_free_text) char *folder = fs_join(lake, ".weir");
    CLEANUP(mem_free_text) char *prefix = mem_format("spill-%s-", host);
    spill_sweep(folder, prefix);
    char *spill =
        mem_format("%s/%s%d-%u", folder, prefix, (int)getpid(), atomic_fetch_add(&number, 1));
    // Made at once, so that another process that ends does not take the folder around it away. A
    // lake that may only be read is queried all the same: what does not fit in memory then fails.
    for (int tries = 0; tries < SPILL_TRIES; tries++) {
        (void)mkdir(folder, 0777);
        if (mkdir(spill, 0700) == 0 || errno != ENOENT) {
            break;
        }
    }
    return spill;
}

void spill_end(char *folder)
{
    if (folder == NULL) {
        return;
    }
    fs_remove_tree(folder);
    *strrchr(folder, '/') = '\0';
    (void)rmdir(folder);
    free(folder);
}
