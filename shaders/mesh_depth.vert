/* SPDX-License-Identifier: MIT */
/* mesh_depth.vert -- the place of a vertex alone, by the same arithmetic as mesh.vert. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(location = 0) in vec3 position;
layout(scalar, set = 0, binding = 0) uniform View { hl_gpu_view view; };
invariant gl_Position;
#include "mesh.glsl"

void main()
{
    gl_Position = mesh_clip(mesh_in_camera(position));
}
