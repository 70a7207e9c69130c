// A folder of a test's own: setup and teardown for cmocka, and its path meanwhile.
#pragma once

#include "base/fs.h"

static char *folder;

static int folder_setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    folder = mem_format("%s/weir-unit-XXXXXX", base == NULL ? "/tmp" : base);
    return mkdtemp(folder) == NULL;
}

static int folder_teardown(void **state)
{
    (void)state;
    fs_remove_tree(folder);
    mem_free_text(&folder);
    return 0;
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)
