/* SPDX-License-Identifier: MIT */
/* relight/fit/estimate.h -- light that leaves one point, with what its gradient needs.
 *
 *   L = sum_s f(s) (n.i) light(s) w(s),   w = 1 / (n_cos p_cos + n_vndf p_vndf + n_env p_env)
 *
 * The balance heuristic of Veach 1997: a sample's weight does not depend on who drew it.
 */
#ifndef HL_RELIGHT_FIT_ESTIMATE_H
#define HL_RELIGHT_FIT_ESTIMATE_H

#include "core/bvh.h"
#include "relight/environment.h"
#include "relight/sampling.h"

enum { HL_ESTIMATE_MAX = 1024 };

/* What rays see. */
typedef struct hl_estimate_scene {
    const hl_bvh *bvh;
    const hl_mesh *mesh;
    const hl_environment *env;
    const float *bounce; /* (vertices, 3) radiance that leaves a vertex, or NULL */
    float bounce_weight;
    float offset; /* of ray origins along the geometric normal, scene units */
    bool visibility;
    int32_t cosine, vndf, light; /* samples per strategy, sum <= HL_ESTIMATE_MAX */
} hl_estimate_scene;

typedef struct hl_estimate_point {
    float x[3], geometric[3], eye[3]; /* unit normal on the side of eye; unit, towards the eye */
    hl_surface surface;
} hl_estimate_point;

typedef struct hl_estimate_sample {
    float direction[3];
    float light[3]; /* radiance from there, times w                   */
    float weight;   /* w where the environment is seen, else 0        */
    int32_t texel;  /* of the environment                             */
} hl_estimate_sample;

/* radiance (3): out.  samples (cosine + vndf + light): out.  Returns how many were filled. */
int32_t hl_estimate(const hl_estimate_scene *scene, const hl_estimate_point *point, hl_rng *rng,
                    hl_estimate_sample *samples, float radiance[3]);

/* d_radiance (3): dL/d radiance.  Adds to *grad, and to env_grad (texels, 3) unless NULL. */
void hl_estimate_bwd(const hl_estimate_point *point, const hl_estimate_sample *samples,
                     int32_t count, const float d_radiance[3], hl_surface *grad, float *env_grad);

/* Radiance (3) that reaches the point from a direction.  Returns the texel of the environment, -1
 * where something is in the way. */
int32_t hl_estimate_look(const hl_estimate_scene *scene, const hl_estimate_point *point,
                         const float direction[3], float rgb[3]);

/* Radiance that leaves the mesh where the ray hits it; 0 from behind. */
void hl_estimate_bounce(const hl_estimate_scene *scene, const hl_ray *ray, const hl_hit *hit,
                        float rgb[3]);

/* Unit face normal. */
void hl_estimate_face(const hl_mesh *mesh, uint32_t triangle, float normal[3]);

#endif /* HL_RELIGHT_FIT_ESTIMATE_H */
