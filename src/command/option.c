// The option table's parser. It replaces getopt_long for one reason: unknown names get a
// suggestion, and the table that parses is the table that --help prints.
#include "command/option.h"

#include <stdio.h>

#include "base/text.h"
#include "command/command.h"

#define OPTIONS_MAX 24

static void option_print_help(const Command *command, const Option *options)
{
    (void)printf("%s\n\nUsage: weir %s\n", command->summary, command->usage);
    if (command->description != NULL) {
        (void)printf("\n%s\n", command->description);
    }
    (void)printf("\nOptions:\n");
    for (const Option *option = options; option->name != NULL; option++) {
        char left[48];
        char letter[] = {'-', option->letter, ',', ' ', '\0'};
        (void)snprintf(left, sizeof(left), "%s--%s%s%s", option->letter == '\0' ? "" : letter,
                       option->name, option->argument == NULL ? "" : " ",
                       option->argument == NULL ? "" : option->argument);
        (void)printf("  %-24s %s\n", left, option->help);
    }
    (void)printf("  %-24s %s\n", "--help", "this text");
    if (command->examples != NULL) {
        (void)printf("\nExamples:\n%s", command->examples);
    }
}

static const Option *option_find(const Option *options, const char *name, size_t len)
{
    for (const Option *option = options; option->name != NULL; option++) {
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0) {
            return option;
        }
    }
    return NULL;
}

// Of "-e".
static const Option *option_find_letter(const Option *options, const char *text)
{
    for (const Option *option = options; option->name != NULL; option++) {
        if (option->letter != '\0' && text[1] == option->letter && text[2] == '\0') {
            return option;
        }
    }
    return NULL;
}

static bool option_fail_unknown(const Command *command, const Option *options, const char *text,
                                Err *err)
{
    const char *known[OPTIONS_MAX + 2] = {0};
    size_t count = 0;
    for (const Option *option = options; option->name != NULL && count < OPTIONS_MAX; option++) {
        known[count++] = option->name;
    }
    known[count] = "help";
    CLEANUP(mem_free_text) char *name = mem_copy_bytes(text + 2, strcspn(text + 2, "="));
    const char *nearest = text_nearest(name, known);
    (void)fail(err, FAIL_CONFIG, "unknown option \"--%s\" of weir %s", name, command->name);
    if (nearest != NULL) {
        return fail_hint(err, "Did you mean \"--%s\"? \"weir %s --help\" lists all.", nearest,
                         command->name);
    }
    return fail_hint(err, "\"weir %s --help\" lists the options.", command->name);
}

static void option_append(const char ***list, const char *value)
{
    size_t count = 0;
    while (*list != NULL && (*list)[count] != NULL) {
        count++;
    }
    *list = mem_grow(*list, (count + 2) * sizeof(**list));
    (*list)[count] = value;
    (*list)[count + 1] = NULL;
}

static bool option_store(const Option *option, const char *value, Err *err)
{
    if (option->ret_text != NULL) {
        *option->ret_text = value;
    } else if (option->ret_list != NULL) {
        option_append(option->ret_list, value);
    } else {
        int64_t number;
        if (!text_parse_int(value, 1, option->int_max, &number)) {
            return fail(err, FAIL_CONFIG,
                        "\"--%s\" must be a whole number from 1 to %d, not \"%s\"", option->name,
                        option->int_max, value);
        }
        *option->ret_int = (int)number;
    }
    return true;
}

// One option at argv[*index]; moves *index on where the value is the next word. `seen` has a bit
// for each row of the table.
static bool option_take(const Command *command, const Option *options, int argc, char **argv,
                        int *index, uint32_t *seen, Err *err)
{
    const char *text = argv[*index];
    const bool is_short = text[1] != '-';
    const size_t len = is_short ? 0 : strcspn(text + 2, "=");
    const Option *option =
        is_short ? option_find_letter(options, text) : option_find(options, text + 2, len);
    if (option == NULL) {
        return option_fail_unknown(command, options, text, err);
    }
    const char *value = text[2 + len] == '=' ? text + 3 + len : NULL;
    if (option->ret_flag != NULL) {
        *option->ret_flag = true;
        return value == NULL || fail(err, FAIL_CONFIG, "\"--%s\" takes no value", option->name);
    }
    const uint32_t bit = UINT32_C(1) << (option - options);
    if (option->ret_list == NULL && (*seen & bit) != 0) {
        (void)fail(err, FAIL_CONFIG, "\"--%s\" is given twice", option->name);
        return fail_hint(err, "It takes one value: keep the one that is meant.");
    }
    *seen |= bit;
    if (value == NULL && *index + 1 >= argc) {
        return fail(err, FAIL_CONFIG, "\"--%s\" needs a value: --%s %s", option->name, option->name,
                    option->argument);
    }
    if (value == NULL) {
        value = argv[++*index];
    }
    return option_store(option, value, err);
}

bool option_parse(const Command *command, const Option *options, int argc, char **argv,
                  size_t min_arguments, size_t max_arguments, const char **ret_arguments,
                  bool *ret_help, Err *err)
{
    size_t count = 0;
    bool only_arguments = false;
    uint32_t seen = 0;
    for (int i = 1; i < argc; i++) {
        bool is_option = !only_arguments && argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && (text_equal(argv[i], "--help") || text_equal(argv[i], "-h"))) {
            option_print_help(command, options);
            *ret_help = true;
            return true;
        }
        if (is_option && text_equal(argv[i], "--")) {
            only_arguments = true;
        } else if (is_option && argv[i][1] != '-' && option_find_letter(options, argv[i]) == NULL) {
            (void)fail(err, FAIL_CONFIG, "unknown option \"%s\" of weir %s", argv[i],
                       command->name);
            return fail_hint(err,
                             "Options are written with two dashes; \"weir %s --help\" lists them.",
                             command->name);
        } else if (is_option) {
            if (!option_take(command, options, argc, argv, &i, &seen, err)) {
                return false;
            }
        } else if (count == max_arguments) {
            datasource_hide_password(argv[i]);  // the word may be a URL
            (void)fail(err, FAIL_CONFIG, "one argument too many for weir %s: \"%s\"", command->name,
                       argv[i]);
            return fail_hint(err, "Usage: weir %s", command->usage);
        } else {
            ret_arguments[count++] = argv[i];
        }
    }
    if (count < min_arguments) {
        (void)fail(err, FAIL_CONFIG, "weir %s needs %s argument%s", command->name,
                   min_arguments == 1 ? "an" : "more", min_arguments == 1 ? "" : "s");
        return fail_hint(err, "Usage: weir %s", command->usage);
    }
    return true;
}
