/* SPDX-License-Identifier: MIT */
/* viewer/bake.h -- the light that a frame has no time for: what of the environment reaches a
 * surface past everything else, and what other surfaces send it.  Solved on the vertices of a mesh
 * by relight/irradiance.h, in a thread of its own, and carried over to the splats that lie on it.
 *
 * The mesh is one that is seen, one that stands in for splats, or both together.  For every vertex
 * of both and for every splat the result is two colours in 32 bits each:
 *
 *   sky     E_arrives(n) / E_sh(n), where E_sh is that of the open sky by spherical harmonics, kept
 *           above HL_BAKE_FLOOR of its mean: a map that is turned or exchanged meanwhile still
 *           gives a likely picture
 *   bounce  irradiance by other surfaces over pi
 *
 * One thread uses a bake at a time.
 */
#ifndef HL_VIEWER_BAKE_H
#define HL_VIEWER_BAKE_H

#include "core/mesh.h"
#include "core/splats.h"
#include "relight/environment.h"
#include "relight/lights.h"

enum { HL_BAKE_LAMPS = 16, HL_BAKE_WORDS = 2 };

#define HL_BAKE_FLOOR 0.1f /* also in shaders/light.comp */

typedef struct hl_bake hl_bake;

/* What everything shines with. */
typedef struct hl_bake_light {
    const hl_environment *environment; /* oriented; its tables are not used */
    float intensity;                   /* of the environment                */
    const hl_light *lights;            /* (light_count)                     */
    int32_t light_count;
} hl_bake_light;

typedef struct hl_bake_result {
    uint32_t *vertices;   /* (vertex_count, HL_BAKE_WORDS) of the mesh that is seen */
    uint32_t *splats;     /* (splat_count, HL_BAKE_WORDS)                           */
    uint32_t *places;     /* (place_count, HL_BAKE_WORDS) of the vertices of the stand-in */
    int32_t vertex_count; /*                                                        */
    int32_t place_count;
    int32_t splat_count; /* 0: nothing stands in for them                          */
} hl_bake_result;

hl_status hl_bake_create(hl_bake **bake);

/* Waits for the solve at hand. */
void hl_bake_destroy(hl_bake **bake);

/* The surfaces from now on; copied.  seen, stand_in: with normals, or NULL; splats may be NULL.
 * materials (count, HL_GBUFFER_CHANNELS), or NULL: the splats' mean colours.  Where stand_in has no
 * albedo it takes that of the splats.  HL_E_MEMORY. */
hl_status hl_bake_set_scene(hl_bake *bake, const hl_mesh *seen, const hl_mesh *stand_in,
                            const hl_splats *splats, const float *materials);

/* The light from now on; copied.  A solve begins unless it is the same as before, and with `wait`
 * is at its end on return.  Nothing happens without surfaces.  HL_E_MEMORY. */
hl_status hl_bake_set_light(hl_bake *bake, const hl_bake_light *light, bool wait);

/* A result that is newer than the last one taken: owned by the caller, released below. */
bool hl_bake_take(hl_bake *bake, hl_bake_result *out);
void hl_bake_result_release(hl_bake_result *result);

/* A result is there to be taken. */
bool hl_bake_ready(hl_bake *bake);

/* Until no solve goes on. */
void hl_bake_wait(hl_bake *bake);

/* Shared exponent, 9 bits a channel (EXT_texture_shared_exponent): rgb >= 0. */
uint32_t hl_bake_pack(const float rgb[3]);
void hl_bake_unpack(uint32_t bits, float rgb[3]);

#endif /* HL_VIEWER_BAKE_H */
