/* SPDX-License-Identifier: MIT */
#include "cli/mesh_depth.h"

#include "core/memory.h"
#include "core/vec.h"
#include "raster/gbuffer.h"

#include <math.h>
#include <stdlib.h>

static const float FLAT_RATIO = 0.1f;    /* thinner beside its second axis: flat              */
static const float PLANE_STRETCH = 1.2f; /* planes that far off the centres are not used      */
static const float FACING_MIN = 0.2f;    /* more slanted pixels tell nothing, and are shifted
                                            as if they were not                               */
static const float SUNK_MAX = 3.0f;      /* pixels: more is no sinking                        */

bool hl_mesh_depth_flat(const hl_splats *s)
{
    int32_t flat = 0;
    for (int32_t i = 0; i < s->count; i++) {
        const float *l = s->log_scale + 3 * (size_t)i;
        const float least = fminf(l[0], fminf(l[1], l[2])), most = fmaxf(l[0], fmaxf(l[1], l[2]));
        flat += expf(2 * least + most - l[0] - l[1] - l[2]) < FLAT_RATIO;
    }
    return flat > s->count / 2;
}

const char *hl_mesh_depth_name(mesh_depth_kind kind)
{
    static const char *const name[] = {"auto", "expected", "median", "planes"};
    return name[kind];
}

/* |cos| between the normal and the ray of a pixel. */
static float facing_of(const hl_raster_view *v, const float normal[3], int32_t x, int32_t y)
{
    const float ray[3] = {((float)x + 0.5f - v->cx) / v->fx, ((float)y + 0.5f - v->cy) / v->fy, 1};
    float n[3];
    hl_mul3(v->r, normal, n);
    return fabsf(hl_dot3(n, ray)) / hl_length3(ray);
}

static int ascending(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static float median(float *values, size_t n)
{
    if (!n)
        return 0;
    qsort(values, n, sizeof *values, ascending);
    return values[n / 2];
}

/* By how much planes lie behind the centres, along the normal.
 *   *sunk_px  pixels;  *sunk  the same in scene units, where pixels have their mean size */
static hl_status measure_sunk(const hl_raster_view *v, const hl_image *planes, const hl_image *mean,
                              const hl_image *normal, float *sunk_px, float *sunk)
{
    const size_t pixels = (size_t)planes->width * (size_t)planes->height;
    float *shift = hl_alloc(pixels, sizeof *shift);
    double sizes = 0;
    size_t n = 0;
    if (!shift)
        return HL_E_MEMORY;
    for (size_t i = 0; i < pixels; i++) {
        if (!(planes->data[i] > 0 && mean->data[i] > 0))
            continue;
        const int32_t y = (int32_t)(i / (size_t)planes->width);
        const int32_t x = (int32_t)(i % (size_t)planes->width);
        const float facing = facing_of(v, normal->data + 3 * i, x, y);
        const float pixel = mean->data[i] / fminf(v->fx, v->fy);
        const float s = (planes->data[i] - mean->data[i]) * facing / pixel;
        if (!(facing > FACING_MIN && fabsf(s) < SUNK_MAX))
            continue;
        shift[n++] = s;
        sizes += (double)pixel;
    }
    *sunk_px = median(shift, n);
    *sunk = n ? *sunk_px * (float)(sizes / (double)n) : 0;
    hl_free(shift);
    return HL_OK;
}

/* Planes moved forward; the mean of the centres where the two do not agree. */
static void settle(const hl_raster_view *v, hl_image *planes, const hl_image *mean,
                   const hl_image *normal, float sunk)
{
    const size_t pixels = (size_t)planes->width * (size_t)planes->height;
    for (size_t i = 0; i < pixels; i++) {
        const int32_t y = (int32_t)(i / (size_t)planes->width);
        const int32_t x = (int32_t)(i % (size_t)planes->width);
        const float facing = facing_of(v, normal->data + 3 * i, x, y);
        const float pixel = mean->data[i] / fminf(v->fx, v->fy), plane = planes->data[i];
        const bool agree =
            plane > mean->data[i] / PLANE_STRETCH && plane < mean->data[i] * PLANE_STRETCH;
        planes->data[i] = agree ? plane - sunk * pixel / fmaxf(facing, FACING_MIN) : mean->data[i];
    }
}

static hl_status planes_of_frame(const hl_raster_view *v, const hl_raster_frame *f, hl_image *depth,
                                 float *sunk)
{
    hl_image mean = {.data = NULL}, normal = {.data = NULL};
    hl_image planes = {.data = NULL};
    float sunk_px = 0;
    hl_status s = hl_gbuffer_read(f, v, HL_GBUFFER_DEPTH, &mean);
    if (s == HL_OK)
        s = hl_gbuffer_read(f, v, HL_GBUFFER_NORMAL, &normal);
    if (s == HL_OK)
        s = hl_gbuffer_read(f, v, HL_GBUFFER_SURFACE_DEPTH, &planes);
    if (s == HL_OK)
        s = measure_sunk(v, &planes, &mean, &normal, &sunk_px, sunk);
    if (s == HL_OK) {
        settle(v, &planes, &mean, &normal, sunk_px);
        *depth = planes;
    } else {
        hl_image_release(&planes);
    }
    hl_image_release(&mean);
    hl_image_release(&normal);
    return s;
}

/* What the mask of the photo ignores says nothing about the surface. */
static hl_status leave_masked(hl_scene *scene, int32_t index, hl_image *depth)
{
    hl_photo photo;
    if (!scene->views.views[index].mask_path)
        return HL_OK;
    HL_TRY(hl_photos_acquire(scene->photos, index, &photo));
    const hl_image8 *m = photo.mask;
    const size_t n = (size_t)depth->width * (size_t)depth->height;
    if (m && m->width == depth->width && m->height == depth->height)
        for (size_t i = 0; i < n; i++)
            depth->data[i] = m->data[i] ? depth->data[i] : 0;
    hl_photos_release(scene->photos, index);
    return HL_OK;
}

hl_status hl_mesh_depth_of_view(hl_scene *scene, int32_t index, mesh_depth_kind kind,
                                hl_raster_view *view, hl_raster_frame *frame, hl_image *depth,
                                float *sunk)
{
    const float *b = scene->background;
    const hl_gbuffer_options o = {.sh_degree = scene->splats.sh_degree,
                                  .background = {b[0], b[1], b[2]},
                                  .median = kind == MESH_DEPTH_MEDIAN};
    *sunk = 0;
    HL_TRY(hl_scene_view(scene, index, view));
    HL_TRY(hl_gbuffer_forward(scene->raster, &scene->splats, view, &o, frame));
    if (kind == MESH_DEPTH_PLANES)
        HL_TRY(planes_of_frame(view, frame, depth, sunk));
    else
        HL_TRY(hl_gbuffer_read(
            frame, view, kind == MESH_DEPTH_MEDIAN ? HL_GBUFFER_MEDIAN_DEPTH : HL_GBUFFER_DEPTH,
            depth));
    const hl_status s = leave_masked(scene, index, depth);
    if (s != HL_OK)
        hl_image_release(depth);
    return s;
}
