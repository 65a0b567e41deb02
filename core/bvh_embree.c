/* SPDX-License-Identifier: MIT */
/* Embree 3 behind core/bvh.h.  Robust mode: its watertight triangle test. */
#include "core/bvh.h"
#include "core/memory.h"

#include <string.h>

#include <embree3/rtcore.h>

struct hl_embree {
    RTCDevice device;
    RTCScene scene;
};

void hl_embree_destroy(hl_embree **embree)
{
    if (!*embree)
        return;
    if ((*embree)->scene)
        rtcReleaseScene((*embree)->scene);
    if ((*embree)->device)
        rtcReleaseDevice((*embree)->device);
    hl_free(*embree);
    *embree = NULL;
}

static hl_status fill_scene(hl_embree *e, const hl_mesh *mesh)
{
    RTCGeometry geometry = rtcNewGeometry(e->device, RTC_GEOMETRY_TYPE_TRIANGLE);
    float *positions =
        rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3,
                                3 * sizeof(float), (size_t)mesh->vertex_count);
    uint32_t *triangles =
        rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3,
                                3 * sizeof(uint32_t), (size_t)mesh->triangle_count);
    if (positions && triangles) {
        memcpy(positions, mesh->positions, (size_t)mesh->vertex_count * 3 * sizeof(float));
        memcpy(triangles, mesh->triangles, (size_t)mesh->triangle_count * 3 * sizeof(uint32_t));
        rtcCommitGeometry(geometry);
        rtcAttachGeometry(e->scene, geometry);
        rtcSetSceneFlags(e->scene, RTC_SCENE_FLAG_ROBUST);
        rtcCommitScene(e->scene);
    }
    rtcReleaseGeometry(geometry);
    const enum RTCError error = rtcGetDeviceError(e->device);
    if (!positions || !triangles || error != RTC_ERROR_NONE)
        return hl_fail(HL_E_BACKEND, "Embree refused a mesh of %d triangles (error %d)",
                       (int)mesh->triangle_count, (int)error);
    return HL_OK;
}

hl_status hl_embree_create(hl_embree **embree, const hl_mesh *mesh)
{
    HL_TRY(hl_mesh_validate(mesh));
    hl_embree *e = hl_alloc(1, sizeof *e);
    if (!e)
        return HL_E_MEMORY;
    e->device = rtcNewDevice("threads=1");
    if (e->device)
        e->scene = rtcNewScene(e->device);
    const hl_status s = e->scene ? fill_scene(e, mesh)
                                 : hl_fail(HL_E_BACKEND, "Embree 3 does not start on this machine");
    if (s != HL_OK) {
        hl_embree_destroy(&e);
        return s;
    }
    *embree = e;
    return HL_OK;
}

static void fill_ray(struct RTCRay *out, const hl_ray *ray)
{
    memset(out, 0, sizeof *out);
    out->org_x = ray->origin[0];
    out->org_y = ray->origin[1];
    out->org_z = ray->origin[2];
    out->dir_x = ray->direction[0];
    out->dir_y = ray->direction[1];
    out->dir_z = ray->direction[2];
    out->tnear = ray->t_min;
    out->tfar = ray->t_max;
    out->mask = 0xffffffffu;
}

bool hl_embree_closest(const hl_embree *embree, const hl_ray *ray, hl_hit *hit)
{
    struct RTCIntersectContext context;
    struct RTCRayHit query;
    rtcInitIntersectContext(&context);
    fill_ray(&query.ray, ray);
    query.hit.geomID = RTC_INVALID_GEOMETRY_ID;
    query.hit.instID[0] = RTC_INVALID_GEOMETRY_ID;
    rtcIntersect1(embree->scene, &context, &query);
    const bool found = query.hit.geomID != RTC_INVALID_GEOMETRY_ID;
    hit->t = query.ray.tfar;
    hit->u = found ? query.hit.u : 0;
    hit->v = found ? query.hit.v : 0;
    hit->triangle = found ? query.hit.primID : HL_HIT_NONE;
    return found;
}

bool hl_embree_any(const hl_embree *embree, const hl_ray *ray)
{
    struct RTCIntersectContext context;
    struct RTCRay query;
    rtcInitIntersectContext(&context);
    fill_ray(&query, ray);
    rtcOccluded1(embree->scene, &context, &query);
    return query.tfar < 0;
}
