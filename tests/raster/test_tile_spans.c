/* SPDX-License-Identifier: MIT */
/* raster/tile.h against every pixel: no pixel where alpha counts lies outside the tiles named, and
 * few tiles are named in vain. */
#define HL_REAL double
#include "core/rng.h"
#include "raster/blend.h"
#include "raster/tile.h"
#include "tests/check.h"
#include "tests/raster/oracle.h"

enum { COLUMNS = 9, ROWS = 6, WIDTH = COLUMNS * HL_TILE, HEIGHT = ROWS * HL_TILE };

typedef struct blob {
    double mu[2], conic[3], det, opacity;
} blob;

/* Standard deviations s along the angle, t across it; d of dilation. */
static blob make_blob(double x, double y, const double axes[3], double opacity)
{
    const double c = cos(axes[2]), n = sin(axes[2]), s = axes[0] * axes[0], t = axes[1] * axes[1];
    blob b = {.mu = {x, y}, .opacity = opacity};
    b.det = 1 / (s * t);
    b.conic[0] = c * c / s + n * n / t;
    b.conic[1] = c * n * (1 / s - 1 / t);
    b.conic[2] = n * n / s + c * c / t;
    return b;
}

typedef struct verdict {
    int32_t touched, needed, lost; /* tiles, tiles, pixels              */
    int32_t rows, idle;            /* rows of strips named, in vain     */
} verdict;

static int contributes(const blob *b, int x, int y)
{
    int clamped;
    return hl_pair_alpha(x + 0.5 - b->mu[0], y + 0.5 - b->mu[1], b->conic, b->opacity, &clamped) >
           0;
}

/* One strip of columns: the tiles and rows named against each of its pixels. */
static void examine_strip(const blob *b, const hl_ellipse *e, int column, verdict *v)
{
    double y[2];
    int first = 0, last = -1, needed[ROWS] = {0};
    const double x0 = column * HL_TILE + 0.5;
    if (!(e && hl_ellipse_span(e, x0, x0 + HL_TILE - 1, y) &&
          hl_span_pixels(y, HEIGHT, &first, &last)))
        last = first - 1;
    assert_true(first >= 0 && last < HEIGHT);
    for (int py = 0; py < HEIGHT; py++) {
        int pixels = 0;
        for (int px = column * HL_TILE; px < (column + 1) * HL_TILE; px++)
            pixels += contributes(b, px, py);
        const int named = py >= first && py <= last;
        needed[py / HL_TILE] += pixels;
        v->lost += named ? 0 : pixels;
        v->rows += named;
        v->idle += named && pixels == 0;
    }
    for (int t = 0; t < ROWS; t++) {
        v->needed += needed[t] > 0;
        v->touched += last >= first && t >= first / HL_TILE && t <= last / HL_TILE;
    }
}

static void examine(const blob *b, verdict *v)
{
    hl_ellipse e;
    const int drawn = hl_ellipse_init(&e, b->mu, b->conic, b->det, log(b->opacity));
    for (int column = 0; column < COLUMNS; column++)
        examine_strip(b, drawn ? &e : NULL, column, v);
}

static void random_ellipses(void **state)
{
    (void)state;
    verdict v = {0};
    for (uint64_t i = 0; i < 2000; i++) {
        hl_rng rng = hl_rng_at(1, 0, i, HL_RNG_TEST);
        const double axes[3] = {exp(4 * hl_rng_uniform(&rng) - 0.6),
                                exp(4 * hl_rng_uniform(&rng) - 0.6), 3.2 * hl_rng_uniform(&rng)};
        const double x = (WIDTH + 60) * hl_rng_uniform(&rng) - 30;
        const double y = (HEIGHT + 60) * hl_rng_uniform(&rng) - 30;
        const blob b = make_blob(x, y, axes, exp(-5.5 * hl_rng_uniform(&rng)));
        examine(&b, &v);
    }
    print_message("random: %d tiles touched, %d needed; %d of %d rows idle\n", v.touched, v.needed,
                  v.idle, v.rows);
    assert_int_equal(v.lost, 0);
    assert_true(v.needed > 6000 && v.touched <= v.needed * 1.005);
    assert_true(v.idle <= v.rows * 0.005);
}

/* Needles: as thin as the dilation lets them be, as long as the picture and longer. */
static void needles(void **state)
{
    (void)state;
    verdict v = {0};
    for (uint64_t i = 0; i < 600; i++) {
        hl_rng rng = hl_rng_at(2, 0, i, HL_RNG_TEST);
        const double axes[3] = {exp(3 + 7 * hl_rng_uniform(&rng)), sqrt(i % 2 ? 0.1 : 0.3),
                                i % 5 ? 3.2 * hl_rng_uniform(&rng)
                                      : 0.785398163397448 * (double)(i % 4)};
        const double x = WIDTH * hl_rng_uniform(&rng), y = HEIGHT * hl_rng_uniform(&rng);
        const blob b = make_blob(x, y, axes, 1 - hl_rng_uniform(&rng));
        examine(&b, &v);
    }
    print_message("needles: %d tiles touched, %d needed\n", v.touched, v.needed);
    assert_int_equal(v.lost, 0);
    assert_true(v.needed > 2000 && v.touched <= v.needed * 1.1);
}

/* Means on tile edges, pixel centres and corners; sizes that end exactly there too. */
static void means_on_edges(void **state)
{
    (void)state;
    verdict v = {0};
    static const double at[9] = {0, 0.5, 15.5, 16, 16.5, 31.5, 32, 47.5, 143.5};
    static const double sigma[4] = {0.3162277660168379, 0.5477225575051661, 1, 2};
    for (int k = 0; k < 9 * 9 * 4 * 2; k++) {
        const double s = sigma[k / 81 % 4], axes[3] = {s, k / 324 ? 3 * s : s, 0.4};
        const blob b = make_blob(at[k % 9], at[k / 9 % 9], axes, 0.9);
        examine(&b, &v);
        /* opacity whose ellipse ends exactly r px from the mean: on the next pixel centre */
        for (int r = 1; r <= 4; r += 3) {
            const double q = r * r / (s * s);
            if (q > 11)
                continue;
            const blob exact = make_blob(at[k % 9], at[k / 9 % 9], axes, exp(q / 2) / 255);
            examine(&exact, &v);
        }
    }
    print_message("edges: %d tiles touched, %d needed\n", v.touched, v.needed);
    assert_int_equal(v.lost, 0);
    assert_true(v.touched <= v.needed * 1.05);
}

/* The weakest splat that counts reaches one pixel centre if its mean is there, none otherwise. */
static void weakest(void **state)
{
    (void)state;
    verdict v = {0};
    const double axes[3] = {1, 1, 0};
    blob b = make_blob(16.5, 31.5, axes, 1.0 / 255);
    examine(&b, &v);
    assert_true(v.needed == 1 && v.lost == 0 && v.touched == 1);
    hl_ellipse e;
    b.opacity = 0.99 / 255;
    assert_int_equal(hl_ellipse_init(&e, b.mu, b.conic, b.det, log(b.opacity)), 0);
    b.opacity = (double)NAN;
    assert_int_equal(hl_ellipse_init(&e, b.mu, b.conic, b.det, log(b.opacity)), 0);
    for (int k = 0; k < 2; k++) { /* without extent along x or y */
        blob flat = make_blob(16.5, 31.5, axes, 0.5);
        flat.conic[2 * k] = 0;
        assert_int_equal(hl_ellipse_init(&e, flat.mu, flat.conic, flat.det, log(0.5)), 0);
    }
}

/* Box and turning point of an ellipse, by walking along its rim. */
static void extents_by_walking_the_rim(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 50; i++) {
        hl_rng rng = hl_rng_at(3, 0, i, HL_RNG_TEST);
        const double axes[3] = {1 + 9 * hl_rng_uniform(&rng), 1 + hl_rng_uniform(&rng),
                                3.2 * hl_rng_uniform(&rng)};
        const blob b = make_blob(0, 0, axes, 0.8);
        hl_ellipse e;
        assert_int_equal(hl_ellipse_init(&e, b.mu, b.conic, b.det, log(b.opacity)), 1);
        const double c = cos(axes[2]), n = sin(axes[2]), r = sqrt(e.q_max);
        double half[2] = {0, 0}, dx = 0;
        for (int k = 0; k < 20000; k++) {
            const double a = k * 2 * acos(-1.0) / 20000;
            const double u = r * axes[0] * cos(a), w = r * axes[1] * sin(a);
            const double x = c * u - n * w, y = n * u + c * w;
            if (y > half[1]) {
                half[1] = y;
                dx = x;
            }
            half[0] = fmax(half[0], x);
            const double root = hl_ellipse_root(&e, x), middle = -b.conic[1] * x / b.conic[2];
            assert_true(fabs(fabs(y - middle) - root / b.conic[2]) < 1e-5 * axes[0]);
        }
        check_close(e.half, half, 2, 1e-9, 1e-6);
        check_close(&e.dx_lowest, &dx, 1, 1e-2, 0);
        const double q = 2 * log(0.8 * 255);
        assert_true(e.q_max > q && e.q_max < q * 1.001);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_ellipses),
        cmocka_unit_test(needles),
        cmocka_unit_test(means_on_edges),
        cmocka_unit_test(weakest),
        cmocka_unit_test(extents_by_walking_the_rim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
