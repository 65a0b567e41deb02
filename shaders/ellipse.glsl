/* SPDX-License-Identifier: MIT */
/* ellipse.glsl -- the rectangle around a splat's ellipse: corner gl_VertexIndex of a strip. */

vec2 ellipse_corner(vec2 mu, vec3 conic, float opacity)
{
    /* alpha >= 1/255 inside of q = 2 ln(255 opacity); axes from the eigenvalues of the conic,
     * a bit longer than needed against rounding. */
    const float q = 2 * log(255.0 * opacity) * 1.01 + 0.01;
    const float mid = 0.5 * (conic.x + conic.z);
    const float half_gap = length(vec2(0.5 * (conic.x - conic.z), conic.y));
    const float big = mid + half_gap, det = conic.x * conic.z - conic.y * conic.y;
    const float small = max(det / big, 1e-12);
    vec2 axis = conic.x >= conic.z ? vec2(half_gap + 0.5 * (conic.x - conic.z), conic.y)
                                   : vec2(conic.y, half_gap + 0.5 * (conic.z - conic.x));
    const float size = length(axis);
    axis = size > 0 ? axis / size : vec2(1, 0); /* of the shorter half-axis */
    const vec2 corner = vec2((gl_VertexIndex & 1) * 2 - 1, (gl_VertexIndex >> 1) * 2 - 1);
    return mu + corner.x * (sqrt(q / big) + 0.01) * axis +
           corner.y * (sqrt(q / small) + 0.01) * vec2(-axis.y, axis.x);
}
