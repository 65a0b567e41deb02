/* SPDX-License-Identifier: MIT */
/* radix_scan.comp -- where in its digit's run each group's keys begin, and how long the run is: one
 * group per digit, or, where there are few groups of keys, one invocation per digit. */
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

void scan_alone(uint digit)
{
    uint at = 0;
    for (uint i = 0; i < groups; i++) {
        const uint n = counts[digit * groups + i];
        counts[digit * groups + i] = at;
        at += n;
    }
    totals[digit] = at;
}

void main()
{
    if (groups <= HL_RADIX_FEW) {
        if (GROUP_NUMBER == 0)
            scan_alone(gl_LocalInvocationIndex);
        return;
    }
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
