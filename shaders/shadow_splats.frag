/* SPDX-License-Identifier: MIT */
/* shadow_splats.frag -- stays with the chance of its opacity (shadow_splats.vert). */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(location = 0) flat in vec4 center;
layout(location = 1) flat in vec3 conic;
layout(location = 2) flat in vec2 slope;
layout(location = 3) flat in uint number;
layout(scalar, set = 0, binding = 0) uniform Shadows { hl_gpu_shadow shadows[HL_SHADOWS]; };
layout(push_constant, scalar) uniform Push { uint map; uint first; float scale; };

/* Of pixel and splat: the same in every picture (PCG, Jarzynski and Olano 2020). */
float chance(uvec3 v)
{
    v = v * 1664525u + 1013904223u;
    v.x += v.y * v.z;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v ^= v >> 16;
    v.x += v.y * v.z;
    return float(v.x >> 8) / 16777216.0;
}

void main()
{
    const hl_gpu_shadow v = shadows[map];
    const vec2 d = gl_FragCoord.xy - center.xy;
    const float q = conic.x * d.x * d.x + 2 * conic.y * d.x * d.y + conic.z * d.y * d.y;
    const float alpha = min(center.w * exp(-0.5 * q), ALPHA_MAX);
    if (!(alpha >= ALPHA_MIN && alpha > chance(uvec3(gl_FragCoord.xy, number))))
        discard;
    const float z = center.z + dot(slope, d);
    gl_FragDepth = clamp(v.range > 0 ? 1 - (z - v.first) / v.range : v.first / max(z, v.first),
                         0.0, 1.0);
}
