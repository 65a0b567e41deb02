/* SPDX-License-Identifier: MIT */
#include "relight/hybrid.h"

#include <assert.h>

/* Splats stray from the mesh by about an edge: without it, rays start 1.5 edges off them. */
#define LOOSE 3

static const hl_hybrid_rules rules[HL_HYBRID_COUNT] = {
    [HL_HYBRID_FORWARD] = {"forward", .per_splat = true, .lift = LOOSE},
    [HL_HYBRID_DEFERRED] = {"deferred", .lift = LOOSE},
    [HL_HYBRID_MESH] = {"deferred+mesh", .on_mesh = true, .lift = 1},
    [HL_HYBRID_WINDOW] = {"deferred+mesh+window", .on_mesh = true, .windowed = true, .lift = 1}};

const hl_hybrid_rules *hl_hybrid_rules_of(int32_t hybrid)
{
    assert(hybrid >= 0 && hybrid < HL_HYBRID_COUNT);
    return &rules[hybrid];
}
