/* SPDX-License-Identifier: MIT */
/* ui.vert -- triangles of the user interface, in pixels. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(location = 0) in vec2 position;
layout(location = 1) in vec2 uv;
layout(location = 2) in vec4 color;
layout(push_constant, scalar) uniform Push {
    vec2 size; /* of the window, pixels */
};
layout(location = 0) out vec4 tint;
layout(location = 1) out vec2 at;

void main()
{
    tint = color;
    at = uv;
    gl_Position = vec4(2 * position / size - 1, 0, 1);
}
