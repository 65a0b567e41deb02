/* SPDX-License-Identifier: MIT */
/* radix_count.comp -- how often each digit occurs in each group's HL_RADIX_KEYS keys. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) readonly buffer Keys { uint keys[]; };
layout(scalar, set = 0, binding = 1) writeonly buffer Counts { uint counts[]; }; /* (bins, groups) */
layout(push_constant, scalar) uniform Push {
    uint count;
    uint groups;
    uint shift;
};

shared uint bins[HL_RADIX_BINS];

void main()
{
    const uint t = gl_LocalInvocationIndex, group = GROUP_NUMBER;
    bins[t] = 0;
    barrier();
    if (group < groups)
        for (uint k = 0; k < HL_RADIX_KEYS / HL_GROUP; k++) {
            const uint i = group * HL_RADIX_KEYS + k * HL_GROUP + t;
            if (i < count)
                atomicAdd(bins[(keys[i] >> shift) & 255], 1);
        }
    barrier();
    if (group < groups)
        counts[t * groups + group] = bins[t];
}
