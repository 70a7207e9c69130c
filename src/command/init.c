// weir init DIR
#include "command/command.h"

#include <stdio.h>

#include "job/job.h"

static bool init_run(const Command *self, int argc, char **argv, Err *err)
{
    const char *dir = NULL;
    bool help = false;
    const Option options[] = {{0}};
    if (!option_parse(self, options, argc, argv, 1, 1, &dir, &help, err) || help) {
        return help;
    }
    if (!project_init(dir, err)) {
        return false;
    }
    (void)fprintf(stderr,
                  "A project lies in %s. Next:\n"
                  "  1. name your server in %s/weir.yaml, your table in %s/jobs/ods_oplog.yaml\n"
                  "  2. export RDS_PASSWORD=...   (weir.yaml takes the password from there)\n"
                  "  3. cd %s && weir check\n"
                  "  4. weir run ods_oplog\n",
                  dir, dir, dir, dir);
    return true;
}

const Command command_init = {
    .name = "init",
    .usage = "init DIR",
    .summary = "make a project: weir.yaml and one commented job of each type",
    .description =
        "Writes DIR/weir.yaml and DIR/jobs/*.yaml. A folder that has a project is left alone.",
    .examples = "  weir init shop\n",
    .run = init_run,
};
