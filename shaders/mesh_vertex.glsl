/* SPDX-License-Identifier: MIT */
/* mesh_vertex.glsl -- vertices of a mesh with their material. */
#include "common.glsl"
#include "shared.h"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 albedo;
layout(location = 3) in vec2 finish;
layout(scalar, set = 0, binding = 0) uniform View { hl_gpu_view view; };
layout(location = 0) out vec3 out_normal;
layout(location = 1) out vec3 out_albedo;
layout(location = 2) out vec3 out_finish; /* roughness, metal, depth */
layout(location = 3) out vec3 to_eye;
#ifdef BAKED
#include "baked.glsl"
layout(scalar, set = 0, binding = 1) readonly buffer Baked { uvec2 baked[]; };
layout(location = 4) out vec3 sky;
layout(location = 5) out vec3 bounce;
#endif
invariant gl_Position;
#include "mesh.glsl"

void main()
{
    const vec3 t = mesh_in_camera(position);
    gl_Position = mesh_clip(t);
    out_normal = normal;
    out_albedo = albedo;
    out_finish = vec3(finish, t.z);
    to_eye = view.eye - position;
#ifdef BAKED
    const bool has = (view.baked & HL_BAKED_MESH) != 0;
    sky = has ? baked_color(baked[gl_VertexIndex].x) : vec3(1);
    bounce = has ? baked_color(baked[gl_VertexIndex].y) : vec3(0);
#endif
}
