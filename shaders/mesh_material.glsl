/* SPDX-License-Identifier: MIT */
/* mesh_material.glsl -- the material of a mesh, behind the splats that are blended already.  Both sides are
 * lit: the normal is turned towards the eye. */
layout(location = 0) in vec3 normal;
layout(location = 1) in vec3 albedo;
layout(location = 2) in vec3 finish;
layout(location = 3) in vec3 to_eye;
#ifdef BAKED
layout(location = 4) in vec3 sky;
layout(location = 5) in vec3 bounce;
layout(location = 3) out vec4 out_sky;
layout(location = 4) out vec4 out_bounce;
#endif
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
#ifdef BAKED
    out_sky = vec4(sky, 1);
    out_bounce = vec4(bounce, 1);
#endif
}
