/* SPDX-License-Identifier: MIT */
/* viewer/light_cpu.h -- shaders/light.comp on the processor: a surface under the environment
 * (split sum, spherical harmonics) and under lamps, whose shadows are rays instead of maps.
 */
#ifndef HL_VIEWER_LIGHT_CPU_H
#define HL_VIEWER_LIGHT_CPU_H

#include "core/bvh.h"
#include "relight/brdf.h"
#include "relight/prefilter.h"
#include "viewer/renderer.h"
#include "viewer/tier_shadow.h"

typedef struct hl_light_cpu {
    hl_environment env;  /* no larger than layer 0 of `mirror`; owned; radiance NULL: even white */
    hl_prefilter mirror; /* of env                                                              */
    float *table;        /* of the split sum, owned                                             */
    float sh[3][9];      /* irradiance over pi, as env stands                                   */
    float up[3], turn;   /* how it stands                                                       */
    bool filtered, turned;
} hl_light_cpu;

/* A point to light, and what may be in its way. */
typedef struct hl_lit_point {
    hl_surface surface; /* its normal towards the eye or nearly so */
    float x[3], o[3];   /* world; o unit, towards the eye          */
    bool baked;         /* what follows counts (viewer/bake.h):   */
    float sky[3], bounce[3];
    float lift;                   /* length: rays start so far off it        */
    const hl_bvh *casters[2];     /* NULL: none                        */
    const hl_tier_shadow *splats; /* cast shadows too; NULL: they do not */
} hl_lit_point;

void hl_light_cpu_release(hl_light_cpu *light);

/* Copied.  HL_E_MEMORY. */
hl_status hl_light_cpu_set(hl_light_cpu *light, const hl_environment *environment);

/* Before the first point of a picture; does what changed only.  HL_E_MEMORY. */
hl_status hl_light_cpu_prepare(hl_light_cpu *light, const hl_look *look);

/* Radiance from far away along d (unit, world), without exposure; rgb (3): out. */
void hl_light_cpu_far(const hl_light_cpu *light, const hl_look *look, const float d[3],
                      float rgb[3]);

/* Radiance towards the eye, without exposure; rgb (3): out.  Any number of threads. */
void hl_light_cpu_shade(const hl_light_cpu *light, const hl_look *look, const hl_lit_point *p,
                        float rgb[3]);

#endif /* HL_VIEWER_LIGHT_CPU_H */
