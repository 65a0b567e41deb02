/* SPDX-License-Identifier: MIT */
/* shadow_splats.vert -- splats as a lamp sees them, in any order: a fragment stays with the chance
 * of its opacity, and the nearest one that stays is the depth (Enderton et al. 2010, "Stochastic
 * Transparency").  Depth varies over the footprint as the mean of the Gaussian along the ray does:
 * a flat splat casts the shadow of its plane. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"
#include "splat.glsl"
#include "ellipse.glsl"
#include "shadow_view.glsl"

layout(scalar, set = 0, binding = 0) uniform Shadows { hl_gpu_shadow shadows[HL_SHADOWS]; };
layout(scalar, set = 0, binding = 1) readonly buffer Splats { hl_gpu_splat splats[]; };
layout(push_constant, scalar) uniform Push { uint map; uint first; float scale; };
layout(location = 0) flat out vec4 center; /* mu in the atlas, z, opacity */
layout(location = 1) flat out vec3 conic;
layout(location = 2) flat out vec2 slope; /* of z, by texel */
layout(location = 3) flat out uint number;

const float DILATION = 0.3; /* texels^2, as the projector of raster/project.h */

void main()
{
    const hl_gpu_shadow v = shadows[map];
    const hl_gpu_splat s = splats[gl_InstanceIndex];
    const mat3 r = transpose(mat3(v.row0, v.row1, v.row2));
    const vec3 t = shadow_in_light(v, s.mean);
    const float opacity = splat_opacity(s), iz = v.range > 0 ? 1 : 1 / t.z;
    const mat3 m = transpose(r * splat_axes(s, scale)); /* columns: x, y, z along the half-axes */
    gl_Position = vec4(2, 2, 0, 1); /* outside */
    number = first + gl_InstanceIndex;
    if (opacity < ALPHA_MIN || (v.range == 0 && t.z < v.first))
        return;
    const vec2 ray = v.range > 0 ? vec2(0) : clamp(t.xy * iz, -1.3, 1.3);
    const vec3 b0 = v.scale * iz * (m[0] - ray.x * m[2]), b1 = v.scale * iz * (m[1] - ray.y * m[2]);
    const vec3 minors = cross(b0, b1);
    const float xx = dot(b0, b0), yy = dot(b1, b1), xy = dot(b0, b1);
    const float det = dot(minors, minors) + DILATION * (xx + yy) + DILATION * DILATION;
    const vec2 mu = v.scale * iz * t.xy + 0.5 * v.side;
    if (!(det > 0 && det < 1e30 && dot(mu, mu) < 1e30))
        return;
    conic = vec3(yy + DILATION, -xy, xx + DILATION) / det;
    const vec2 along = vec2(dot(b0, m[2]), dot(b1, m[2])); /* covariance of z and the place */
    slope = vec2(conic.x * along.x + conic.y * along.y, conic.y * along.x + conic.z * along.y);
    center = vec4(mu + v.corner, t.z, opacity);
    gl_Position = vec4(2 * ellipse_corner(mu, conic, opacity) / v.side - 1, 0.5, 1);
}
