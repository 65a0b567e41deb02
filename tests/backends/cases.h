/* SPDX-License-Identifier: MIT */
/* tests/backends/cases.h -- the kernel laboratory's table: what every backend must draw, and the
 * gradients it must give, whatever it is made of. */
#ifndef HL_TESTS_BACKENDS_CASES_H
#define HL_TESTS_BACKENDS_CASES_H

#include <stdint.h>

typedef struct backend_case {
    const char *name;
    int32_t splats, width, height, features, degree;
    int antialiased;
    int extras; /* median depth and largest weight, with gradients */
    int window; /* a depth window per pixel                        */
    uint64_t seed;
} backend_case;

static const backend_case backend_cases[] = {
    {"colour, depth, normal", 60, 50, 37, 0, 3, 0, 0, 0, 11},
    {"anti-aliased, whole tiles", 200, 64, 64, 0, 2, 1, 0, 0, 12},
    {"16 features", 50, 33, 40, 16, 1, 0, 0, 0, 13},
    {"5 features, degree 0", 50, 33, 40, 5, 0, 1, 0, 0, 14},
    {"median, largest weight", 80, 45, 31, 2, 3, 0, 1, 0, 15},
    {"depth window", 80, 45, 31, 2, 3, 0, 0, 1, 16},
    {"everything at once", 80, 45, 31, 2, 3, 1, 1, 1, 17},
    {"one pixel", 40, 1, 1, 1, 3, 0, 1, 0, 18},
    {"one column", 40, 1, 17, 1, 3, 0, 0, 0, 19},
    {"no splats", 0, 20, 20, 1, 3, 0, 1, 0, 20},
};

#endif /* HL_TESTS_BACKENDS_CASES_H */
