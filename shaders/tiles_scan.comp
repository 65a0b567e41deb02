/* SPDX-License-Identifier: MIT */
/* tiles_scan.comp -- one group: where the pairs of each group of splats begin, and how many there
 * are in all; sums stay at the greatest number instead of starting again at 0. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) buffer Sums { uint sums[]; }; /* (groups) */
layout(scalar, set = 0, binding = 1) writeonly buffer Total { uint total; };
layout(push_constant, scalar) uniform Push { hl_gpu_tiling push; };

shared uint scan[HL_GROUP];

uint add(uint a, uint b)
{
    return a + b < a ? 0xFFFFFFFFu : a + b;
}

void main()
{
    const uint t = gl_LocalInvocationIndex, share = (push.groups + HL_GROUP - 1) / HL_GROUP;
    const uint from = min(t * share, push.groups), to = min(from + share, push.groups);
    uint sum = 0;
    for (uint i = from; i < to; i++)
        sum = add(sum, sums[i]);
    scan[t] = sum;
    barrier();
    for (uint step = 1; step < HL_GROUP; step *= 2) {
        const uint before = t >= step ? scan[t - step] : 0;
        barrier();
        scan[t] = add(scan[t], before);
        barrier();
    }
    uint at = t > 0 ? scan[t - 1] : 0;
    for (uint i = from; i < to; i++) {
        const uint n = sums[i];
        sums[i] = at;
        at = add(at, n);
    }
    if (t == HL_GROUP - 1)
        total = scan[t];
}
