/* SPDX-License-Identifier: MIT */
/* Priors of the solve, and what the sky's start makes least: each is written here as its formula in
 * doubles (docs/relight.md), and its central differences are held against the solve's gradients. */
#include "core/memory.h"
#include "relight/fit/state.h"
#include "relight/fit/sun.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { MOST = 512 };

static const double pi = 3.14159265358979323846;

static float draw(hl_rng *rng, float least, float most)
{
    return least + (most - least) * hl_rng_uniform(rng);
}

/* Central differences of value(ctx, x) by all n parameters against got, to 1e-4 of the largest. */
static void check_slopes(double (*value)(const void *ctx, const double *x), const void *ctx,
                         const float *at, const float *got, int n)
{
    const double h = 1e-6;
    double x[MOST], want[MOST], all[MOST], most = 0;
    assert_true(n <= MOST);
    for (int i = 0; i < n; i++) {
        x[i] = (double)at[i];
        all[i] = (double)got[i];
    }
    for (int i = 0; i < n; i++) {
        const double keep = x[i];
        x[i] = keep + h;
        const double above = value(ctx, x);
        x[i] = keep - h;
        want[i] = (above - value(ctx, x)) / (2 * h);
        x[i] = keep;
        most = fmax(most, fabs(want[i]));
    }
    assert_true(most > 1e-5);
    check_close(all, want, n, 1e-4 * most, 1e-4);
}

/* |d|, a parabola below `soft`. */
static double softened(double d, double soft)
{
    return fabs(d) < soft ? d * d / (2 * soft) : fabs(d) - soft / 2;
}

/* ---- light ---------------------------------------------------------------------------------- */

enum { LIGHT_W = 12, LIGHT_H = 6, LIGHT = 3 * LIGHT_W * LIGHT_H };

typedef struct light_terms {
    double variation, white;
} light_terms;

/* variation mean over texels of sum_c |l - right| + |l - below|, l the logarithm, right around the
 * seam; white sum_c |M_c / M - 1|, M_c the mean radiance over the sphere, M their mean. */
static double light_value(const void *ctx, const double *x)
{
    const light_terms *t = ctx;
    double variation = 0, mean[3] = {0, 0, 0}, white = 0;
    for (int i = 0; i < LIGHT; i++) {
        const int c = i % 3, column = i / 3 % LIGHT_W, row = i / 3 / LIGHT_W;
        variation += fabs(x[i] - x[3 * (row * LIGHT_W + (column + 1) % LIGHT_W) + c]);
        if (row + 1 < LIGHT_H)
            variation += fabs(x[i] - x[i + 3 * LIGHT_W]);
        mean[c] += sin(pi * (row + 0.5) / LIGHT_H) * exp(x[i]);
    }
    for (int c = 0; c < 3; c++)
        white += fabs(3 * mean[c] / (mean[0] + mean[1] + mean[2]) - 1);
    return t->variation * variation / (LIGHT / 3.0) + t->white * white;
}

static void check_light(float variation, float white)
{
    const light_terms terms = {(double)variation, (double)white};
    hl_rng rng = hl_rng_at(1, 0, 0, HL_RNG_TEST);
    float p[LIGHT], g[LIGHT] = {0}, radiance[LIGHT];
    hl_fit fit = {.c = {.light_tv = variation, .light_white = white},
                  .env = {.width = LIGHT_W, .height = LIGHT_H, .radiance = radiance},
                  .light = {.count = LIGHT, .p = p, .g = g}};
    for (int i = 0; i < LIGHT; i++) { /* reddish: no two means near each other */
        p[i] = draw(&rng, -2, 2) + (i % 3 == 0 ? 1.5f : 0);
        radiance[i] = expf(p[i]);
    }
    hl_fit_light_prior(&fit);
    check_slopes(light_value, &terms, p, g, LIGHT);
}

static void the_variation_of_light(void **state)
{
    (void)state;
    check_light(0.7f, 0);
}

static void the_whiteness_of_light(void **state)
{
    (void)state;
    check_light(0, 0.3f);
    check_light(0.02f, 0.3f);
}

/* ---- neighbouring pixels -------------------------------------------------------------------- */

enum { PHOTO_W = 5, PHOTO_H = 4, PLANE_W = 8, PLANE = PLANE_W * PHOTO_H };

typedef struct picture {
    hl_image8 photo;
    hl_hit hit[PHOTO_W * PHOTO_H];
    float through[PLANE]; /* transmittance */
    hl_fit_config c;
    int count; /* pixels that the fit uses */
} picture;

static bool usable(const picture *p, int x, int y)
{
    return x < PHOTO_W && y < PHOTO_H && p->hit[y * PHOTO_W + x].triangle != HL_HIT_NONE &&
           p->through[y * PLANE_W + x] <= 0.5f;
}

/* Both pixels' blended materials over their alphas. */
static double pixels_value(const picture *p, const double *x, int at, int other)
{
    const double strength[HL_FIT_CHANNELS] = {
        (double)p->c.smooth_albedo / 3, (double)p->c.smooth_albedo / 3,
        (double)p->c.smooth_albedo / 3, (double)p->c.smooth_roughness, (double)p->c.smooth_metal};
    const int i = at / PLANE_W * PHOTO_W + at % PLANE_W;
    const int j = other / PLANE_W * PHOTO_W + other % PLANE_W;
    double step = 0, sum = 0;
    for (int c = 0; c < 3; c++)
        step += fabs((double)p->photo.data[4 * i + c] - (double)p->photo.data[4 * j + c]) / 765;
    for (int k = 0; k < HL_FIT_CHANNELS; k++)
        sum += strength[k] * fabs(x[k * PLANE + at] / (1 - (double)p->through[at]) -
                                  x[k * PLANE + other] / (1 - (double)p->through[other]));
    return exp(-10 * step) * sum;
}

static double smooth_value(const void *ctx, const double *x)
{
    const picture *p = ctx;
    double sum = 0;
    for (int y = 0; y < PHOTO_H; y++)
        for (int u = 0; u < PHOTO_W; u++) {
            const int at = y * PLANE_W + u;
            if (usable(p, u, y) && usable(p, u + 1, y))
                sum += pixels_value(p, x, at, at + 1);
            if (usable(p, u, y) && usable(p, u, y + 1))
                sum += pixels_value(p, x, at, at + PLANE_W);
        }
    return sum / (p->count + 1);
}

static void neighbouring_pixels(void **state)
{
    (void)state;
    picture p = {.c = {.smooth_albedo = 0.9f, .smooth_roughness = 0.5f, .smooth_metal = 0.7f},
                 .count = 13};
    float plane[HL_FIT_CHANNELS * PLANE], g[HL_FIT_CHANNELS * PLANE] = {0};
    hl_rng rng = hl_rng_at(2, 0, 0, HL_RNG_TEST);
    hl_fit_view view = {.hit = p.hit, .pixel_count = p.count};
    check_ok(hl_image8_create(&p.photo, PHOTO_W, PHOTO_H, 4));
    for (int i = 0; i < 4 * PHOTO_W * PHOTO_H; i++)
        p.photo.data[i] = (uint8_t)hl_rng_below(&rng, 60);
    for (int i = 0; i < PLANE; i++) /* one in six is too thin to count */
        p.through[i] = i % 6 == 5 ? 0.6f : draw(&rng, 0, 0.45f);
    p.hit[7].triangle = HL_HIT_NONE;
    for (int i = 0; i < HL_FIT_CHANNELS * PLANE; i++)
        plane[i] = draw(&rng, 0.1f, 0.9f);
    hl_raster_frame frame = {.width = PHOTO_W,
                             .height = PHOTO_H,
                             .stride = PLANE_W,
                             .rows = PHOTO_H,
                             .feature_plane = 3,
                             .transmittance = p.through};
    for (int k = 0; k < HL_FIT_CHANNELS; k++)
        frame.plane[3 + k] = plane + k * PLANE;
    hl_fit fit = {.c = p.c,
                  .scene = {.photos = &p.photo},
                  .view = &view,
                  .plane_grad = g,
                  .plane_floats = PLANE};
    hl_fit_smooth(&fit, 0, &frame);
    check_slopes(smooth_value, &p, plane, g, HL_FIT_CHANNELS * PLANE);
    hl_image8_release(&p.photo);
}

/* ---- vertices ------------------------------------------------------------------------------- */

enum { VERTICES = 14, EDGES = 30 };

/* Mean, over four steps in a row, of the softened differences along edges: all of them. */
static double edges_value(const void *ctx, const double *x)
{
    const hl_fit *fit = ctx;
    const double strength[HL_FIT_CHANNELS] = {
        (double)fit->c.smooth_albedo / 3, (double)fit->c.smooth_albedo / 3,
        (double)fit->c.smooth_albedo / 3, (double)fit->c.smooth_roughness,
        (double)fit->c.smooth_metal};
    double sum = 0;
    for (int e = 0; e < EDGES; e++)
        for (int c = 0; c < HL_FIT_CHANNELS; c++)
            sum += (double)fit->pair[e].weight * strength[c] *
                   softened(x[fit->pair[e].a * HL_FIT_CHANNELS + c] -
                                x[fit->pair[e].b * HL_FIT_CHANNELS + c],
                            0.05);
    return sum / (EDGES + 1);
}

/* Gradients of a set, a row of HL_FIT_CHANNELS each. */
static void rows_of(const hl_fit_set *set, float share, float *rows)
{
    for (int i = 0; i < set->metal.count; i++, rows += HL_FIT_CHANNELS) {
        for (int c = 0; c < 3; c++)
            rows[c] = share * set->albedo.g[3 * i + c];
        rows[HL_FIT_ROUGHNESS] = share * set->roughness.g[i];
        rows[HL_FIT_METAL] = share * set->metal.g[i];
    }
}

static void edges_of_the_mesh(void **state)
{
    (void)state;
    enum { N = VERTICES * HL_FIT_CHANNELS };
    hl_fit_pair pair[EDGES];
    float features[N], got[N];
    hl_rng rng = hl_rng_at(3, 0, 0, HL_RNG_TEST);
    hl_fit fit = {.c = {.smooth_albedo = 0.9f, .smooth_roughness = 0.5f, .smooth_metal = 0.7f},
                  .vertex_features = features,
                  .pair = pair,
                  .pair_count = EDGES};
    check_ok(hl_fit_set_create(&fit.of_vertices, VERTICES));
    for (int i = 0; i < N; i++) /* differences on both sides of the softening */
        features[i] = draw(&rng, 0.4f, 0.55f);
    for (int e = 0; e < EDGES; e++) {
        pair[e] = (hl_fit_pair){.a = e % VERTICES, .weight = draw(&rng, 0.1f, 1)};
        pair[e].b = (pair[e].a + 1 + (int)hl_rng_below(&rng, VERTICES - 1)) % VERTICES;
    }
    for (fit.step = 5; fit.step < 9; fit.step++)
        hl_fit_surface_smooth(&fit);
    rows_of(&fit.of_vertices, 0.25f, got);
    check_slopes(edges_value, &fit, features, got, N);
    hl_fit_set_release(&fit.of_vertices);
}

/* Mean of m (1 + 20 max(0.25 - mean albedo, 0)). */
static double metal_value(const void *ctx, const double *x)
{
    double sum = 0;
    for (int i = 0; i < VERTICES; i++, x += HL_FIT_CHANNELS)
        sum += x[HL_FIT_METAL] * (1 + 20 * fmax(0.25 - (x[0] + x[1] + x[2]) / 3, 0));
    return (double)((const hl_fit *)ctx)->c.prior_metal * sum / VERTICES;
}

static void price_of_metal(void **state)
{
    (void)state;
    enum { N = VERTICES * HL_FIT_CHANNELS };
    hl_rng rng = hl_rng_at(4, 0, 0, HL_RNG_TEST);
    hl_fit fit = {.c = {.prior_metal = 0.6f}};
    hl_fit_set *set = &fit.of_vertices;
    float features[N], got[N];
    check_ok(hl_fit_set_create(set, VERTICES));
    for (int i = 0; i < VERTICES; i++) { /* every other one is dark */
        for (int c = 0; c < 3; c++)
            set->albedo.p[3 * i + c] = i % 2 ? draw(&rng, 0.01f, 0.2f) : draw(&rng, 0.3f, 0.9f);
        set->metal.p[i] = draw(&rng, 0.05f, 1);
    }
    hl_fit_set_gather(set, features);
    hl_fit_metal_prior(&fit, set);
    rows_of(set, 1, got);
    check_slopes(metal_value, &fit, features, got, N);
    hl_fit_set_release(set);
}

/* ---- the sky of the start ------------------------------------------------------------------- */

enum { PAIRS = 40 };

typedef struct sky_case {
    hl_sun_pair pair[PAIRS];
    hl_sky_gather at[2 * PAIRS];
} sky_case;

/* pi / 64 sum over rays + the sun's share. */
static double irradiance(const hl_sky_gather *at, const double *x, int c)
{
    double sum = (double)at->bounce[c];
    for (int i = 0; i < HL_SKY_TEXELS; i++)
        sum += at->texel[i] * exp(x[3 * i + c]);
    return pi / 64 * sum + (double)at->sun * exp(x[3 * HL_SKY_TEXELS + c]);
}

static double sky_value(const void *ctx, const double *x)
{
    const sky_case *k = ctx;
    double pairs = 0, neighbours = 0;
    for (int i = 0; i < PAIRS; i++)
        for (int c = 0; c < 3; c++) {
            const double a = (double)k->pair[i].a.color[c] + 0.002;
            const double b = (double)k->pair[i].b.color[c] + 0.002;
            const double r = log(a / b) - log(irradiance(&k->at[2 * i], x, c) /
                                              irradiance(&k->at[2 * i + 1], x, c));
            pairs += softened(fmin(fabs(r), 0.7), 0.02) / PAIRS;
        }
    for (int i = 0; i < 3 * HL_SKY_TEXELS; i++) {
        const int c = i % 3, row = i / (3 * HL_SKY_WIDTH), column = i / 3 % HL_SKY_WIDTH;
        const double d = x[i] - x[3 * (row * HL_SKY_WIDTH + (column + 1) % HL_SKY_WIDTH) + c];
        const double e = row + 1 < HL_SKY_HEIGHT ? x[i] - x[i + 3 * HL_SKY_WIDTH] : 0;
        neighbours += 0.05 / 2 * (d * d + e * e) / HL_SKY_TEXELS;
    }
    return pairs + neighbours;
}

/* Rays of a point: most into a part of the sky, some onto the surface. */
static void make_gather(hl_rng *rng, hl_sky_gather *at)
{
    memset(at, 0, sizeof *at);
    for (int q = 0; q < 50; q++)
        at->texel[hl_rng_below(rng, HL_SKY_TEXELS)]++;
    for (int c = 0; c < 3; c++)
        at->bounce[c] = draw(rng, 1, 4);
    at->sun = hl_rng_below(rng, 2) ? draw(rng, 0.1f, 1) : 0;
}

static void the_sky_of_the_start(void **state)
{
    (void)state;
    sky_case k;
    float x[HL_SKY_UNKNOWNS], got[HL_SKY_UNKNOWNS];
    double at[HL_SKY_UNKNOWNS];
    int soft = 0, cut = 0;
    hl_rng rng = hl_rng_at(5, 0, 0, HL_RNG_TEST);
    for (int i = 0; i < HL_SKY_UNKNOWNS; i++)
        at[i] = (double)(x[i] = draw(&rng, -0.5f, 0.5f) + (i < 3 * HL_SKY_TEXELS ? 0 : 1));
    for (int i = 0; i < PAIRS; i++) {
        hl_sun_pair *p = &k.pair[i];
        make_gather(&rng, &k.at[2 * i]);
        make_gather(&rng, &k.at[2 * i + 1]);
        for (int c = 0; c < 3; c++) { /* explained, nearly so, and paint */
            const double r = i % 3 == 0 ? 0.03 : (i % 3 == 1 ? 0.5 : 1.5);
            const float off = draw(&rng, -1, 1) * (float)r;
            p->a.color[c] = 0.05f * (float)irradiance(&k.at[2 * i], at, c);
            p->b.color[c] = 0.05f * (float)irradiance(&k.at[2 * i + 1], at, c) * expf(off);
            soft += fabsf(off) < 0.015f;
            cut += fabsf(off) > 0.75f;
        }
    }
    assert_true(soft > 3 && cut > 3);
    const hl_sun_search search = {.pair = k.pair, .count = PAIRS};
    hl_sky_gradient(&search, k.at, x, got);
    check_slopes(sky_value, &k, x, got, HL_SKY_UNKNOWNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_variation_of_light), cmocka_unit_test(the_whiteness_of_light),
        cmocka_unit_test(neighbouring_pixels),    cmocka_unit_test(edges_of_the_mesh),
        cmocka_unit_test(price_of_metal),         cmocka_unit_test(the_sky_of_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
