/* SPDX-License-Identifier: MIT */
/* place_material.glsl -- normal and depth of the mesh under the splats: twin of hl_mesh_view_face
 * (raster/mesh_view.h).  Shading normals that lean away are turned to the side. */
layout(location = 0) in vec3 normal;
layout(location = 1) in vec3 to_eye;
layout(location = 2) in float z;
layout(location = 0) out vec4 place;
#ifdef BAKED
layout(location = 3) in vec3 sky;
layout(location = 4) in vec3 bounce;
layout(location = 1) out vec4 out_sky;
layout(location = 2) out vec4 out_bounce;
#endif

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
#ifdef BAKED
    out_sky = vec4(sky, 1);
    out_bounce = vec4(bounce, 1);
#endif
}
