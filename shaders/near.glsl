/* SPDX-License-Identifier: MIT */
/* near.glsl -- which splats count over a mesh: the window of relight/surfaces.h.
 *
 * Needs view; place: normal and depth of the mesh at the pixel, depth 0 where it is missed. */

bool near_mesh(vec4 place, float depth)
{
    return place.w <= 0 || abs(depth - place.w) <= view.reach;
}
