/* SPDX-License-Identifier: MIT */
#include "relight/forward.h"

#include "core/memory.h"
#include "raster/covariance.h"
#include "raster/gbuffer.h"

#include <string.h>

enum { LIGHT = 3 * HL_SHADE_PARTS, CHANNELS = LIGHT + 1 }; /* the parts, then the shadow */

#define ALBEDO_LEAST 1e-4f /* diffuse light of darker pixels is nothing */

/* One place for each splat. */
typedef struct places {
    float *room; /* all of the below */
    float *position, *normal, *albedo, *roughness, *metal, *alpha;
} places;

static hl_status create_places(places *p, size_t n)
{
    p->room = hl_alloc(n, 12 * sizeof *p->room);
    if (!p->room)
        return HL_E_MEMORY;
    p->position = p->room;
    p->normal = p->room + 3 * n;
    p->albedo = p->room + 6 * n;
    p->roughness = p->room + 9 * n;
    p->metal = p->room + 10 * n;
    p->alpha = p->room + 11 * n;
    return HL_OK;
}

/* Coverage 1 for the splats that the view shows: the others are not lit. */
static hl_status find_shown(const hl_splat_surfaces *from, const hl_raster_view *view, float *alpha)
{
    const hl_raster_options o = {.antialiased = from->splats->antialiased,
                                 .outputs = HL_RASTER_MAX_WEIGHT};
    hl_raster_frame frame;
    HL_TRY(hl_raster_forward(from->raster, from->splats, view, &o, &frame));
    for (int32_t i = 0; i < from->splats->count; i++)
        alpha[i] = frame.max_weight[i] > HL_FORWARD_WEIGHT ? 1 : 0;
    return HL_OK;
}

static void fill_places(places *p, const hl_splat_surfaces *from, const float eye[3])
{
    const hl_splats *s = from->splats;
    memcpy(p->position, s->mean, 3 * (size_t)s->count * sizeof *p->position);
    for (size_t i = 0; i < (size_t)s->count; i++) {
        const float *m = from->materials + i * HL_GBUFFER_CHANNELS;
        if (!(p->alpha[i] > 0))
            continue;
        float q[4];
        hl_quat_unit(s->quat + 4 * i, q);
        hl_splat_normal(s->log_scale + 3 * i, q, s->mean + 3 * i, eye, p->normal + 3 * i);
        memcpy(p->albedo + 3 * i, m, 3 * sizeof *m);
        p->roughness[i] = m[3];
        p->metal[i] = m[4];
    }
}

/* Light of the splats, diffuse parts with their albedo -> (count, CHANNELS). */
static void gather(float *features, const hl_shade_result *lit, const places *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float *f = features + i * CHANNELS;
        for (size_t part = 0; part < HL_SHADE_PARTS; part++)
            for (size_t c = 0; c < 3; c++) {
                const bool diffuse = part <= HL_SHADE_DIFFUSE_INDIRECT;
                const float a = diffuse ? (1 - p->metal[i]) * p->albedo[3 * i + c] : 1;
                f[3 * part + c] = a * lit->part[part][3 * i + c];
            }
        f[LIGHT] = lit->shadow[i];
    }
}

/* Light of a pixel, its diffuse parts without the blended albedo again. */
static void read_pixel(hl_shade_result *r, const hl_raster_frame *f, const hl_shade_input *in,
                       size_t i)
{
    const size_t w = (size_t)f->width, at = i / w * (size_t)f->stride + i % w;
    const float alpha = 1 - f->transmittance[at];
    float *const *plane = f->plane + f->feature_plane;
    if (!(alpha > 0) || !(in->alpha[i] > 0))
        return;
    for (size_t part = 0; part < HL_SHADE_PARTS; part++)
        for (size_t c = 0; c < 3; c++) {
            const bool diffuse = part <= HL_SHADE_DIFFUSE_INDIRECT;
            const float a = diffuse ? (1 - in->metal[i]) * in->albedo[3 * i + c] : 1;
            r->part[part][3 * i + c] = a > ALBEDO_LEAST ? plane[3 * part + c][at] / (alpha * a) : 0;
        }
    r->shadow[i] = plane[LIGHT][at] / alpha;
}

static hl_status blend(hl_shade_result *result, const float *features,
                       const hl_splat_surfaces *from, const hl_raster_view *view,
                       const hl_shade_input *input)
{
    const hl_raster_options o = {
        .antialiased = from->splats->antialiased, .feature_count = CHANNELS, .features = features};
    hl_raster_frame frame;
    HL_TRY(hl_raster_forward(from->raster, from->splats, view, &o, &frame));
    HL_TRY(hl_shade_result_create(result, view->width, view->height));
    for (size_t i = 0; i < (size_t)view->width * (size_t)view->height; i++)
        read_pixel(result, &frame, input, i);
    return HL_OK;
}

hl_status hl_forward_shade(hl_shade_result *result, const hl_light_scene *scene,
                           const hl_splat_surfaces *from, const hl_raster_view *view,
                           const hl_shade_input *input, const hl_shade_options *options)
{
    const size_t n = (size_t)from->splats->count;
    float *features = hl_alloc(n, CHANNELS * sizeof *features);
    places p = {0};
    hl_shade_result lit = {0};
    hl_shade_options o = *options;
    o.snap = 0;
    hl_status s = features ? create_places(&p, n) : HL_E_MEMORY;
    if (s == HL_OK)
        s = find_shown(from, view, p.alpha);
    if (s == HL_OK) {
        hl_shade_input in = {.width = from->splats->count,
                             .height = 1,
                             .position = p.position,
                             .normal = p.normal,
                             .albedo = p.albedo,
                             .roughness = p.roughness,
                             .metal = p.metal,
                             .alpha = p.alpha};
        memcpy(in.eye, input->eye, sizeof in.eye);
        fill_places(&p, from, input->eye);
        s = hl_shade(&lit, scene, &in, &o);
    }
    if (s == HL_OK) {
        gather(features, &lit, &p, n);
        s = blend(result, features, from, view, input);
    }
    hl_shade_release(&lit);
    hl_free(p.room);
    hl_free(features);
    return s;
}
