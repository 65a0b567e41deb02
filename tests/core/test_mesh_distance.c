/* SPDX-License-Identifier: MIT */
/* Even samples follow the area, not the triangles; nearest points agree with brute force. */
#include "core/memory.h"
#include "core/mesh_distance.h"
#include "core/rng.h"
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A unit square cut into one large triangle and many small ones. */
static void square(hl_mesh *mesh)
{
    enum { FAN = 60 };
    check_ok(hl_mesh_create(mesh, FAN + 3, FAN + 1, 0));
    float *p = mesh->positions;
    p[3] = 1;            /* 1: (1, 0) */
    p[6 + 1] = 1;        /* 2: (0, 1) */
    p[9] = p[9 + 1] = 1; /* 3: (1, 1) */
    const uint32_t large[3] = {0, 1, 2};
    memcpy(mesh->triangles, large, sizeof large);
    for (uint32_t k = 0; k < FAN; k++) { /* along the diagonal from 1 to 2 */
        if (k + 1 < FAN) {
            p[3 * (4 + k)] = 1 - (float)(k + 1) / FAN;
            p[3 * (4 + k) + 1] = (float)(k + 1) / FAN;
        }
        const uint32_t t[3] = {3, k + 1 < FAN ? 4 + k : 2, k ? 3 + k : 1};
        memcpy(mesh->triangles + 3 * (k + 1), t, sizeof t);
    }
}

static void samples_are_even(void **state)
{
    (void)state;
    enum { N = 20000, SIDE = 5 };
    hl_mesh mesh;
    static float x[3 * N];
    int count[SIDE * SIDE] = {0};
    square(&mesh);
    check_ok(hl_mesh_sample(&mesh, N, 1, x));
    for (int i = 0; i < N; i++) {
        assert_true(x[3 * i] >= 0 && x[3 * i] <= 1 && x[3 * i + 1] >= 0 && x[3 * i + 1] <= 1);
        const int cx = (int)fminf(x[3 * i] * SIDE, SIDE - 1);
        const int cy = (int)fminf(x[3 * i + 1] * SIDE, SIDE - 1);
        count[cy * SIDE + cx]++;
    }
    for (int k = 0; k < SIDE * SIDE; k++) /* 800 each, binomial deviation 28 */
        assert_true(abs(count[k] - N / (SIDE * SIDE)) < 150);
    hl_mesh_release(&mesh);
}

static void nearest_is_the_nearest(void **state)
{
    (void)state;
    enum { N = 300, M = 400 };
    static float a[3 * N], b[3 * M], d[N];
    for (int i = 0; i < 3 * N; i++) {
        hl_rng rng = hl_rng_at(2, 0, (uint64_t)i, HL_RNG_TEST);
        a[i] = 4 * hl_rng_uniform(&rng) - 2;
    }
    for (int i = 0; i < 3 * M; i++) {
        hl_rng rng = hl_rng_at(3, 0, (uint64_t)i, HL_RNG_TEST);
        b[i] = 4 * hl_rng_uniform(&rng) - 2;
    }
    const float limit = 0.35f;
    int capped = 0;
    check_ok(hl_points_nearest(a, N, b, M, limit, d));
    for (int i = 0; i < N; i++) {
        float best = limit;
        for (int j = 0; j < M; j++)
            best = fminf(best, hypotf(hypotf(a[3 * i] - b[3 * j], a[3 * i + 1] - b[3 * j + 1]),
                                      a[3 * i + 2] - b[3 * j + 2]));
        assert_true(fabsf(best - d[i]) < 1e-5f);
        capped += d[i] >= limit;
    }
    assert_true(capped > 0 && capped < N); /* both kinds were seen */
    assert_int_equal(hl_points_nearest(a, N, b, M, 0, d), HL_E_ARG);
    check_ok(hl_points_nearest(a, 1, b, 0, limit, d));
    assert_true(d[0] == limit);
}

static void thinning_keeps_one_of_a_cell(void **state)
{
    (void)state;
    float x[] = {0.1f, 0.1f, 0.1f, 2.5f, 0, 0, 0.9f, 0.9f, 0.9f, -0.1f, 0, 0};
    assert_int_equal(hl_points_thin(x, 4, 1), 3);
    for (int i = 0; i < 3; i++)
        assert_true(x[3 * i] != 0.9f);
}

static void no_area_is_an_error(void **state)
{
    (void)state;
    hl_mesh mesh;
    float x[3];
    check_ok(hl_mesh_create(&mesh, 3, 1, 0));
    assert_int_equal(hl_mesh_sample(&mesh, 1, 1, x), HL_E_ARG);
    hl_mesh_release(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_even),
        cmocka_unit_test(nearest_is_the_nearest),
        cmocka_unit_test(thinning_keeps_one_of_a_cell),
        cmocka_unit_test(no_area_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
