// weir slice [FILE]
#include "command/command.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "command/input.h"
#include "command/signals.h"
#include "run/pieces.h"

// What is printed is there for good: whoever reads it may count on the files.
static bool slice_print(const Project *project, const PiecePlan *plan, const PieceSlice *slice,
                        Cancel *cancel, Err *err)
{
    CLEANUP(buf_done) Buf text = {0};
    if (!pieces_run(project, plan, slice, cancel, &text, err)) {
        return false;
    }
    // In one write, so that processes that share a file do not mix their lines.
    return fs_write(STDOUT_FILENO, "standard output", text.data, text.len, err);
}

static bool slice_all(const Project *project, const PiecePlan *plans, size_t count, int64_t number,
                      Cancel *cancel, Err *err)
{
    bool is_found = number < 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < plans[i].read_count; s++) {
            const PieceSlice *slice = &plans[i].slices[s];
            if (number >= 0 && slice->number != (size_t)number) {
                continue;
            }
            is_found = true;
            if (!slice_print(project, &plans[i], slice, cancel, err)) {
                return false;
            }
        }
    }
    return is_found || fail(err, FAIL_CONFIG, "the plan has no slice %" PRId64 " here", number);
}

static bool slice_do(const char *dir, const char *file, int64_t number, Err *err)
{
    CLEANUP(buf_done) Buf text = {0};
    PiecePlan *plans = NULL;
    size_t count = 0;
    if (!input_read(file, &text, err)
        || !piece_plans_read(buf_text(&text), text.len, /* is_one_plan= */ false, &plans, &count,
                             err)) {
        return false;
    }
    Project *project = NULL;
    Cancel *cancel = cancel_new();
    Signals *signals = NULL;
    bool done = command_open_project(dir, &project, err) && signals_begin(cancel, &signals, err);
    // No input, no work: an engine starts one for each of its parts, the empty ones too.
    done = done && (count == 0 || slice_all(project, plans, count, number, cancel, err));
    signals_end(signals);
    cancel_free(cancel);
    project_free(project);
    piece_plans_free(plans, count);
    return done;
}

static bool slice_run(const Command *self, int argc, char **argv, Err *err)
{
    const char *dir = NULL;
    const char *file = "-";
    const char *text = NULL;
    bool help = false;
    const Option options[] = {
        {.name = "slice",
         .argument = "N",
         .ret_text = &text,
         .help = "only the slice of that number, from 0; else all that are given"},
        command_option_project(&dir),
        {0},
    };
    int64_t number = -1;
    if (!option_parse(self, options, argc, argv, 0, 1, &file, &help, err) || help) {
        return help;
    }
    if (text != NULL && !text_parse_int(text, 0, INT32_MAX, &number)) {
        return fail(err, FAIL_CONFIG, "\"--slice\" must be a number from 0 on, not \"%s\"", text);
    }
    return slice_do(dir, file == NULL ? "-" : file, number, err);
}

const Command command_slice = {
    .name = "slice",
    .usage = "slice [FILE] [options]",
    .summary = "run slices of a plan: read, write files, print what they are",
    .description =
        "FILE is what weir plan printed, all of it or single lines; - or nothing is standard input. Writes\n"
        "Parquet files into the target's place, where no reader sees them, and prints a line of JSON for\n"
        "each file (Delta's add action) and one at the end of each slice. A slice may be run again, also\n"
        "twice at once: weir commit takes the first that is complete.",
    .examples = "  weir slice plan.json --slice 7 > results/7.jsonl\n"
                "  head -1 plan.jsonl | weir slice -\n",
    .run = slice_run,
};
