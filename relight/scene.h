/* SPDX-License-Identifier: MIT */
/* relight/scene.h -- what light meets: a mesh that answers rays, and where light comes from. */
#ifndef HL_RELIGHT_SCENE_H
#define HL_RELIGHT_SCENE_H

#include "core/bvh.h"
#include "relight/environment.h"
#include "relight/lights.h"

/* Borrowed: what it points to must outlive its use.  Read only, so any number of threads. */
typedef struct hl_light_scene {
    const hl_mesh *mesh; /* with normals; materials that are absent count as HL_MATERIAL_... */
    const hl_bvh *bvh;   /* over that mesh                                                   */
    const hl_environment *environment; /* NULL: dark                                         */
    const hl_light *lights;            /* (light_count)                                      */
    int32_t light_count;
    float offset; /* length: rays start that far off the surface, > 0 */
} hl_light_scene;

#define HL_MATERIAL_ALBEDO    0.5f
#define HL_MATERIAL_ROUGHNESS 0.6f
#define HL_MATERIAL_METAL     0.0f

/* The surface at a hit: values of the corners, interpolated; *position: the point.  The normal is
 * that of the outside.  Returns 0 where the hit is from behind: the normal is then turned to the
 * ray. */
int hl_scene_surface(const hl_light_scene *scene, const hl_ray *ray, const hl_hit *hit,
                     hl_surface *surface, float position[3]);

#endif /* HL_RELIGHT_SCENE_H */
