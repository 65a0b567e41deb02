/* SPDX-License-Identifier: MIT */
/* Which pixels of a depth map to believe. */
#include "core/memory.h"
#include "core/parallel.h"
#include "raster/mesh/field.h"

#include <math.h>

enum { ROWS = 16 };

static const float FACING_MIN = 0.17f; /* cos 80 degrees */
static const float JUMP_VOXELS = 4.0f;
static const float JUMP_PIXELS = 6.0f; /* a slope of 80 degrees climbs this many pixel widths */

typedef struct job {
    const hl_tsdf_view *view;
    float *usable, *facing;
    float jump; /* scene units */
} job;

static float depth_at(const hl_tsdf_view *v, int32_t x, int32_t y)
{
    if (x < 0 || y < 0 || x >= v->camera->width || y >= v->camera->height)
        return 0;
    const int32_t stride = v->depth_stride ? v->depth_stride : v->stride;
    const float d = v->depth[(size_t)y * (size_t)stride + (size_t)x];
    return isfinite(d) && d > 0 ? d : 0;
}

/* Largest step to a neighbour on each axis decides; a border counts as no step. */
static bool jumps(const job *j, int32_t x, int32_t y, float depth)
{
    static const int32_t around[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    const float pixel = depth / fminf(j->view->camera->fx, j->view->camera->fy);
    const float limit = fmaxf(j->jump, JUMP_PIXELS * pixel);
    for (int k = 0; k < 4; k++) {
        const float other = depth_at(j->view, x + around[k][0], y + around[k][1]);
        if (other > 0 && fabsf(other - depth) > limit)
            return true;
    }
    return false;
}

/* Normal in camera axes from the depth around a pixel; false at borders of what was seen. */
static bool normal_of_depth(const hl_tsdf_view *v, int32_t x, int32_t y, float n[3])
{
    const hl_raster_view *c = v->camera;
    float e[2][3];
    for (int axis = 0; axis < 2; axis++) {
        const int32_t dx = axis == 0, dy = axis == 1;
        const float a = depth_at(v, x - dx, y - dy), b = depth_at(v, x + dx, y + dy);
        if (!(a > 0 && b > 0))
            return false;
        e[axis][0] = ((float)(x + dx) + 0.5f - c->cx) / c->fx * b -
                     ((float)(x - dx) + 0.5f - c->cx) / c->fx * a;
        e[axis][1] = ((float)(y + dy) + 0.5f - c->cy) / c->fy * b -
                     ((float)(y - dy) + 0.5f - c->cy) / c->fy * a;
        e[axis][2] = b - a;
    }
    for (int k = 0; k < 3; k++)
        n[k] = e[0][(k + 1) % 3] * e[1][(k + 2) % 3] - e[0][(k + 2) % 3] * e[1][(k + 1) % 3];
    return true;
}

static bool normal_at(const hl_tsdf_view *v, int32_t x, int32_t y, float n[3])
{
    if (!v->normal[0])
        return normal_of_depth(v, x, y, n);
    const size_t i = (size_t)y * (size_t)v->stride + (size_t)x;
    for (int k = 0; k < 3; k++)
        n[k] = v->camera->r[3 * k] * v->normal[0][i] + v->camera->r[3 * k + 1] * v->normal[1][i] +
               v->camera->r[3 * k + 2] * v->normal[2][i];
    return true;
}

/* |cos| between normal and ray, 0 where it cannot be told. */
static float facing_at(const hl_tsdf_view *v, int32_t x, int32_t y)
{
    float n[3];
    if (!normal_at(v, x, y, n))
        return 0;
    const hl_raster_view *c = v->camera;
    const float ray[3] = {((float)x + 0.5f - c->cx) / c->fx, ((float)y + 0.5f - c->cy) / c->fy, 1};
    const float dot = n[0] * ray[0] + n[1] * ray[1] + n[2];
    const float lengths =
        sqrtf((n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) * (ray[0] * ray[0] + ray[1] * ray[1] + 1));
    return lengths > 0 ? fabsf(dot) / lengths : 0;
}

static void judge_rows(void *context, int32_t block, int32_t thread)
{
    const job *j = context;
    const int32_t height = j->view->camera->height, width = j->view->camera->width;
    const int32_t end = (block + 1) * ROWS < height ? (block + 1) * ROWS : height;
    (void)thread;
    for (int32_t y = block * ROWS; y < end; y++)
        for (int32_t x = 0; x < width; x++) {
            const size_t i = (size_t)y * (size_t)width + (size_t)x;
            const float depth = depth_at(j->view, x, y);
            j->facing[i] = depth > 0 ? facing_at(j->view, x, y) : 0;
            j->usable[i] = j->facing[i] >= FACING_MIN && !jumps(j, x, y, depth) ? depth : 0;
        }
}

hl_status hl_tsdf_judge_pixels(hl_tsdf *t, const hl_tsdf_view *view)
{
    const size_t pixels = (size_t)view->camera->width * (size_t)view->camera->height;
    if (pixels > t->pixels) {
        hl_free(t->usable);
        hl_free(t->facing);
        t->usable = hl_alloc(pixels, sizeof *t->usable);
        t->facing = hl_alloc(pixels, sizeof *t->facing);
        t->pixels = t->usable && t->facing ? pixels : 0;
        if (!t->pixels)
            return HL_E_MEMORY;
    }
    job j = {view, t->usable, t->facing, JUMP_VOXELS * t->options.voxel};
    hl_parallel_for(hl_block_count(view->camera->height, ROWS), judge_rows, &j);
    return HL_OK;
}
