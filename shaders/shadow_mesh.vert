/* SPDX-License-Identifier: MIT */
/* shadow_mesh.vert -- a mesh as a lamp sees it. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"
#include "shadow_view.glsl"

layout(location = 0) in vec3 position;
layout(scalar, set = 0, binding = 0) uniform Shadows { hl_gpu_shadow shadows[HL_SHADOWS]; };
layout(push_constant, scalar) uniform Push { uint map; uint first; float scale; };

void main()
{
    const hl_gpu_shadow s = shadows[map];
    gl_Position = shadow_clip(s, shadow_in_light(s, position));
}
