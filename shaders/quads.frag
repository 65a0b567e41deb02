/* SPDX-License-Identifier: MIT */
/* quads.frag -- twin of hl_pair_alpha; the blend unit composites front to back. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(location = 0) flat in vec4 color;
layout(location = 1) flat in vec3 conic;
layout(location = 2) flat in vec3 center;
layout(location = 0) out vec4 radiance;

void main()
{
    const vec2 d = gl_FragCoord.xy - center.xy;
    const float q = conic.x * d.x * d.x + 2 * conic.y * d.x * d.y + conic.z * d.y * d.y;
    const float alpha = color.a * exp(-0.5 * q);
    if (!(alpha >= ALPHA_MIN))
        discard;
    radiance = vec4(color.rgb, 1) * min(alpha, ALPHA_MAX);
}
