/* SPDX-License-Identifier: MIT */
/* mesh.frag -- the material of a mesh, behind the splats that are blended already.  Both sides are
 * lit: the normal is turned towards the eye. */
#version 460

layout(location = 0) in vec3 normal;
layout(location = 1) in vec3 albedo;
layout(location = 2) in vec3 finish;
layout(location = 3) in vec3 to_eye;
layout(location = 0) out vec4 out_albedo;
layout(location = 1) out vec4 out_normal;
layout(location = 2) out vec4 out_finish;

void main()
{
    const float size = length(normal);
    const vec3 n = size > 0 ? normal / size : normalize(to_eye);
    out_albedo = vec4(albedo, 1);
    out_normal = vec4(dot(n, to_eye) < 0 ? -n : n, 1);
    out_finish = vec4(finish, 1);
}
