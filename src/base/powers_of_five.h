// The table behind number_parse_double. Generated: see tools/make_powers_of_five.py.
#pragma once

#include "base/base.h"

#define POWERS_OF_FIVE_MIN (-342)
#define POWERS_OF_FIVE_MAX 308
#define POWERS_OF_FIVE_COUNT (POWERS_OF_FIVE_MAX - POWERS_OF_FIVE_MIN + 1)

typedef struct PowerOfFive {
    uint64_t high;
    uint64_t low;
} PowerOfFive;

extern const PowerOfFive POWERS_OF_FIVE[POWERS_OF_FIVE_COUNT];
