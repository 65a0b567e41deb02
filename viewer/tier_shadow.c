/* SPDX-License-Identifier: MIT */
#include "viewer/tier_shadow.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "core/splat_stats.h"
#include "core/vec.h"
#include "raster/surface_depth.h"

#include <math.h>
#include <string.h>

enum { SIDE = 1024, SIDE_MANY = 512, MANY = 4, FACES = 6 };

#define FACE_MARGIN 1.03f  /* a face of a cube sees that much more than 45 degrees       */
#define BOX_MARGIN  1.05f  /* around what casts shadows                                  */
#define SUN_AWAY    200.0f /* radii: a sun's eye is so far off that its rays are as one  */
#define PLANE_LEAST 0.8f   /* length of the mean normal: less is not one plane */
#define ALPHA_LEAST (1 / 255.0f)

void hl_tier_shadow_release(hl_tier_shadow *shadow)
{
    hl_free(shadow->texels);
    *shadow = (hl_tier_shadow){.texels = NULL};
}

/* ---- views --------------------------------------------------------------------------------- */

static void look_along(hl_raster_view *v, const float z[3], const float eye[3])
{
    const float helper[3] = {0, hl_abs(z[1]) < 0.9f, hl_abs(z[1]) >= 0.9f};
    hl_cross3(helper, z, v->r);
    hl_normalize3(v->r, v->r);
    hl_cross3(z, v->r, v->r + 3);
    memcpy(v->r + 6, z, 3 * sizeof *z);
    for (int k = 0; k < 3; k++)
        v->t[k] = -hl_dot3(v->r + 3 * k, eye);
}

static hl_raster_view square(int32_t side, float focal)
{
    return (hl_raster_view){.width = side,
                            .height = side,
                            .fx = focal,
                            .fy = focal,
                            .cx = 0.5f * (float)side,
                            .cy = 0.5f * (float)side};
}

/* The box of the splats, from far away. */
static hl_raster_view sun_view(const float towards[3], const float middle[3], const float half[3],
                               int32_t side)
{
    const float z[3] = {-towards[0], -towards[1], -towards[2]};
    const float away = SUN_AWAY * hl_length3(half);
    float eye[3], wide = 0;
    hl_raster_view v = square(side, 1);
    for (int k = 0; k < 3; k++)
        eye[k] = middle[k] + away * towards[k];
    look_along(&v, z, eye);
    for (int k = 0; k < 2; k++) {
        const float *row = v.r + 3 * k;
        wide = hl_max(wide, hl_abs(row[0]) * half[0] + hl_abs(row[1]) * half[1] +
                                hl_abs(row[2]) * half[2]);
    }
    v.fx = v.fy = 0.5f * (float)side * away / (BOX_MARGIN * wide);
    return v;
}

static hl_raster_view face_view(const float at[3], int face, int32_t side)
{
    float z[3] = {0, 0, 0};
    hl_raster_view v = square(side, 0.5f * (float)side / FACE_MARGIN);
    z[face / 2] = face % 2 ? -1.0f : 1.0f;
    look_along(&v, z, at);
    return v;
}

static hl_status lay_out(hl_tier_shadow *s, const hl_splats *splats, const hl_look *look)
{
    hl_splat_stats stats;
    float middle[3], half[3];
    HL_TRY(hl_splats_measure(&stats, splats));
    for (int k = 0; k < 3; k++) {
        middle[k] = 0.5f * (float)(stats.core_low[k] + stats.core_high[k]);
        half[k] = hl_max(0.5f * (float)(stats.core_high[k] - stats.core_low[k]), 1e-6f);
    }
    s->thickness =
        hl_min(HL_LAYER_PART * (float)stats.largest[2], HL_LAYER_MOST * hl_length3(half));
    s->count = 0;
    for (int32_t i = 0; i < look->light_count; i++)
        s->count += look->lights[i].kind == HL_LIGHT_SUN ? 1 : FACES;
    s->side = s->count > MANY ? SIDE_MANY : SIDE;
    for (int32_t i = 0, n = 0; i < look->light_count; i++) {
        const hl_light *l = &look->lights[i];
        s->first[i] = n;
        if (l->kind == HL_LIGHT_SUN)
            s->views[n++] = sun_view(l->at, middle, half, s->side);
        else
            for (int k = 0; k < FACES; k++)
                s->views[n++] = face_view(l->at, k, s->side);
    }
    return HL_OK;
}

/* ---- drawing ------------------------------------------------------------------------------- */

typedef struct keeping {
    const hl_raster_frame *frame;
    const hl_raster_view *view;
    hl_tier_texel *to;
} keeping;

/* Depth by the planes of the splats, which flat ones that are seen at a slant need; by their
 * centres where they are not one plane. */
static void keep_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const keeping *k = ctx;
    const hl_raster_frame *f = k->frame;
    const float lens[4] = {k->view->fx, k->view->fy, k->view->cx, k->view->cy};
    for (int32_t x = 0; x < f->width; x++) {
        const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
        const float open = f->transmittance[at];
        hl_tier_texel *to = &k->to[(size_t)y * (size_t)f->width + (size_t)x];
        *to = (hl_tier_texel){1e30f, 1};
        if (!(1 - open > ALPHA_LEAST))
            continue;
        const float z = f->plane[f->depth_plane][at] / (1 - open);
        float ray[3], n[3];
        for (int c = 0; c < 3; c++)
            n[c] = f->plane[f->normal_plane + c][at];
        hl_surface_ray(k->view->r, lens, x, y, ray);
        const float plane = hl_surface_depth(f->plane[f->distance_plane][at], n, ray);
        const bool flat = plane > 0 && hl_length3(n) > PLANE_LEAST * (1 - open);
        *to = (hl_tier_texel){flat ? plane : z, open};
    }
}

static hl_status draw_map(hl_tier_shadow *s, int32_t map, hl_raster *raster,
                          const hl_splats *splats)
{
    const hl_raster_options options = {.outputs = (uint32_t)HL_RASTER_DEPTH |
                                                  (uint32_t)HL_RASTER_NORMAL |
                                                  (uint32_t)HL_RASTER_DISTANCE};
    const size_t texels = (size_t)s->side * (size_t)s->side;
    hl_raster_frame frame;
    HL_TRY(hl_raster_forward(raster, splats, &s->views[map], &options, &frame));
    keeping k = {&frame, &s->views[map], s->texels + (size_t)map * texels};
    hl_parallel_for(s->side, keep_row, &k);
    return HL_OK;
}

hl_status hl_tier_shadow_fill(hl_tier_shadow *s, hl_raster *raster, const hl_splats *splats,
                              const hl_look *look)
{
    const size_t bytes = (size_t)look->light_count * sizeof look->lights[0];
    const bool same = s->fresh && !(s->splat_scale < look->splat_scale) &&
                      !(s->splat_scale > look->splat_scale) &&
                      s->light_count == look->light_count &&
                      memcmp(s->lights, look->lights, bytes) == 0;
    if (same)
        return HL_OK;
    s->fresh = false;
    HL_TRY(lay_out(s, splats, look));
    const size_t room = (size_t)s->count * (size_t)s->side * (size_t)s->side;
    if (s->room < room) {
        hl_free(s->texels);
        s->room = 0;
        s->texels = hl_alloc(room, sizeof *s->texels);
        if (!s->texels)
            return HL_E_MEMORY;
        s->room = room;
    }
    for (int32_t map = 0; map < s->count; map++)
        HL_TRY(draw_map(s, map, raster, splats));
    s->splat_scale = look->splat_scale;
    s->light_count = look->light_count;
    memcpy(s->lights, look->lights, bytes);
    s->fresh = true;
    return HL_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Which face of a cube d leaves through: +x -x +y -y +z -z. */
static int cube_face(const float d[3])
{
    int axis = 0;
    for (int k = 1; k < 3; k++)
        axis = hl_abs(d[k]) > hl_abs(d[axis]) ? k : axis;
    return 2 * axis + !(d[axis] > 0);
}

/* One of three by three texels, of four by four with bilinear weights. */
static float filter(const hl_tier_texel *map, int32_t side, const float at[2], float z)
{
    const float low[2] = {floorf(at[0] - 0.5f), floorf(at[1] - 0.5f)};
    const float f[2] = {at[0] - 0.5f - low[0], at[1] - 0.5f - low[1]};
    const float w[2][4] = {{1 - f[0], 1, 1, f[0]}, {1 - f[1], 1, 1, f[1]}};
    float sum = 0;
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 4; i++) {
            const hl_tier_texel *t =
                &map[((int32_t)low[1] + j - 1) * side + (int32_t)low[0] + i - 1];
            sum += w[0][i] * w[1][j] * (z > t->depth ? t->open : 1);
        }
    return sum / 9;
}

float hl_tier_shadow_open(const hl_tier_shadow *s, int32_t i, const float x[3], const float n[3])
{
    const hl_light *l = &s->lights[i];
    float d[3], p[3], t[3];
    for (int k = 0; k < 3; k++)
        d[k] = x[k] - l->at[k];
    const int32_t map = s->first[i] + (l->kind == HL_LIGHT_SUN ? 0 : cube_face(d));
    const hl_raster_view *v = &s->views[map];
    const float texel = hl_max(hl_dot3(v->r + 6, x) + v->t[2], 0) / v->fx;
    for (int k = 0; k < 3; k++)
        p[k] = x[k] + (2 * texel + s->thickness) * n[k];
    for (int k = 0; k < 3; k++)
        t[k] = hl_dot3(v->r + 3 * k, p) + v->t[k];
    if (!(t[2] > 0))
        return 1;
    const float at[2] = {v->fx * t[0] / t[2] + v->cx, v->fy * t[1] / t[2] + v->cy};
    const float last = (float)s->side - 2;
    if (!(at[0] >= 2 && at[1] >= 2 && at[0] <= last && at[1] <= last))
        return 1;
    return filter(s->texels + (size_t)map * (size_t)s->side * (size_t)s->side, s->side, at,
                  t[2] - 0.25f * texel);
}
