/* SPDX-License-Identifier: MIT */
/* shadow_view.glsl -- from the world into one square of the shadow atlas. */

vec3 shadow_in_light(hl_gpu_shadow s, vec3 x)
{
    return vec3(dot(s.row0, x), dot(s.row1, x), dot(s.row2, x)) + s.move;
}

/* On the screen that the square fills; t: in the frame of the light. */
vec4 shadow_clip(hl_gpu_shadow s, vec3 t)
{
    const vec2 xy = 2 * s.scale / s.side * t.xy;
    return s.range > 0 ? vec4(xy, 1 - (t.z - s.first) / s.range, 1) : vec4(xy, s.first, t.z);
}
