/* SPDX-License-Identifier: MIT */
#include "core/color.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "relight/fit/sun.h"

#include <math.h>
#include <string.h>

enum {
    PAIRS = 4096,
    LEAST_PAIRS = 100, /* below that there is no telling */
    SPARSE = 2,        /* pixels of all photos for each of them at least */
    REACH = 8,         /* pixels between those of a pair at most                 */
    COARSE = 480,      /* directions of the first round, about 9 degrees apart   */
    ROUNDS = 5,        /* finer ones, each of half the width                     */
    TRIES = 16,        /* new directions around each that was kept               */
    STRENGTHS = 10,    /* of the sun against the even light, each twice the last */
    FINE = 40          /* the same per channel, in steps of 2^(1/4)              */
};

#define BRIGHT  0.97f /* photo values near the limit tell nothing                        */
#define WORTH   0.03f /* share of the differences that a sun must explain; chance makes 0.01 */
#define WEAKEST (0.25f * HL_PI) /* irradiance of the weakest sun, over even light of radiance 1 */
#define WIDTH   0.14f /* of the first finer round, radians                               */
#define HUE     0.5f  /* largest difference of log r / g and log b / g in a pair             */
#define LEAST   0.05f /* irradiance of even light below which a pixel tells nothing      */

/* ---- pairs ---------------------------------------------------------------------------------- */

static bool look(const hl_fit *fit, int32_t view, int32_t i, hl_sun_point *s)
{
    const hl_fit_view *v = &fit->view[view];
    const hl_image8 *photo = &fit->scene.photos[view];
    const hl_mesh *mesh = fit->scene.mesh;
    const hl_hit *hit = &v->hit[i];
    hl_estimate_point p;
    if (hit->triangle == HL_HIT_NONE ||
        (photo->channels == 4 && photo->data[4 * (size_t)i + 3] < HL_FIT_OPAQUE))
        return false;
    hl_fit_point_at(mesh, &fit->scene.views[view], i, hit, &p);
    memcpy(s->normal, p.surface.normal, sizeof s->normal);
    const float w[3] = {1 - hit->u - hit->v, hit->u, hit->v};
    const float *e = hl_vertex_light_values(fit->bounces.light);
    float most = 0;
    for (int c = 0; c < 3; c++) {
        s->x[c] = p.x[c] + fit->offset * p.geometric[c];
        s->even[c] = 0;
        for (int q = 0; q < 3; q++)
            s->even[c] +=
                w[q] *
                e[3 * (size_t)mesh->triangles[3 * (size_t)hit->triangle + (size_t)q] + (size_t)c];
        const float shown =
            (float)photo->data[(size_t)i * (size_t)photo->channels + (size_t)c] / 255;
        most = fmaxf(most, shown);
        s->color[c] = hl_linear_from_srgb(shown);
    }
    for (int c = 0; c < 3; c++)
        s->even[c] /= fit->c.init_light;
    return most < BRIGHT && hl_luminance(s->color) > HL_SUN_DARK && hl_luminance(s->even) > LEAST;
}

/* Paint of another hue tells nothing; light and shadow differ less. */
static bool same_hue(const hl_sun_point *a, const hl_sun_point *b)
{
    const float floor = HL_SUN_DARK;
    for (int c = 0; c < 3; c += 2) {
        const float x = (a->color[c] + floor) * (b->color[1] + floor);
        const float y = (b->color[c] + floor) * (a->color[1] + floor);
        if (fabsf(logf(x / y)) > HUE)
            return false;
    }
    return true;
}

/* How many pairs the photos are good for. */
static int32_t pairs_wanted(const hl_fit *fit)
{
    int64_t pixels = 0;
    for (int32_t k = 0; k < fit->scene.view_count; k++)
        pixels += fit->view[k].pixel_count;
    return pixels / SPARSE < PAIRS ? (int32_t)(pixels / SPARSE) : PAIRS;
}

static void draw_pairs(hl_sun_search *s)
{
    const hl_fit *fit = s->fit;
    const int32_t wanted = pairs_wanted(fit);
    hl_rng rng = hl_rng_at((uint64_t)fit->c.seed, 0, 1, HL_RNG_FIT);
    for (int32_t tries = 0; tries < 8 * wanted && s->count < wanted; tries++) {
        const int32_t k = (int32_t)hl_rng_below(&rng, (uint32_t)fit->scene.view_count);
        const hl_fit_view *v = &fit->view[k];
        const int32_t dx = (int32_t)hl_rng_below(&rng, 2 * REACH + 1) - REACH;
        const int32_t dy = (int32_t)hl_rng_below(&rng, 2 * REACH + 1) - REACH;
        const uint32_t pick = (uint32_t)(v->pixel_count ? v->pixel_count : 1);
        const uint32_t at = hl_rng_below(&rng, pick);
        if (!v->pixel_count)
            continue;
        const int32_t w = fit->scene.views[k].width, h = fit->scene.views[k].height;
        const int32_t i = v->pixel[at], x = i % w + dx, y = i / w + dy;
        if (x < 0 || y < 0 || x >= w || y >= h)
            continue;
        hl_sun_pair *p = &s->pair[s->count];
        s->count +=
            look(fit, k, i, &p->a) && look(fit, k, y * w + x, &p->b) && same_hue(&p->a, &p->b);
    }
}

/* ---- directions ----------------------------------------------------------------------------- */

/* Cosine towards d where nothing is in the way, else 0. */
float hl_sun_cosine(const hl_fit *fit, const hl_sun_point *s, const float d[3])
{
    hl_ray ray = {.t_min = 0, .t_max = 1e30f};
    const float cosine = hl_dot3(s->normal, d);
    if (cosine <= 0)
        return 0;
    memcpy(ray.origin, s->x, sizeof ray.origin);
    memcpy(ray.direction, d, sizeof ray.direction);
    return hl_bvh_any(&fit->bvh, &ray) ? 0 : cosine;
}

static float left_over(float a, float b, float even_a, float even_b)
{
    return fminf(fabsf(logf((a * even_b) / (b * even_a))), HL_SUN_CUT);
}

static void try_direction(void *ctx, int32_t i, int32_t thread)
{
    (void)thread;
    const hl_sun_search *s = ctx;
    hl_sun_candidate *c = &s->list[i];
    float sum[STRENGTHS] = {0};
    for (int32_t k = 0; k < s->count; k++) {
        const hl_sun_pair *p = &s->pair[k];
        const float a = hl_sun_cosine(s->fit, &p->a, c->d), b = hl_sun_cosine(s->fit, &p->b, c->d);
        const float ya = hl_luminance(p->a.color), yb = hl_luminance(p->b.color);
        const float ea = hl_luminance(p->a.even), eb = hl_luminance(p->b.even);
        float strength = WEAKEST;
        for (int q = 0; q < STRENGTHS; q++, strength *= 2)
            sum[q] += left_over(ya, yb, ea + strength * a, eb + strength * b);
    }
    c->score = INFINITY;
    for (int q = 0; q < STRENGTHS; q++)
        if (sum[q] < c->score) {
            c->score = sum[q];
            c->strength = WEAKEST * (float)(1 << q);
        }
}

static float without_sun(const hl_sun_search *s)
{
    float sum = 0;
    for (int32_t k = 0; k < s->count; k++) {
        const hl_sun_pair *p = &s->pair[k];
        sum += left_over(hl_luminance(p->a.color), hl_luminance(p->b.color),
                         hl_luminance(p->a.even), hl_luminance(p->b.even));
    }
    return sum;
}

/* The best first; ties go to the earlier one. */
static void keep_best(hl_sun_candidate *list, int32_t count)
{
    for (int32_t i = 0; i < HL_SUN_KEPT; i++)
        for (int32_t k = i + 1; k < count; k++)
            if (list[k].score < list[i].score) {
                const hl_sun_candidate swap = list[i];
                list[i] = list[k];
                list[k] = swap;
            }
}

static void search_sphere(hl_sun_search *s)
{
    hl_rng rng = hl_rng_at((uint64_t)s->fit->c.seed, 0, 2, HL_RNG_FIT);
    for (int32_t i = 0; i < COARSE; i++) { /* Fibonacci's spiral */
        const float z = 1 - (2 * (float)i + 1) / COARSE, r = sqrtf(1 - z * z);
        const float turn = 2.3999632f * (float)i;
        s->list[i] = (hl_sun_candidate){{r * cosf(turn), r * sinf(turn), z}, 0, 0};
    }
    hl_parallel_for(COARSE, try_direction, s);
    keep_best(s->list, COARSE);
    float width = WIDTH;
    for (int round = 0; round < ROUNDS; round++, width *= 0.5f) {
        hl_sun_search more = *s;
        more.list += HL_SUN_KEPT;
        for (int32_t i = 0; i < HL_SUN_KEPT * TRIES; i++) {
            hl_sun_candidate *c = &more.list[i];
            for (int k = 0; k < 3; k++)
                c->d[k] = s->list[i / TRIES].d[k] + width * (2 * hl_rng_uniform(&rng) - 1);
            hl_normalize3(c->d, c->d);
        }
        hl_parallel_for(HL_SUN_KEPT * TRIES, try_direction, &more);
        keep_best(s->list, HL_SUN_KEPT + HL_SUN_KEPT * TRIES);
    }
}

/* Irradiance of the sun per channel, over even light of radiance 1. */
void hl_sun_color(const hl_sun_search *s, const float d[3], float irradiance[3])
{
    float best[3] = {INFINITY, INFINITY, INFINITY};
    for (int32_t q = 0; q < FINE; q++) {
        const float strength = WEAKEST * powf(2, (float)q / 4);
        float sum[3] = {0, 0, 0};
        for (int32_t k = 0; k < s->count; k++) {
            const hl_sun_pair *p = &s->pair[k];
            const float a = hl_sun_cosine(s->fit, &p->a, d), b = hl_sun_cosine(s->fit, &p->b, d);
            for (int c = 0; c < 3; c++)
                sum[c] += left_over(p->a.color[c] + HL_SUN_DARK, p->b.color[c] + HL_SUN_DARK,
                                    p->a.even[c] + strength * a, p->b.even[c] + strength * b);
        }
        for (int c = 0; c < 3; c++)
            if (sum[c] < best[c]) {
                best[c] = sum[c];
                irradiance[c] = strength;
            }
    }
}

hl_status hl_sun_search_create(hl_sun_search *s, const hl_fit *fit)
{
    const int32_t room = COARSE > HL_SUN_KEPT * (TRIES + 1) ? COARSE : HL_SUN_KEPT * (TRIES + 1);
    *s = (hl_sun_search){.fit = fit,
                         .pair = hl_alloc(PAIRS, sizeof *s->pair),
                         .list = hl_alloc((size_t)room, sizeof *s->list)};
    if (!s->pair || !s->list)
        return HL_E_MEMORY;
    draw_pairs(s);
    s->without = without_sun(s);
    return HL_OK;
}

void hl_sun_search_release(hl_sun_search *s)
{
    hl_free(s->pair);
    hl_free(s->list);
}

bool hl_sun_find(hl_sun_search *s)
{
    search_sphere(s);
    return s->count > LEAST_PAIRS && s->list[0].score < (1 - WORTH) * s->without;
}
