/* SPDX-License-Identifier: MIT */
/* mesh.glsl -- from the world to the screen.  Depth is HL_GPU_NEAR / z: linear on the screen, far
 * is 0. */

vec3 mesh_in_camera(vec3 x)
{
    return vec3(dot(view.row0, x), dot(view.row1, x), dot(view.row2, x)) + view.move;
}

vec4 mesh_clip(vec3 t)
{
    const vec2 pixel = view.lens.xy * t.xy + view.lens.zw * t.z; /* times z */
    return vec4(2 * pixel / vec2(view.width, view.height) - t.z, HL_GPU_NEAR, t.z);
}
