/* SPDX-License-Identifier: MIT */
/* place.vert -- the mesh under the splats: where it is and how it is turned. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(scalar, set = 0, binding = 0) uniform View { hl_gpu_view view; };
layout(location = 0) out vec3 out_normal;
layout(location = 1) out vec3 to_eye;
layout(location = 2) out float z;
#include "mesh.glsl"

void main()
{
    const vec3 t = mesh_in_camera(position);
    gl_Position = mesh_clip(t);
    out_normal = normal;
    to_eye = view.eye - position;
    z = t.z;
}
