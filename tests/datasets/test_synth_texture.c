/* SPDX-License-Identifier: MIT */
/* Procedural textures: filtering keeps the mean and takes away the contrast, colours stay in
 * range, wrapped surfaces close, seeds matter, noise is unbiased. */
#define HL_REAL double

#include "core/rng.h"
#include "datasets/synth/synth_noise.h"
#include "datasets/synth/synth_texture.h"
#include "tests/check.h"

#include <math.h>

enum { PATTERNS = HL_SYNTH_DOTS + 1, SAMPLES = 6000 };

static hl_synth_texture texture(int pattern, uint32_t seed)
{
    hl_synth_texture t = {.pattern = (hl_synth_pattern)pattern,
                          .scale = 6,
                          .grain = 0.25,
                          .grain_scale = 30,
                          .seed = seed};
    static const uint32_t hex[4] = {0xc0502c, 0x3f8fa8, 0xe8d8a0, 0x50483c};
    for (int k = 0; k < 4; k++)
        hl_synth_color(hex[k], t.color[k]);
    return t;
}

static hl_synth_shape slab(void)
{
    const double center[3] = {0, 0, 0}, size[3] = {2, 2, 0.1};
    return hl_synth_shape_make(HL_SYNTH_BOX, center, size, 0);
}

/* Mean and standard deviation of green over the top face, for pixels of side `width`. */
static void statistics(const hl_synth_texture *t, double width, double *mean, double *deviation)
{
    const hl_synth_shape s = slab();
    hl_rng rng = hl_rng_at(9, 0, 0, HL_RNG_TEST);
    double sum = 0, squares = 0;
    for (int i = 0; i < SAMPLES; i++) {
        const double p[3] = {3.9 * (hl_rng_uniform(&rng) - 0.5), 3.9 * (hl_rng_uniform(&rng) - 0.5),
                             0.1};
        double rgb[3];
        hl_synth_texture_at(t, &s, p, width, rgb);
        for (int k = 0; k < 3; k++)
            assert_true(rgb[k] >= 0.01 && rgb[k] <= 0.95);
        sum += rgb[1];
        squares += rgb[1] * rgb[1];
    }
    *mean = sum / SAMPLES;
    *deviation = sqrt(fmax(0, squares / SAMPLES - *mean * *mean));
}

static void filtering_keeps_the_mean(void **state)
{
    (void)state;
    for (int k = HL_SYNTH_CLOUDS; k < PATTERNS; k++) {
        const hl_synth_texture t = texture(k, 5);
        double fine, fine_deviation, coarse, coarse_deviation;
        statistics(&t, 0.001, &fine, &fine_deviation);
        statistics(&t, 0.05, &coarse, &coarse_deviation);
        assert_true(fine_deviation > 0.02); /* there is something to see */
        assert_true(coarse_deviation <= 1.02 * fine_deviation);
        assert_true(fabs(coarse - fine) < 0.03);
    }
}

/* Mean difference of green left and right of the line u, over v. */
static double gap_across(const hl_synth_texture *t, const hl_synth_shape *s, double u)
{
    double gap = 0;
    for (int i = 0; i < 400; i++) {
        const double a = 1e-7, v = (i + 0.5) / 400;
        const hl_synth_chart left = {0, u > a ? u - a : 1 - a, v}, right = {0, u + a, v};
        double p[3], q[3], x[3], y[3];
        hl_synth_chart_point(s, &left, p);
        hl_synth_chart_point(s, &right, q);
        hl_synth_texture_at(t, s, p, 0.02, x);
        hl_synth_texture_at(t, s, q, 0.02, y);
        gap += fabs(x[1] - y[1]) / 400;
    }
    return gap;
}

/* The seam of a closed surface is no different from any other border of two cells. */
static void closed_surfaces_have_no_seam(void **state)
{
    (void)state;
    const double center[3] = {0, 0, 0}, size[3] = {1, 1, 1}, ring[3] = {1, 0.4, 0};
    const hl_synth_shape shapes[2] = {hl_synth_shape_make(HL_SYNTH_FRUSTUM, center, size, 0),
                                      hl_synth_shape_make(HL_SYNTH_TORUS, center, ring, 0)};
    for (int k = HL_SYNTH_CLOUDS; k < PATTERNS; k++) {
        if (k == HL_SYNTH_WOOD || k == HL_SYNTH_BRICK)
            continue; /* boards and bricks of four and two cells need not fit */
        const hl_synth_texture t = texture(k, 5);
        for (int j = 0; j < 2; j++) /* 38 cells go round */
            assert_true(gap_across(&t, &shapes[j], 0) <
                        0.01 + 1.6 * gap_across(&t, &shapes[j], 7 / 38.0));
    }
}

static void seeds_change_the_picture(void **state)
{
    (void)state;
    const hl_synth_shape s = slab();
    for (int k = HL_SYNTH_CLOUDS; k < PATTERNS; k++) {
        const hl_synth_texture a = texture(k, 1), b = texture(k, 2);
        int same = 0;
        for (int i = 0; i < 100; i++) {
            const double p[3] = {0.037 * i - 1.8, 1.7 - 0.031 * i, 0.1};
            double x[3], again[3], y[3];
            hl_synth_texture_at(&a, &s, p, 0.002, x);
            hl_synth_texture_at(&a, &s, p, 0.002, again);
            hl_synth_texture_at(&b, &s, p, 0.002, y);
            assert_memory_equal(x, again, sizeof x);
            same += x[1] == y[1];
        }
        assert_true(same < 10);
    }
}

/* Colours of known sRGB codes in linear light. */
static void colors_are_decoded(void **state)
{
    (void)state;
    double rgb[3];
    const double want[3] = {1, 0.2158605, 0};
    hl_synth_color(0xff8000, rgb);
    check_close(rgb, want, 3, 1e-6, 0);
}

static void noise_is_unbiased_and_smooth(void **state)
{
    (void)state;
    hl_rng rng = hl_rng_at(11, 0, 0, HL_RNG_TEST);
    double mean = 0, square = 0, most = 0;
    for (int i = 0; i < 20000; i++) {
        const double p[3] = {200 * (hl_rng_uniform(&rng) - 0.5), 200 * (hl_rng_uniform(&rng) - 0.5),
                             200 * (hl_rng_uniform(&rng) - 0.5)};
        const double q[3] = {p[0] + 1e-4, p[1], p[2]};
        const double a = hl_synth_noise(p, 3);
        assert_true(fabs(hl_synth_noise(q, 3) - a) < 5e-4); /* slope below 5 */
        mean += a / 20000;
        square += a * a / 20000;
        most = fmax(most, fabs(a));
    }
    assert_true(fabs(mean) < 0.01 && square > 0.03 && square < 0.15);
    assert_true(most > 0.6 && most <= 1.2);
    /* On lattice points gradient noise is zero. */
    const double lattice[3] = {-3, 7, 12};
    assert_true(hl_synth_noise(lattice, 3) == 0);
}

/* Cells against a search over a wider block of neighbours written here. */
static void nearest_cells_are_found(void **state)
{
    (void)state;
    hl_rng rng = hl_rng_at(12, 0, 0, HL_RNG_TEST);
    int other = 0;
    for (int i = 0; i < 500; i++) {
        const double p[3] = {20 * (hl_rng_uniform(&rng) - 0.5), 20 * (hl_rng_uniform(&rng) - 0.5),
                             20 * (hl_rng_uniform(&rng) - 0.5)};
        double best = 1e9;
        for (int k = 0; k < 125; k++) {
            const int32_t c[3] = {(int32_t)floor(p[0]) + k % 5 - 2,
                                  (int32_t)floor(p[1]) + k / 5 % 5 - 2,
                                  (int32_t)floor(p[2]) + k / 25 - 2};
            const uint32_t h = hl_synth_hash(c[0], c[1], c[2], 8);
            const double d[3] = {c[0] + (h & 1023) / 1024.0 - p[0],
                                 c[1] + (h >> 10 & 1023) / 1024.0 - p[1],
                                 c[2] + (h >> 20 & 1023) / 1024.0 - p[2]};
            best = fmin(best, sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
        }
        const hl_synth_cell cell = hl_synth_cells(p, 8);
        assert_true(cell.border >= 0);
        other += fabs(cell.nearest - best) > 1e-12;
    }
    assert_true(other <= 5); /* the nearest may lie two cells away, very rarely */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filtering_keeps_the_mean),
        cmocka_unit_test(closed_surfaces_have_no_seam),
        cmocka_unit_test(seeds_change_the_picture),
        cmocka_unit_test(colors_are_decoded),
        cmocka_unit_test(noise_is_unbiased_and_smooth),
        cmocka_unit_test(nearest_cells_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
