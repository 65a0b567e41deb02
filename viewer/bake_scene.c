/* SPDX-License-Identifier: MIT */
#include "viewer/bake_scene.h"

#include "core/color.h"
#include "core/memory.h"
#include "core/sh.h"
#include "raster/covariance.h"
#include "raster/gbuffer.h"

#include <string.h>

#define OFFSET_PART 2e-4f /* of the mesh's diagonal, as helio relight              */
#define REACH_PART                                                    \
    0.02f /* of the diagonal: a mesh nearer than that is the splat's, \
             besides three of its own standard deviations          */

#define START_PART 0.1f /* of that: where the rays start before the centre       */

static void copy_rows(float *to, const float *from, size_t count, float otherwise)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from ? from[i] : otherwise;
}

static void append(hl_bake_scene *s, const hl_mesh *m, int32_t vertex, int32_t triangle)
{
    const size_t v = (size_t)vertex, n = (size_t)m->vertex_count;
    copy_rows(s->mesh.positions + 3 * v, m->positions, 3 * n, 0);
    copy_rows(s->mesh.normals + 3 * v, m->normals, 3 * n, 0);
    copy_rows(s->mesh.albedo + 3 * v, m->albedo, 3 * n, HL_MATERIAL_ALBEDO);
    copy_rows(s->mesh.metal + v, m->metal, n, HL_MATERIAL_METAL);
    for (size_t k = 0; k < 3 * (size_t)m->triangle_count; k++)
        s->mesh.triangles[3 * (size_t)triangle + k] = m->triangles[k] + (uint32_t)vertex;
}

static hl_status copy_meshes(hl_bake_scene *s, const hl_mesh *seen, const hl_mesh *stand_in)
{
    const hl_mesh none = {.vertex_count = 0};
    const hl_mesh *a = seen ? seen : &none, *b = stand_in ? stand_in : &none;
    if (a->vertex_count > HL_MESH_COUNT_MAX - b->vertex_count ||
        a->triangle_count > HL_MESH_COUNT_MAX - b->triangle_count)
        return hl_fail(HL_E_ARG, "two meshes are too large together");
    HL_TRY(hl_mesh_create(&s->mesh, a->vertex_count + b->vertex_count,
                          a->triangle_count + b->triangle_count,
                          HL_MESH_NORMALS | HL_MESH_ALBEDO | HL_MESH_METAL));
    append(s, a, 0, 0);
    append(s, b, a->vertex_count, a->triangle_count);
    s->seen_vertices = a->vertex_count;
    s->bare = stand_in && !stand_in->albedo;
    return HL_OK;
}

static void copy_splat(hl_bake_scene *s, const hl_splats *splats, const float *materials, size_t i)
{
    const float origin[3] = {0, 0, 0}, *scale = splats->log_scale + 3 * i;
    float q[4];
    hl_quat_unit(splats->quat + 4 * i, q);
    (void)hl_splat_normal(scale, q, splats->mean + 3 * i, origin, s->normals + 3 * i);
    memcpy(s->centers + 3 * i, splats->mean + 3 * i, 3 * sizeof(float));
    s->reach[i] = hl_exp(hl_max(hl_max(scale[0], scale[1]), scale[2]));
    for (size_t c = 0; c < 3; c++) {
        const float dc = splats->sh[(3 * i + c) * HL_SH_COEFFS_MAX];
        s->albedos[3 * i + c] =
            materials ? materials[HL_GBUFFER_CHANNELS * i + c]
                      : hl_linear_from_srgb(hl_clamp(0.5f + (float)HL_SH_C0 * dc, 0, 1));
    }
}

hl_status hl_bake_scene_create(hl_bake_scene **scene, const hl_mesh *seen, const hl_mesh *stand_in,
                               const hl_splats *splats, const float *materials)
{
    hl_bake_scene *s = hl_alloc(1, sizeof *s);
    if (!s)
        return HL_E_MEMORY;
    s->splat_count = stand_in && splats ? splats->count : 0;
    const size_t n = (size_t)s->splat_count;
    s->centers = hl_alloc(n, 3 * sizeof(float));
    s->normals = hl_alloc(n, 3 * sizeof(float));
    s->albedos = hl_alloc(n, 3 * sizeof(float));
    s->reach = hl_alloc(n, sizeof(float));
    s->places = hl_alloc(n, sizeof *s->places);
    hl_status status = s->centers && s->normals && s->albedos && s->reach && s->places
                           ? copy_meshes(s, seen, stand_in)
                           : HL_E_MEMORY;
    if (status != HL_OK) {
        hl_bake_scene_destroy(&s);
        return status;
    }
    for (size_t i = 0; i < n; i++)
        copy_splat(s, splats, materials, i);
    *scene = s;
    return HL_OK;
}

void hl_bake_scene_destroy(hl_bake_scene **scene)
{
    hl_bake_scene *s = *scene;
    *scene = NULL;
    if (!s)
        return;
    hl_mesh_release(&s->mesh);
    hl_bvh_release(&s->bvh);
    hl_free(s->centers);
    hl_free(s->normals);
    hl_free(s->albedos);
    hl_free(s->reach);
    hl_free(s->places);
    hl_free(s);
}

/* The nearest of what lies along the normal, to both sides, and along the axes. */
static hl_bake_place place_of(const hl_bake_scene *s, size_t i, float reach)
{
    hl_bake_place place = {.triangle = HL_HIT_NONE};
    const float before = START_PART * reach; /* the splat may lie on the mesh itself */
    float nearest = hl_max(reach, 3 * s->reach[i]);
    for (int k = 0; k < 8 && nearest > 0; k++) {
        hl_ray ray = {.t_max = nearest + before};
        hl_hit hit;
        for (int c = 0; c < 3; c++) {
            ray.origin[c] = s->centers[3 * i + (size_t)c];
            ray.direction[c] = k < 2 ? s->normals[3 * i + (size_t)c] : (float)(k / 2 - 1 == c);
            if (k % 2)
                ray.direction[c] = -ray.direction[c];
            ray.origin[c] -= before * ray.direction[c];
        }
        if (!hl_bvh_closest(&s->bvh, &ray, &hit))
            continue;
        nearest = hl_abs(hit.t - before);
        place = (hl_bake_place){hit.triangle, hit.u, hit.v};
    }
    return place;
}

/* Vertices of the stand-in take the mean albedo of the splats around them. */
static hl_status lend_albedo(hl_bake_scene *s)
{
    float *sum = hl_alloc((size_t)s->mesh.vertex_count, 4 * sizeof *sum);
    if (!sum)
        return HL_E_MEMORY;
    for (size_t i = 0; i < (size_t)s->splat_count; i++) {
        const hl_bake_place *p = &s->places[i];
        if (p->triangle == HL_HIT_NONE)
            continue;
        const float weight[3] = {1 - p->u - p->v, p->u, p->v};
        for (size_t k = 0; k < 3; k++) {
            float *to = sum + 4 * (size_t)s->mesh.triangles[3 * (size_t)p->triangle + k];
            for (size_t c = 0; c < 3; c++)
                to[c] += weight[k] * s->albedos[3 * i + c];
            to[3] += weight[k];
        }
    }
    for (size_t v = (size_t)s->seen_vertices; v < (size_t)s->mesh.vertex_count; v++)
        for (size_t c = 0; c < 3 && sum[4 * v + 3] > 1e-3f; c++)
            s->mesh.albedo[3 * v + c] = hl_clamp(sum[4 * v + c] / sum[4 * v + 3], 0, 1);
    hl_free(sum);
    return HL_OK;
}

hl_status hl_bake_scene_prepare(hl_bake_scene *scene)
{
    hl_bake_scene *s = scene;
    float low[3], high[3], diagonal[3];
    if (s->prepared)
        return HL_OK;
    HL_TRY(hl_bvh_create(&s->bvh, &s->mesh));
    s->prepared = true;
    hl_mesh_bounds(&s->mesh, low, high);
    for (int k = 0; k < 3; k++)
        diagonal[k] = high[k] - low[k];
    const float length = hl_length3(diagonal);
    s->offset = hl_max(OFFSET_PART * length, 1e-12f);
    for (size_t i = 0; i < (size_t)s->splat_count; i++)
        s->places[i] = place_of(s, i, REACH_PART * length);
    return s->bare ? lend_albedo(s) : HL_OK;
}
