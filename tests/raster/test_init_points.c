/* SPDX-License-Identifier: MIT */
/* tests/raster/test_init_points.c -- Z-order, neighbours and initial splats against brute force and
 * closed forms. */
#include "core/parallel.h"
#include "core/rng.h"
#include "raster/init.h"
#include "raster/spatial.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { N = 700 };

static float points[3 * N];
static uint8_t colors[3 * N];

static void fill_points(void)
{
    for (int i = 0; i < 3 * N; i++) {
        hl_rng rng = hl_rng_at(3, 0, (uint64_t)i, HL_RNG_TEST);
        points[i] = hl_rng_normal(&rng) * (i % 3 == 2 ? 0.01f : 1); /* nearly flat */
        colors[i] = (uint8_t)hl_rng_below(&rng, 256);
    }
    memcpy(points + 30, points + 60, 3 * sizeof(float)); /* a pair at the same place */
}

static void morton_code_interleaves_bits(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        hl_rng rng = hl_rng_at(4, 0, (uint64_t)i, HL_RNG_TEST);
        const uint32_t v[3] = {hl_rng_u32(&rng) >> 11, hl_rng_u32(&rng) >> 11,
                               hl_rng_u32(&rng) >> 11};
        uint64_t want = 0;
        for (int b = 0; b < HL_MORTON_BITS; b++)
            for (int a = 0; a < 3; a++)
                want |= (uint64_t)(v[a] >> b & 1) << (3 * b + a);
        assert_true(hl_morton_code(v[0], v[1], v[2]) == want);
    }
}

static void sort_is_stable_and_complete(void **state)
{
    (void)state;
    uint64_t keys[N], old[N];
    int32_t order[N];
    for (int i = 0; i < N; i++) {
        hl_rng rng = hl_rng_at(5, 0, (uint64_t)i, HL_RNG_TEST);
        old[i] = keys[i] = ((uint64_t)hl_rng_below(&rng, 3) << 61) + hl_rng_below(&rng, 50);
    }
    check_ok(hl_morton_sort(order, keys, N));
    for (int i = 0; i < N; i++) {
        assert_true(keys[i] == old[order[i]]);
        if (i)
            assert_true(keys[i - 1] < keys[i] ||
                        (keys[i - 1] == keys[i] && order[i - 1] < order[i]));
    }
}

static void neighbours_match_brute_force(void **state)
{
    (void)state;
    fill_points();
    float got[N], want[N], again[N];
    for (int i = 0; i < N; i++) {
        float best[3] = {INFINITY, INFINITY, INFINITY};
        for (int j = 0; j < N; j++) {
            float d = 0;
            for (int a = 0; a < 3; a++)
                d += (points[3 * i + a] - points[3 * j + a]) *
                     (points[3 * i + a] - points[3 * j + a]);
            for (int k = 0; k < 3 && j != i; k++)
                if (d < best[k]) {
                    const float rest = best[k];
                    best[k] = d;
                    d = rest;
                }
        }
        want[i] = sqrtf((best[0] + best[1] + best[2]) / 3);
    }
    hl_parallel_set_threads(3);
    check_ok(hl_spatial_rms3(got, points, N));
    check_close(got, want, N, 1e-7, 1e-5);
    hl_parallel_set_threads(1);
    check_ok(hl_spatial_rms3(again, points, N));
    assert_memory_equal(got, again, sizeof got);
    check_ok(hl_spatial_rms3(got, points, 1));
    assert_true(got[0] == 0);
    check_ok(hl_spatial_rms3(got, points, 2));
    assert_true(got[0] == got[1] && got[0] > 0);
}

static hl_splats room(hl_arena *arena, int32_t capacity)
{
    hl_splats s;
    hl_arena_init(arena, 0, 0);
    check_ok(hl_splats_init(&s, arena, capacity));
    return s;
}

static void one_splat_per_point(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s = room(&arena, N);
    fill_points();
    points[3 * 5] = NAN;
    const hl_init_options o = {.limit = N, .extent = 2, .opacity = 0.1f, .scale_factor = 1};
    check_ok(hl_init_from_points(&s, points, colors, N, &o));
    assert_int_equal(s.count, N - 1);
    double got[6] = {0}, want[6] = {0};
    for (int i = 0; i < N; i++)
        for (int a = 0; a < 3 && i != 5; a++) {
            want[a] += (double)points[3 * i + a];
            want[3 + a] += colors[3 * i + a] / 255.0;
        }
    for (int i = 0; i < s.count; i++) {
        for (int a = 0; a < 3; a++) {
            got[a] += (double)s.mean[3 * i + a];
            got[3 + a] += 0.5 + 0.28209479177387814 * (double)s.sh[48 * i + 16 * a];
        }
        const double size = exp((double)s.log_scale[3 * i]);
        assert_true(size >= 1.99e-4 && size <= 0.2001);
        assert_true(fabs(1 / (1 + exp(-(double)s.logit_opa[i])) - 0.1) < 1e-6);
        assert_true(s.quat[4 * i] == 1 && s.sh[48 * i + 1] == 0);
    }
    check_close(got, want, 6, 1e-3, 1e-5);
    hl_arena_release(&arena);
}

static void thinning_keeps_the_limit_and_the_place(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s = room(&arena, 64);
    fill_points();
    for (int32_t limit = 1; limit <= 64; limit += 21) {
        const hl_init_options o = {.limit = limit, .extent = 2, .opacity = 0.1f, .scale_factor = 1};
        check_ok(hl_init_from_points(&s, points, colors, N, &o));
        assert_true(s.count >= 1 && s.count <= limit && s.count > limit / 8);
        for (int i = 0; i < s.count; i++)
            assert_true(fabsf(s.mean[3 * i]) < 4 && fabsf(s.mean[3 * i + 2]) < 0.04f);
    }
    const hl_init_options none = {.limit = 65, .extent = 2, .opacity = 0.1f, .scale_factor = 1};
    check_fails(hl_init_from_points(&s, points, colors, N, &none), "limit 65 is not in 1..64");
    const float bad[3] = {INFINITY, 0, 0};
    const hl_init_options some = {.limit = 4, .extent = 2, .opacity = 0.1f, .scale_factor = 1};
    check_fails(hl_init_from_points(&s, bad, NULL, 1, &some), "none of 1 points is finite");
    hl_arena_release(&arena);
}

static void extent_of_a_ring_of_cameras(void **state)
{
    (void)state;
    hl_raster_view views[4];
    for (int i = 0; i < 4; i++) {
        /* eye = -R^T t with R = identity */
        const float t[3] = {i == 0   ? -5.0f
                            : i == 1 ? 5.0f
                                     : 0,
                            i == 2   ? -5.0f
                            : i == 3 ? 5.0f
                                     : 0,
                            -1};
        views[i] = (hl_raster_view){.r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
        memcpy(views[i].t, t, sizeof t);
    }
    float center[3];
    const float extent = hl_init_extent(views, 4, center);
    const float got[4] = {extent, center[0], center[1], center[2]}, want[4] = {5.5f, 0, 0, 1};
    check_close(got, want, 4, 1e-6, 1e-6);
    assert_true(hl_init_extent(views, 1, center) == 1);
}

static void random_points_fill_the_box(void **state)
{
    (void)state;
    const float center[3] = {1, -2, 3};
    hl_init_random_points(points, colors, N, center, 2, 9);
    double mean[3] = {0}, spread[3] = {0};
    for (int i = 0; i < N; i++)
        for (int a = 0; a < 3; a++) {
            const double d = (double)points[3 * i + a] - (double)center[a];
            assert_true(fabs(d) <= 3);
            mean[a] += d / N;
            spread[a] += d * d / N;
        }
    for (int a = 0; a < 3; a++)
        assert_true(fabs(mean[a]) < 0.3 && fabs(spread[a] - 3) < 0.4); /* side^2 / 12 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(morton_code_interleaves_bits),
        cmocka_unit_test(sort_is_stable_and_complete),
        cmocka_unit_test(neighbours_match_brute_force),
        cmocka_unit_test(one_splat_per_point),
        cmocka_unit_test(thinning_keeps_the_limit_and_the_place),
        cmocka_unit_test(extent_of_a_ring_of_cameras),
        cmocka_unit_test(random_points_fill_the_box),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hl_parallel_shutdown();
    return failed;
}
