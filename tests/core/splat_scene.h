/* SPDX-License-Identifier: MIT */
/* tests/core/splat_scene.h -- random scenes of splats and whole files in memory. */
#ifndef HL_TESTS_CORE_SPLAT_SCENE_H
#define HL_TESTS_CORE_SPLAT_SCENE_H

#include "core/file.h"
#include "core/rng.h"
#include "core/splats.h"
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

/* `count` splats inside a box of side 6, with SH of the degree; the same each time. */
static inline void scene_fill(hl_splats *s, hl_arena *arena, int32_t count, int degree)
{
    check_ok(hl_splats_init(s, arena, count));
    s->count = count;
    s->sh_degree = degree;
    for (int32_t i = 0; i < count; i++) {
        hl_rng rng = hl_rng_at(7, 0, (uint64_t)i, HL_RNG_TEST);
        for (int k = 0; k < 3; k++) {
            s->mean[3 * i + k] = 6 * hl_rng_uniform(&rng) - 3;
            s->log_scale[3 * i + k] = -5 + 3 * hl_rng_uniform(&rng);
        }
        for (int k = 0; k < 4; k++)
            s->quat[4 * i + k] = hl_rng_normal(&rng);
        s->logit_opa[i] = 8 * hl_rng_uniform(&rng) - 4;
        float *sh = s->sh + HL_SPLAT_DIM_sh * i;
        for (int k = 0; k < HL_SPLAT_DIM_sh; k++)
            if (k % HL_SH_COEFFS_MAX < hl_sh_coeffs(degree))
                sh[k] = (k % HL_SH_COEFFS_MAX ? 0.4f : 1.5f) * (2 * hl_rng_uniform(&rng) - 1);
    }
}

/* A copy of a file; free() it. */
static inline unsigned char *file_bytes(const char *path, size_t *size)
{
    hl_file_map map;
    check_ok(hl_file_map_open(&map, path));
    unsigned char *copy = malloc(map.size + 1);
    assert_non_null(copy);
    memcpy(copy, map.bytes, map.size);
    *size = map.size;
    hl_file_map_close(&map);
    return copy;
}

static inline void files_equal(const char *a, const char *b)
{
    size_t m, n;
    unsigned char *x = file_bytes(a, &m), *y = file_bytes(b, &n);
    assert_int_equal(m, n);
    assert_memory_equal(x, y, m);
    free(x);
    free(y);
}

#endif /* HL_TESTS_CORE_SPLAT_SCENE_H */
