/* SPDX-License-Identifier: MIT */
#include "relight/bake.h"

#include "core/color.h"
#include "core/memory.h"
#include "core/mesh_atlas.h"
#include "core/se3.h"
#include "core/sh.h"

#include <math.h>
#include <string.h>

/* ---- light -------------------------------------------------------------------------------- */

enum { CHANNELS = 4 }; /* colour, and 1 for the sum of weights */

#define SEEN_LEAST 1e-4f /* sum of weights, pixels: less is not seen */
#define UNSEEN     0.5f  /* sRGB code of splats that no view sees   */

typedef struct baking {
    hl_raster *raster;
    hl_splats *splats;
    float *color; /* (splats, CHANNELS) sRGB codes, and 1      */
    float *grad;  /* (splats, CHANNELS) of one view            */
    double *sum;  /* (splats, CHANNELS) over views             */
    float *plane; /* (CHANNELS, rows * stride) residuals       */
    size_t room;  /* floats of one plane                       */
} baking;

static hl_status clear_residual(baking *b, size_t floats)
{
    if (!b->plane || b->room < floats) {
        hl_free(b->plane);
        b->room = 0;
        b->plane = hl_alloc(floats, CHANNELS * sizeof *b->plane);
        if (!b->plane)
            return HL_E_MEMORY;
        b->room = floats;
    }
    memset(b->plane, 0, CHANNELS * b->room * sizeof *b->plane);
    return HL_OK;
}

/* What the picture has and the blended colours lack, and 1 for every pixel. */
static void fill_residual(baking *b, const hl_raster_frame *f, const hl_image *image)
{
    for (int32_t y = 0; y < f->height; y++)
        for (int32_t x = 0; x < f->width; x++) {
            const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
            const float *p = image->data + 4 * ((size_t)y * (size_t)f->width + (size_t)x);
            const bool lit = p[3] > 0;
            const float alpha = 1 - f->transmittance[at];
            for (int c = 0; c < 3; c++) {
                const float want = hl_clamp(hl_srgb_from_linear(hl_max(p[c], 0)), 0, 1) * alpha;
                b->plane[(size_t)c * b->room + at] =
                    lit ? want - f->plane[f->feature_plane + c][at] : 0;
            }
            b->plane[3 * b->room + at] = lit ? 1 : 0;
        }
}

static hl_status add_view(baking *b, const hl_bake_picture *p)
{
    hl_raster_frame f;
    hl_raster_frame_grad grad = {0};
    hl_raster_sink sink = {.feature_grad = b->grad};
    const hl_raster_options o = {
        .antialiased = b->splats->antialiased, .feature_count = CHANNELS, .features = b->color};
    HL_TRY(hl_raster_forward(b->raster, b->splats, &p->view, &o, &f));
    HL_TRY(clear_residual(b, (size_t)f.rows * (size_t)f.stride));
    fill_residual(b, &f, &p->image);
    for (int c = 0; c < CHANNELS; c++)
        grad.plane[f.feature_plane + c] = b->plane + (size_t)c * b->room;
    HL_TRY(hl_raster_backward(b->raster, b->splats, &grad, &sink));
    for (size_t i = 0; i < (size_t)b->splats->count * CHANNELS; i++)
        b->sum[i] += (double)b->grad[i];
    return HL_OK;
}

static void step(baking *b, bool first)
{
    for (size_t i = 0; i < (size_t)b->splats->count; i++) {
        float *color = b->color + CHANNELS * i;
        const double *sum = b->sum + CHANNELS * i;
        if (sum[3] > (double)SEEN_LEAST)
            for (int c = 0; c < 3; c++)
                color[c] = hl_clamp(color[c] + (float)(sum[c] / sum[3]), 0, 1);
        else if (first)
            color[0] = color[1] = color[2] = UNSEEN;
    }
    memset(b->sum, 0, (size_t)b->splats->count * CHANNELS * sizeof *b->sum);
}

static void store(const baking *b)
{
    hl_splats *s = b->splats;
    s->sh_degree = 0;
    memset(s->sh, 0, (size_t)s->count * HL_SPLAT_DIM_sh * sizeof *s->sh);
    for (size_t i = 0; i < (size_t)s->count; i++)
        for (size_t c = 0; c < 3; c++)
            s->sh[i * HL_SPLAT_DIM_sh + c * HL_SH_COEFFS_MAX] =
                (b->color[CHANNELS * i + c] - 0.5f) / HL_SH_C0;
}

hl_status hl_bake_light(hl_raster *raster, hl_splats *splats, const hl_bake_picture *pictures,
                        int32_t count, int32_t rounds)
{
    const size_t n = splats->count > 0 ? (size_t)splats->count : 1;
    if (rounds < 1 || rounds > 100 || count < 1)
        return hl_fail(HL_E_ARG, "bake: %d rounds over %d views", (int)rounds, (int)count);
    baking b = {.raster = raster, .splats = splats};
    b.color = hl_alloc(n, CHANNELS * sizeof *b.color);
    b.grad = hl_alloc(n, CHANNELS * sizeof *b.grad);
    b.sum = hl_alloc(n, CHANNELS * sizeof *b.sum);
    hl_status s = b.color && b.grad && b.sum ? HL_OK : HL_E_MEMORY;
    for (int32_t r = 0; r < rounds && s == HL_OK; r++) {
        for (int32_t k = 0; k < count && s == HL_OK; k++)
            s = add_view(&b, &pictures[k]);
        if (s == HL_OK)
            step(&b, r == 0);
    }
    if (s == HL_OK)
        store(&b);
    hl_free(b.color);
    hl_free(b.grad);
    hl_free(b.sum);
    hl_free(b.plane);
    return s;
}

/* ---- materials ---------------------------------------------------------------------------- */

typedef struct looking {
    const hl_bake_surface *views;
    int32_t count;
    float reach;
} looking;

/* The pixel of a view that shows the texel's place; -1: none does. */
static int64_t pixel_of(const looking *l, const hl_bake_surface *v, const hl_texel *texel)
{
    const hl_raster_view *view = &v->view;
    float c[3];
    hl_se3_apply(view->r, view->t, texel->position, c);
    if (!(c[2] > 0))
        return -1;
    const float x = view->fx * c[0] / c[2] + view->cx, y = view->fy * c[1] / c[2] + view->cy;
    if (!(x >= 0 && y >= 0 && x < (float)view->width && y < (float)view->height))
        return -1;
    const int64_t i = (int64_t)y * view->width + (int64_t)x;
    const float *p = v->surfaces.position.data + 3 * i;
    const float off[3] = {p[0] - texel->position[0], p[1] - texel->position[1],
                          p[2] - texel->position[2]};
    /* a pixel seen at a slant is long */
    const float pixel = c[2] / view->fx;
    return v->surfaces.alpha.data[i] > 0.5f && hl_length3(off) < l->reach + 2 * pixel ? i : -1;
}

static void look_at_texel(void *context, hl_texel *texel)
{
    const looking *l = context;
    float sum[5] = {0}, weights = 0;
    for (int32_t k = 0; k < l->count; k++) {
        const hl_bake_surface *v = &l->views[k];
        const int64_t i = pixel_of(l, v, texel);
        if (i < 0)
            continue;
        const hl_shade_input in = hl_surfaces_input(&v->surfaces, &v->view);
        float to[3];
        for (int c = 0; c < 3; c++)
            to[c] = in.eye[c] - texel->position[c];
        hl_normalize3(to, to);
        const float cosine = hl_dot3(to, texel->normal);
        if (!(cosine > 0.1f))
            continue;
        for (int c = 0; c < 3; c++)
            sum[c] += cosine * in.albedo[3 * i + c];
        sum[3] += cosine * in.roughness[i];
        sum[4] += cosine * in.metal[i];
        weights += cosine;
    }
    if (!(weights > 0))
        return;
    for (int c = 0; c < 3; c++)
        texel->albedo[c] = sum[c] / weights;
    texel->roughness = sum[3] / weights;
    texel->metal = sum[4] / weights;
}

hl_status hl_bake_materials(const hl_mesh *mesh, const hl_bake_surface *views, int32_t count,
                            float reach, int32_t side, hl_mesh_textures *textures)
{
    looking l = {views, count, reach};
    return hl_mesh_bake(mesh, side, look_at_texel, &l, textures);
}
