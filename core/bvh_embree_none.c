/* SPDX-License-Identifier: MIT */
/* Stands in for core/bvh_embree.c where Embree 3 was not found. */
#include "core/bvh.h"

#include <stddef.h>

hl_status hl_embree_create(hl_embree **embree, const hl_mesh *mesh)
{
    (void)embree;
    (void)mesh;
    return hl_fail(HL_E_BACKEND, "this build has no Embree (libembree-dev)");
}

void hl_embree_destroy(hl_embree **embree)
{
    *embree = NULL;
}

bool hl_embree_closest(const hl_embree *embree, const hl_ray *ray, hl_hit *hit)
{
    (void)embree;
    hit->t = ray->t_max;
    hit->u = hit->v = 0;
    hit->triangle = HL_HIT_NONE;
    return false;
}

bool hl_embree_any(const hl_embree *embree, const hl_ray *ray)
{
    (void)embree;
    (void)ray;
    return false;
}
