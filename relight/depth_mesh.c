/* SPDX-License-Identifier: MIT */
#include "relight/depth_mesh.h"

#include "core/bvh.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/vec.h"

#include <math.h>
#include <string.h>

enum { ROWS = 4 };

/* Pixel footprints (depth / focal length) that a point may lie off the other's plane. */
static const float seam = 3;

typedef struct adding {
    const hl_depth_view *v;
    const hl_bvh *bvh; /* of the mesh so far */
    uint8_t *state;    /* (n) 0: no surface, 1: covered already, 2: new */
    uint32_t *index;   /* (n) vertex of a pixel + 1, 0: none */
    hl_mesh *mesh;     /* grows; counts are what is in use */
    int32_t room[2];   /* vertices, triangles */
} adding;

void hl_depth_point(const hl_raster_view *view, int32_t x, int32_t y, float depth, float out[3])
{
    const float in_camera[3] = {
        ((float)x + 0.5f - view->cx) / view->fx * depth - view->t[0],
        ((float)y + 0.5f - view->cy) / view->fy * depth - view->t[1],
        depth - view->t[2],
    };
    hl_mul3_t(view->r, in_camera, out);
}

static bool has_surface(const hl_depth_view *v, int64_t i)
{
    return v->depth[i] > 0 && v->depth[i] < 1e6f &&
           hl_dot3(v->normal + 3 * i, v->normal + 3 * i) > 0.5f;
}

static void cover_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    adding *a = ctx;
    const hl_raster_view *view = &a->v->view;
    float eye[3];
    hl_depth_point(view, 0, 0, 0, eye);
    for (int32_t y = block * ROWS; y < (block + 1) * ROWS && y < view->height; y++)
        for (int32_t x = 0; x < view->width; x++) {
            const int64_t i = (int64_t)y * view->width + x;
            a->state[i] = 0;
            if (!has_surface(a->v, i))
                continue;
            float point[3];
            hl_depth_point(view, x, y, a->v->depth[i], point);
            hl_ray ray = {{eye[0], eye[1], eye[2]}, {0, 0, 0}, 0, 1e30f};
            for (int k = 0; k < 3; k++)
                ray.direction[k] = point[k] - eye[k];
            hl_hit hit;
            const float near = 2 / view->fx; /* two footprints, in parts of the distance */
            const bool found = hl_bvh_closest(a->bvh, &ray, &hit);
            a->state[i] = found && fabsf(hit.t - 1) < near ? 1 : 2;
        }
}

/* Whether two neighbouring pixels lie on one surface. */
static bool joined(const hl_depth_view *v, int64_t i, int64_t j)
{
    float p[2][3];
    const int32_t w = v->view.width;
    hl_depth_point(&v->view, (int32_t)(i % w), (int32_t)(i / w), v->depth[i], p[0]);
    hl_depth_point(&v->view, (int32_t)(j % w), (int32_t)(j / w), v->depth[j], p[1]);
    float off_i = 0, off_j = 0;
    for (int k = 0; k < 3; k++) {
        off_i += (p[1][k] - p[0][k]) * v->normal[3 * i + k];
        off_j += (p[1][k] - p[0][k]) * v->normal[3 * j + k];
    }
    const float least = v->depth[i] < v->depth[j] ? v->depth[i] : v->depth[j];
    const float limit = seam * least / v->view.fx;
    return fabsf(off_i) < limit && fabsf(off_j) < limit;
}

static hl_status grow(float **array, int32_t used, int32_t room, size_t components)
{
    float *more = hl_grow(*array, (size_t)used, (size_t)room, components * sizeof(float));
    if (!more)
        return HL_E_MEMORY;
    *array = more;
    return HL_OK;
}

static hl_status reserve(adding *a, int32_t vertices, int32_t triangles)
{
    hl_mesh *m = a->mesh;
    if (m->vertex_count > HL_MESH_COUNT_MAX - vertices ||
        m->triangle_count > HL_MESH_COUNT_MAX - triangles)
        return hl_fail(HL_E_FORMAT, "depth pictures: more than %d triangles", HL_MESH_COUNT_MAX);
    const int32_t v = m->vertex_count + vertices, t = m->triangle_count + triangles;
    HL_TRY(grow(&m->positions, a->room[0], v, 3));
    HL_TRY(grow(&m->normals, a->room[0], v, 3));
    HL_TRY(grow(&m->albedo, a->room[0], v, 3));
    HL_TRY(grow(&m->roughness, a->room[0], v, 1));
    HL_TRY(grow(&m->metal, a->room[0], v, 1));
    uint32_t *more = hl_grow(m->triangles, (size_t)a->room[1], (size_t)t, 3 * sizeof *more);
    if (!more)
        return HL_E_MEMORY;
    m->triangles = more;
    a->room[0] = v;
    a->room[1] = t;
    return HL_OK;
}

static uint32_t vertex_of(adding *a, int64_t i)
{
    if (a->index[i])
        return a->index[i] - 1;
    hl_mesh *m = a->mesh;
    const hl_depth_view *v = a->v;
    const int64_t at = m->vertex_count++;
    const int32_t w = v->view.width;
    hl_depth_point(&v->view, (int32_t)(i % w), (int32_t)(i / w), v->depth[i],
                   m->positions + 3 * at);
    for (int64_t c = 0; c < 3; c++) {
        const float albedo = v->albedo[3 * i + c];
        m->normals[3 * at + c] = v->normal[3 * i + c];
        m->albedo[3 * at + c] = albedo < 0 ? 0 : (albedo > 1 ? 1 : albedo);
    }
    hl_normalize3(m->normals + 3 * at, m->normals + 3 * at);
    m->roughness[at] = fminf(fmaxf(v->roughness[i], 0), 1);
    m->metal[at] = fminf(fmaxf(v->metal[i], 0), 1);
    a->index[i] = (uint32_t)at + 1;
    return (uint32_t)at;
}

static void add_triangle(adding *a, int64_t i, int64_t j, int64_t k)
{
    const uint8_t *s = a->state;
    if (!s[i] || !s[j] || !s[k] || (s[i] == 1 && s[j] == 1 && s[k] == 1))
        return;
    if (!joined(a->v, i, j) || !joined(a->v, j, k) || !joined(a->v, k, i))
        return;
    uint32_t *t = a->mesh->triangles + 3 * (int64_t)a->mesh->triangle_count++;
    t[0] = vertex_of(a, i);
    t[1] = vertex_of(a, j);
    t[2] = vertex_of(a, k);
}

/* Seen from the camera (x right, y down) the outside runs counter-clockwise: down, then right. */
static hl_status add_view(adding *a)
{
    const int32_t w = a->v->view.width, h = a->v->view.height;
    const int32_t pixels = w * h;
    HL_TRY(reserve(a, pixels, 2 * pixels));
    memset(a->index, 0, (size_t)pixels * sizeof *a->index);
    hl_parallel_for(hl_block_count(h, ROWS), cover_block, a);
    for (int32_t y = 0; y + 1 < h; y++)
        for (int32_t x = 0; x + 1 < w; x++) {
            const int64_t i = (int64_t)y * w + x;
            add_triangle(a, i, i + w, i + w + 1);
            add_triangle(a, i, i + w + 1, i + 1);
        }
    return HL_OK;
}

static hl_status add_all(adding *a, const hl_depth_view *views, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        hl_bvh bvh;
        HL_TRY(hl_bvh_create(&bvh, a->mesh));
        const size_t n = (size_t)views[i].view.width * (size_t)views[i].view.height;
        a->v = &views[i];
        a->bvh = &bvh;
        a->state = hl_alloc(n, 1);
        a->index = hl_alloc(n, sizeof *a->index);
        const hl_status s = a->state && a->index ? add_view(a) : HL_E_MEMORY;
        hl_free(a->state);
        hl_free(a->index);
        a->bvh = NULL;
        hl_bvh_release(&bvh);
        HL_TRY(s);
    }
    if (a->mesh->triangle_count == 0)
        return hl_fail(HL_E_FORMAT, "depth pictures: no two neighbouring pixels on a surface");
    return HL_OK;
}

hl_status hl_depth_mesh(hl_mesh *mesh, const hl_depth_view *views, int32_t count)
{
    hl_mesh made = {0};
    adding a = {.mesh = &made};
    const hl_status s = add_all(&a, views, count);
    if (s != HL_OK) {
        hl_mesh_release(&made);
        return s;
    }
    *mesh = made;
    return HL_OK;
}
