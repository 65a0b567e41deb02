/* SPDX-License-Identifier: MIT */
/* relight/hybrid.h -- how splats and mesh share the work of showing a surface under a light.
 *
 * From the naive to the default, each adding one rule (Choi and Yoo 2024; docs/relight.md):
 *
 *   forward                every splat is lit at its centre, with its own normal and shadow rays;
 *                          the light of the splats is blended
 *   deferred               materials are blended and lit once per pixel, at the splats' blended
 *                          depth and normal
 *   deferred+mesh          ... at the place and normal of the mesh
 *   deferred+mesh+window   ... and splats count near the mesh alone
 *
 * Rays meet the mesh in all of them.
 */
#ifndef HL_RELIGHT_HYBRID_H
#define HL_RELIGHT_HYBRID_H

#include <stdbool.h>
#include <stdint.h>

typedef enum hl_hybrid {
    HL_HYBRID_FORWARD,
    HL_HYBRID_DEFERRED,
    HL_HYBRID_MESH,
    HL_HYBRID_WINDOW,
    HL_HYBRID_COUNT
} hl_hybrid;

#define HL_HYBRID_NAMES "forward|deferred|deferred+mesh|deferred+mesh+window"

typedef struct hl_hybrid_rules {
    const char *name;
    bool per_splat; /* splats are lit and then blended, else blended and then lit            */
    bool on_mesh;   /* places and normals are those of the mesh, else those of the splats    */
    bool windowed;  /* splats count within a window around the mesh                          */
    float lift;     /* ray origins off a surface, in units of the offset from the mesh       */
} hl_hybrid_rules;

/* hybrid in [0, HL_HYBRID_COUNT). */
const hl_hybrid_rules *hl_hybrid_rules_of(int32_t hybrid);

#endif /* HL_RELIGHT_HYBRID_H */
