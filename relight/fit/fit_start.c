/* SPDX-License-Identifier: MIT */
/* Where the solve starts: light and albedo. */
#include "core/color.h"
#include "core/log.h"
#include "core/memory.h"
#include "relight/fit/sun.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_START 0.02f /* of albedo                                            */
#define MOST_START  0.9f
#define LEAST_LIGHT (0.02f * HL_PI) /* irradiance, over the radiance of the even light      */
#define HIGHEST     0.6f            /* luminance that nine of ten vertices stay below       */

/* Spread over the four texels whose middles surround it. */
static void put_sun(hl_fit *fit, const float d[3], const float irradiance[3])
{
    const int32_t w = fit->env.width, h = fit->env.height;
    const float u = (0.5f - atan2f(d[1], d[0]) / (2 * HL_PI)) * (float)w - 0.5f;
    const float v = (0.5f - asinf(hl_clamp(d[2], -1, 1)) / HL_PI) * (float)h - 0.5f;
    const float fu = u - floorf(u), fv = v - floorf(v);
    for (int q = 0; q < 4; q++) {
        const int32_t x = ((int32_t)floorf(u) + q % 2 + w) % w;
        const int32_t y0 = (int32_t)floorf(v) + q / 2, y = y0 < 0 ? 0 : (y0 >= h ? h - 1 : y0);
        const float share = (q % 2 ? fu : 1 - fu) * (q / 2 ? fv : 1 - fv);
        const float top = HL_PI * (float)y / (float)h, low = HL_PI * (float)(y + 1) / (float)h;
        const float angle = 2 * HL_PI / (float)w * (cosf(top) - cosf(low));
        for (int c = 0; c < 3; c++) {
            float *l = &fit->light.p[3 * (y * w + x) + c];
            *l = fminf(logf(expf(*l) + fit->c.init_light * share * irradiance[c] / angle),
                       HL_FIT_LOG_MOST);
        }
    }
}

static void put_sky(hl_fit *fit, const float *radiance)
{
    const int32_t w = fit->env.width, h = fit->env.height;
    for (int32_t i = 0; i < w * h; i++)
        for (int c = 0; c < 3; c++) {
            const int32_t x = i % w * HL_SKY_WIDTH / w, y = i / w * HL_SKY_HEIGHT / h;
            fit->light.p[3 * i + c] += logf(radiance[3 * (y * HL_SKY_WIDTH + x) + c]);
        }
}

/* Mean colour of each vertex over the photos, linear; count 0 where none shows it. */
static void vertex_colors(const hl_fit *fit, float *sum, int32_t *count)
{
    for (int32_t k = 0; k < fit->scene.view_count; k++)
        for (int32_t q = 0; q < fit->view[k].pixel_count; q++) {
            const int32_t i = fit->view[k].pixel[q];
            const hl_hit *hit = &fit->view[k].hit[i];
            const hl_image8 *photo = &fit->scene.photos[k];
            const float w[3] = {1 - hit->u - hit->v, hit->u, hit->v};
            const int corner = w[1] > w[0] ? (w[2] > w[1] ? 2 : 1) : (w[2] > w[0] ? 2 : 0);
            const uint32_t v =
                fit->scene.mesh->triangles[3 * (size_t)hit->triangle + (size_t)corner];
            for (int c = 0; c < 3; c++)
                sum[3 * (size_t)v + (size_t)c] += hl_linear_from_srgb(
                    (float)photo->data[(size_t)i * (size_t)photo->channels + (size_t)c] / 255);
            count[v]++;
        }
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Factors of the albedo that make the mean light grey and bring the luminance that nine of ten
 * vertices stay below to HIGHEST. */
static void gauge(const hl_fit *fit, const float *albedo, float *room, float k[3])
{
    const int32_t n = fit->scene.mesh->vertex_count, w = fit->env.width, h = fit->env.height;
    double mean[3] = {0, 0, 0};
    for (int32_t i = 0; i < w * h; i++)
        for (int c = 0; c < 3; c++)
            mean[c] += sin(3.14159265358979323846 * (i / w + 0.5) / h) *
                       (double)fit->env.radiance[3 * i + c];
    for (int c = 0; c < 3; c++)
        k[c] = (float)(3 * mean[c] / (mean[0] + mean[1] + mean[2]));
    for (int32_t i = 0; i < n; i++) {
        const float *a = albedo + 3 * (size_t)i;
        const float rgb[3] = {k[0] * a[0], k[1] * a[1], k[2] * a[2]};
        room[i] = hl_luminance(rgb);
    }
    qsort(room, (size_t)n, sizeof *room, by_value);
    for (int c = 0; c < 3; c++)
        k[c] *= HIGHEST / fmaxf(room[(size_t)n * 9 / 10], 1e-3f);
}

static float bounded(float x)
{
    return hl_clamp(x, LEAST_START, MOST_START);
}

/* Albedo of a vertex: what it shows over the light that it gets; that of its splat where no photo
 * shows it.  albedo (vertices, 3): sums in, albedo out. */
static void divide(const hl_fit *fit, float *albedo, const int32_t *count)
{
    const float *e = hl_vertex_light_values(fit->bounces.light);
    for (int32_t v = 0; v < fit->scene.mesh->vertex_count; v++)
        for (size_t c = 0; c < 3; c++) {
            float *a = &albedo[3 * (size_t)v + c];
            const float light = fmaxf(e[3 * (size_t)v + c], LEAST_LIGHT * fit->c.init_light);
            *a = count[v] ? *a / (float)count[v] * HL_PI / light
                          : fit->of_splats.albedo.p[3 * (size_t)fit->vertex_splat[v] + c];
        }
}

static hl_status albedo_from_light(hl_fit *fit)
{
    const int32_t n = fit->scene.mesh->vertex_count;
    float *albedo = hl_alloc((size_t)n, 3 * sizeof *albedo);
    float *room = hl_alloc((size_t)n, sizeof *room);
    int32_t *count = hl_alloc((size_t)n, sizeof *count);
    const hl_status s = albedo && room && count ? HL_OK : HL_E_MEMORY;
    if (s == HL_OK) {
        vertex_colors(fit, albedo, count);
        divide(fit, albedo, count);
        float k[3] = {1, 1, 1};
        if (!fit->c.fixed_light)
            gauge(fit, albedo, room, k);
        for (int32_t i = 0; i < fit->light.count; i++)
            fit->light.p[i] -= logf(k[i % 3]);
        for (size_t i = 0; i < 3 * (size_t)n; i++)
            albedo[i] = bounded(k[i % 3] * albedo[i]);
        for (size_t i = 0; i < 3 * (size_t)n && fit->of_vertices.albedo.p; i++)
            fit->of_vertices.albedo.p[i] = albedo[i];
        for (int32_t i = 0; i < fit->scene.splats->count; i++)
            memcpy(fit->of_splats.albedo.p + 3 * (size_t)i,
                   albedo + 3 * (size_t)fit->splat_vertex[i], 3 * sizeof *albedo);
    }
    hl_free(albedo);
    hl_free(room);
    hl_free(count);
    return s;
}

/* Even light gives the pairs their irradiance; sky and sun, if there is one, go into the light. */
static hl_status look_for_sun(hl_fit *fit, bool *found)
{
    float irradiance[3] = {0, 0, 0}, radiance[3 * HL_SKY_WIDTH * HL_SKY_HEIGHT];
    hl_sun_search search;
    hl_status s = hl_sun_search_create(&search, fit);
    *found = s == HL_OK && hl_sun_find(&search);
    if (*found) {
        hl_sun_color(&search, search.list[0].d, irradiance);
        s = hl_sky_solve(&search, irradiance, radiance);
    }
    if (*found && s == HL_OK) {
        put_sky(fit, radiance);
        put_sun(fit, search.list[0].d, irradiance);
    }
    if (s == HL_OK)
        hl_log(HL_LOG_INFO, "a sun from %.2f %.2f %.2f explains %.1f %% of the differences%s",
               (double)search.list[0].d[0], (double)search.list[0].d[1],
               (double)search.list[0].d[2],
               100 * (double)(1 - search.list[0].score / fmaxf(search.without, 1e-20f)),
               *found ? "" : ": the light starts even");
    hl_sun_search_release(&search);
    return s;
}

hl_status hl_fit_guess(hl_fit *fit)
{
    bool found = fit->scene.light != NULL;
    if (!fit->c.guess || !fit->c.visibility || fit->scene.materials)
        return HL_OK;
    HL_TRY(hl_fit_bounces_solve(fit, &fit->bounces, &fit->env, fit->features, fit->vertex_splat));
    if (!found) {
        HL_TRY(look_for_sun(fit, &found));
        hl_fit_refresh_light(fit, true);
        if (found)
            HL_TRY(hl_fit_bounces_solve(fit, &fit->bounces, &fit->env, fit->features,
                                        fit->vertex_splat));
    }
    if (!found)
        return HL_OK;
    fit->known = true;
    HL_TRY(albedo_from_light(fit));
    hl_fit_refresh_light(fit, true);
    return HL_OK;
}
