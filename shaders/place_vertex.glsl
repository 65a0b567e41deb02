/* SPDX-License-Identifier: MIT */
/* place_vertex.glsl -- the mesh under the splats: where it is and how it is turned; with BAKED the
 * light that was baked on it (viewer/bake.h). */
#include "common.glsl"
#include "shared.h"

layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(scalar, set = 0, binding = 0) uniform View { hl_gpu_view view; };
layout(location = 0) out vec3 out_normal;
layout(location = 1) out vec3 to_eye;
layout(location = 2) out float z;
#ifdef BAKED
#include "baked.glsl"
layout(scalar, set = 0, binding = 1) readonly buffer Baked { uvec2 baked[]; };
layout(location = 3) out vec3 sky;
layout(location = 4) out vec3 bounce;
#endif
#include "mesh.glsl"

void main()
{
    const vec3 t = mesh_in_camera(position);
    gl_Position = mesh_clip(t);
    out_normal = normal;
    to_eye = view.eye - position;
    z = t.z;
#ifdef BAKED
    sky = baked_color(baked[gl_VertexIndex].x);
    bounce = baked_color(baked[gl_VertexIndex].y);
#endif
}
