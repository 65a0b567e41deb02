/* SPDX-License-Identifier: MIT */
/* A coarse sky from pairs of pixels: what makes their logarithms differ least. */
#include "core/memory.h"
#include "core/parallel.h"
#include "raster/adam.h"
#include "relight/fit/sun.h"

#include <math.h>
#include <string.h>

enum { SKY = HL_SKY_TEXELS, SKY_RAYS = HL_SKY_RAYS, SKY_STEPS = 300, N = HL_SKY_UNKNOWNS };

#define SOFT       0.02f /* differences below that are noise */
#define SKY_RATE   0.04f
#define SKY_SMOOTH 0.05f

typedef struct sky {
    const hl_sun_search *s;
    const float *d;    /* of the sun */
    hl_sky_gather *at; /* (2 count) */
    float log_radiance[N], m[N], v[N], g[N];
} sky;

static int32_t sky_texel(const float d[3])
{
    const float u = 0.5f - atan2f(d[1], d[0]) / (2 * HL_PI);
    const float v = 0.5f - asinf(hl_clamp(d[2], -1, 1)) / HL_PI;
    const int32_t x = (int32_t)(u * HL_SKY_WIDTH), y = (int32_t)(v * HL_SKY_HEIGHT);
    return (y < HL_SKY_HEIGHT ? y : HL_SKY_HEIGHT - 1) * HL_SKY_WIDTH + (x < HL_SKY_WIDTH ? x : 0);
}

static void gather_point(void *ctx, int32_t i, int32_t thread)
{
    (void)thread;
    const sky *k = ctx;
    const hl_fit *fit = k->s->fit;
    const hl_sun_point *s = i % 2 ? &k->s->pair[i / 2].b : &k->s->pair[i / 2].a;
    const hl_estimate_scene scene = {
        .mesh = fit->scene.mesh, .bounce = fit->bounces.radiance, .bounce_weight = 1};
    hl_rng rng = hl_rng_at((uint64_t)fit->c.seed, (uint64_t)i, 3, HL_RNG_FIT);
    const float shift[2] = {hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
    hl_sky_gather *out = &k->at[i];
    for (uint32_t q = 0; q < SKY_RAYS; q++) {
        hl_ray ray = {.t_min = 0, .t_max = 1e30f};
        hl_hit hit;
        float u[2], rgb[3];
        hl_sample_square(q, SKY_RAYS, shift, u);
        hl_sample_cosine(s->normal, u[0], u[1], ray.direction);
        memcpy(ray.origin, s->x, sizeof ray.origin);
        if (!hl_bvh_closest(&fit->bvh, &ray, &hit)) {
            out->texel[sky_texel(ray.direction)]++;
            continue;
        }
        hl_estimate_bounce(&scene, &ray, &hit, rgb);
        for (int c = 0; c < 3; c++)
            out->bounce[c] += rgb[c] / fit->c.init_light;
    }
    out->sun = hl_sun_cosine(fit, s, k->d);
}

static float irradiance_of(const hl_sky_gather *at, const float *radiance, int c)
{
    float sum = at->bounce[c];
    for (int32_t j = 0; j < SKY; j++)
        sum += (float)at->texel[j] * radiance[3 * j + c];
    return HL_PI / SKY_RAYS * fmaxf(sum, 0.01f * SKY_RAYS) + radiance[3 * SKY + c] * at->sun;
}

/* d (log E) * weight into the gradient. */
static void add_sky(float *g, const hl_sky_gather *at, const float *radiance, int c, float weight)
{
    for (int32_t j = 0; j < SKY; j++)
        g[3 * j + c] += weight * HL_PI / SKY_RAYS * (float)at->texel[j] * radiance[3 * j + c];
    g[3 * SKY + c] += weight * at->sun * radiance[3 * SKY + c];
}

/* One pass over the pairs: mean of min(|log (a E_b) - log (b E_a)|, HL_SUN_CUT) and its gradient.
 */
static void pair_gradients(const hl_sun_search *s, const hl_sky_gather *at, const float *radiance,
                           float *g)
{
    for (int32_t i = 0; i < s->count; i++)
        for (int c = 0; c < 3; c++) {
            const hl_sky_gather *a = &at[2 * i], *b = &at[2 * i + 1];
            const float ea = irradiance_of(a, radiance, c);
            const float eb = irradiance_of(b, radiance, c);
            const float r = logf((s->pair[i].a.color[c] + HL_SUN_DARK) * eb /
                                 ((s->pair[i].b.color[c] + HL_SUN_DARK) * ea));
            if (fabsf(r) >= HL_SUN_CUT)
                continue;
            const float sign = hl_clamp(r / SOFT, -1, 1) / (float)s->count;
            add_sky(g, a, radiance, c, -sign / ea);
            add_sky(g, b, radiance, c, sign / eb);
        }
}

/* Neighbours alike: quadratic in the logarithm. */
static void sky_prior(const float *log_radiance, float *g)
{
    for (int32_t i = 0; i < SKY; i++) {
        const int32_t x = i % HL_SKY_WIDTH, y = i / HL_SKY_WIDTH;
        const int32_t other[2] = {y * HL_SKY_WIDTH + (x + 1) % HL_SKY_WIDTH,
                                  y + 1 < HL_SKY_HEIGHT ? i + HL_SKY_WIDTH : i};
        for (int q = 0; q < 2; q++)
            for (int c = 0; c < 3; c++) {
                const float d = log_radiance[3 * i + c] - log_radiance[3 * other[q] + c];
                g[3 * i + c] += SKY_SMOOTH * d / SKY;
                g[3 * other[q] + c] -= SKY_SMOOTH * d / SKY;
            }
    }
}

void hl_sky_gradient(const hl_sun_search *s, const hl_sky_gather *at,
                     const float log_radiance[HL_SKY_UNKNOWNS], float gradient[HL_SKY_UNKNOWNS])
{
    float radiance[N];
    for (int i = 0; i < N; i++) {
        radiance[i] = expf(log_radiance[i]);
        gradient[i] = 0;
    }
    pair_gradients(s, at, radiance, gradient);
    sky_prior(log_radiance, gradient);
}

static void solve_sky(sky *k)
{
    for (int32_t step = 1; step <= SKY_STEPS; step++) {
        hl_sky_gradient(k->s, k->at, k->log_radiance, k->g);
        hl_adam_step_array(k->log_radiance, k->m, k->v, k->g, N,
                           SKY_RATE * (1 - 0.9f * (float)step / SKY_STEPS), step);
    }
}

hl_status hl_sky_solve(const hl_sun_search *s, float irradiance[3], float *radiance)
{
    sky *k = hl_alloc(1, sizeof *k);
    hl_sky_gather *at = hl_alloc(2 * (size_t)s->count, sizeof *at);
    const hl_status status = k && at ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK) {
        *k = (sky){.s = s, .d = s->list[0].d, .at = at};
        for (int c = 0; c < 3; c++)
            k->log_radiance[3 * SKY + c] = logf(irradiance[c]);
        hl_parallel_for(2 * s->count, gather_point, k);
        solve_sky(k);
        for (int i = 0; i < 3 * SKY; i++)
            radiance[i] = expf(k->log_radiance[i]);
        for (int c = 0; c < 3; c++)
            irradiance[c] = expf(k->log_radiance[3 * SKY + c]);
    }
    hl_free(k);
    hl_free(at);
    return status;
}
