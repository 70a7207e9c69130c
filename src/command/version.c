// weir version
#include "command/command.h"

#include <stdio.h>

static bool version_run(const Command *self, int argc, char **argv, Err *err)
{
    bool help = false;
    const Option options[] = {{0}};
    if (!option_parse(self, options, argc, argv, 0, 0, NULL, &help, err) || help) {
        return help;
    }
    (void)printf("weir %s\n", WEIR_VERSION);
    return true;
}

const Command command_version = {
    .name = "version",
    .usage = "version",
    .summary = "print the version",
    .run = version_run,
};
