/* SPDX-License-Identifier: MIT */
/* tiles_count.comp -- how many tiles each group's splats touch, in the order of their depth. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) readonly buffer Order { uint order[]; };
layout(scalar, set = 0, binding = 1) readonly buffer Footprints { hl_gpu_footprint footprints[]; };
layout(scalar, set = 0, binding = 2) uniform View { hl_gpu_view view; };
layout(scalar, set = 0, binding = 3) readonly buffer Draw { uint draw[4]; };
layout(scalar, set = 0, binding = 4) writeonly buffer Sums { uint sums[]; }; /* (groups) */
layout(push_constant, scalar) uniform Push { hl_gpu_tiling push; };
#include "tiles.glsl"

shared uint sum;

void main()
{
    const uint rank = GROUP_NUMBER * HL_GROUP + gl_LocalInvocationIndex;
    if (gl_LocalInvocationIndex == 0)
        sum = 0;
    barrier();
    if (rank < draw[1])
        atomicAdd(sum, cover_tiles(footprints[order[rank]]));
    barrier();
    if (gl_LocalInvocationIndex == 0 && GROUP_NUMBER < push.groups)
        sums[GROUP_NUMBER] = sum;
}
