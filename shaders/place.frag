/* SPDX-License-Identifier: MIT */
/* place.frag -- normal and depth of the mesh under the splats: twin of hl_fit_point_at
 * (relight/fit/fit_gbuffer.c).  Shading normals that lean away are turned to the side. */
#version 460

layout(location = 0) in vec3 normal;
layout(location = 1) in vec3 to_eye;
layout(location = 2) in float z;
layout(location = 0) out vec4 place;

const float FACING_LEAST = 0.02;

void main()
{
    const vec3 o = normalize(to_eye);
    const float size = length(normal);
    vec3 n = size > 0 ? normal / size : o;
    const float facing = dot(n, o);
    if (facing < FACING_LEAST)
        n = normalize(n + (FACING_LEAST - facing) * o);
    place = vec4(n, z);
}
