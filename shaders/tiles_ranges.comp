/* SPDX-License-Identifier: MIT */
/* tiles_ranges.comp -- where each tile's pairs begin and end; the ranges were 0 before. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) readonly buffer Keys { uint keys[]; };
layout(scalar, set = 0, binding = 1) readonly buffer Total { uint total; };
layout(scalar, set = 0, binding = 2) writeonly buffer Ranges { uint ranges[]; }; /* (tiles, 2) */
layout(push_constant, scalar) uniform Push { hl_gpu_tiling push; };

void main()
{
    const uint i = GROUP_NUMBER * HL_GROUP + gl_LocalInvocationIndex, count = min(total, push.room);
    if (i >= count)
        return;
    const uint tile = keys[i];
    if (i == 0 || keys[i - 1] != tile)
        ranges[2 * tile] = i;
    if (i + 1 == count || keys[i + 1] != tile)
        ranges[2 * tile + 1] = i + 1;
}
