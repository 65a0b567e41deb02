/* SPDX-License-Identifier: MIT */
/* Options drawn at random, all together: sizes, degree, channels, filters, window, largest weight
 * and median; each instruction set against the double reference.  argv[1], argv[2]: other seeds, to
 * search by hand. */
#define HL_REAL double
#include "tests/raster/twin.h"

#include <stdlib.h>

static int64_t first_seed = 1, seed_count = 12;

static void draw(twin *t, uint64_t seed)
{
    hl_rng rng = hl_rng_at(seed, 0, 0, HL_RNG_TEST);
    const scene_size size = {.splats = (int32_t)hl_rng_below(&rng, 140),
                             .width = 1 + (int32_t)hl_rng_below(&rng, 70),
                             .height = 1 + (int32_t)hl_rng_below(&rng, 50),
                             .features = (int32_t)hl_rng_below(&rng, 17),
                             .degree = (int32_t)hl_rng_below(&rng, 4),
                             .antialiased = (int)hl_rng_below(&rng, 2)};
    twin_create(t, size, seed, (int)hl_rng_below(&rng, 2));
    if (hl_rng_below(&rng, 3) == 0)
        twin_window(t);
    if (hl_rng_below(&rng, 2)) {
        t->options.filter_3d = NULL;
        t->ref.filter_3d = NULL;
    }
    if (hl_rng_below(&rng, 3) == 0) /* opaque: early stops */
        for (size_t i = 0; i < (size_t)size.splats; i++)
            ((double *)(uintptr_t)t->ref.logit_opa)[i] = (double)(t->splats.logit_opa[i] += 4);
}

/* One pair on the other side of a threshold is allowed for, a wrong sum is not. */
static void any_options(void **state)
{
    (void)state;
    for (int64_t k = 0; k < seed_count; k++)
        for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
            twin t;
            draw(&t, (uint64_t)(first_seed + k));
            t.tolerance_forward = 1e-3;
            t.tolerance = 1e-2;
            twin_compare(&t, (hl_isa)isa);
            hl_arena_release(&t.arena);
        }
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        first_seed = strtoll(argv[1], NULL, 10);
        seed_count = strtoll(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
