/* SPDX-License-Identifier: MIT */
/* relight/irradiance.h -- indirect light: the irradiance at a point with a normal.
 *
 * One door, hl_irradiance_at, for whatever stores it.  Behind it so far: the irradiance of every
 * vertex of the mesh, solved bounce by bounce,
 *
 *   E_0(x)   = int V L_env (n.w)+ dw + lamps
 *   E_k+1(x) = E_0(x) + int (1 - V) rho(y) E_k(y) / pi (n.w)+ dw,   rho = (1 - metal) albedo
 *
 * (Neumann series of the rendering equation for Lambertian surfaces, Kajiya 1986).  It stores
 * light, not colour at the point itself: a change of one albedo changes what others get from it.
 * It is the oracle of faster stores, and the default on the CPU.
 */
#ifndef HL_RELIGHT_IRRADIANCE_H
#define HL_RELIGHT_IRRADIANCE_H

#include "relight/scene.h"

typedef struct hl_irradiance_point {
    float position[3]; /* world                                              */
    float normal[3];   /* unit; light from that half space                   */
    uint32_t triangle; /* of the mesh, and where on it, as hl_hit says       */
    float u, v;
} hl_irradiance_point;

/* A store of irradiance: `at` may run in any number of threads at once.  rgb (3): out, W / m^2 in
 * the unit of the light's radiance times steradian. */
typedef struct hl_irradiance {
    void (*at)(const void *self, const hl_irradiance_point *point, float rgb[3]);
    const void *self;
} hl_irradiance;

static inline void hl_irradiance_at(const hl_irradiance *irradiance,
                                    const hl_irradiance_point *point, float rgb[3])
{
    irradiance->at(irradiance->self, point, rgb);
}

typedef struct hl_vertex_light_options {
    int32_t samples; /* directions per vertex, cosine and light each; 1..65536, 0: 128 */
    int32_t bounces; /* after the first hit: 0..1000                                   */
    uint64_t seed;
} hl_vertex_light_options;

typedef struct hl_vertex_light hl_vertex_light;

/* Traces and solves.  Memory: 8 bytes per vertex and sample, besides 60 per vertex.  The same
 * bytes for any thread count.
 * Errors: HL_E_ARG (mesh without normals, options), HL_E_MEMORY, HL_E_INTERRUPT. */
hl_status hl_vertex_light_create(hl_vertex_light **out, const hl_light_scene *scene,
                                 const hl_vertex_light_options *options);
void hl_vertex_light_destroy(hl_vertex_light **light);

/* Other light on the same mesh: keeps the rays of the bounces. */
hl_status hl_vertex_light_relight(hl_vertex_light *light, const hl_environment *environment,
                                  const hl_light *lights, int32_t light_count);

/* The door, over all bounces; 0 on the back side of a triangle.  Lives as long as the solver. */
hl_irradiance hl_vertex_light_irradiance(const hl_vertex_light *light);

/* (vertex_count, 3) irradiance. */
const float *hl_vertex_light_values(const hl_vertex_light *light);

/* The same without bounces; of that what comes from the environment alone; and that with nothing in
 * the way, estimated by the same directions: the ratio of the two has little noise. */
const float *hl_vertex_light_direct(const hl_vertex_light *light);
const float *hl_vertex_light_sky(const hl_vertex_light *light);
const float *hl_vertex_light_open(const hl_vertex_light *light);

#endif /* HL_RELIGHT_IRRADIANCE_H */
