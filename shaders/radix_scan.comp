/* SPDX-License-Identifier: MIT */
/* radix_scan.comp -- one group per digit: where in the digit's run each group's keys begin, and
 * how long the run is. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) buffer Counts { uint counts[]; };   /* (bins, groups) */
layout(scalar, set = 0, binding = 1) writeonly buffer Totals { uint totals[]; }; /* (bins) */
layout(push_constant, scalar) uniform Push {
    uint count;
    uint groups;
    uint shift;
};

shared uint sums[HL_GROUP];

void main()
{
    const uint t = gl_LocalInvocationIndex, row = GROUP_NUMBER * groups;
    const uint share = (groups + HL_GROUP - 1) / HL_GROUP;
    const uint from = min(t * share, groups), to = min(from + share, groups);
    uint sum = 0;
    for (uint i = from; i < to; i++)
        sum += counts[row + i];
    sums[t] = sum;
    barrier();
    for (uint step = 1; step < HL_GROUP; step *= 2) {
        const uint before = t >= step ? sums[t - step] : 0;
        barrier();
        sums[t] += before;
        barrier();
    }
    uint at = sums[t] - sum;
    for (uint i = from; i < to; i++) {
        const uint n = counts[row + i];
        counts[row + i] = at;
        at += n;
    }
    if (t == HL_GROUP - 1)
        totals[GROUP_NUMBER] = sums[t];
}
