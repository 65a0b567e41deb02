/* SPDX-License-Identifier: MIT */
/* project.comp -- cull and project one chunk of splats: twin of hl_project and hl_sh_color.
 *
 * Writes a sort key (the bits of the depth, which order as the depth does) and a footprint for
 * every splat; a culled one gets HL_KEY_CULLED and so comes last.  Counts the others. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"
#include "sh.glsl"
#include "octahedral.glsl"
#include "splat.glsl"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) readonly buffer Splats { hl_gpu_splat splats[]; };
layout(scalar, set = 0, binding = 1) readonly buffer Colors { uint colors[]; };
layout(scalar, set = 0, binding = 2) uniform View { hl_gpu_view view; };
layout(scalar, set = 0, binding = 3) writeonly buffer Keys { uint keys[]; };
layout(scalar, set = 0, binding = 4) writeonly buffer Order { uint order[]; };
layout(scalar, set = 0, binding = 5) writeonly buffer Footprints { hl_gpu_footprint footprints[]; };
layout(scalar, set = 0, binding = 6) buffer Draw { uint draw[4]; };
layout(scalar, set = 0, binding = 7) writeonly buffer Materials { uvec2 materials[]; };
layout(scalar, set = 0, binding = 8) readonly buffer Own { uvec2 own[]; };
layout(push_constant, scalar) uniform Push {
    uint first;  /* number of the chunk's first splat        */
    uint count;  /* splats of the chunk                      */
    uint words;  /* 32-bit words of one splat's colour       */
    uint stride; /* stored coefficients of one channel       */
    float roughness;
    float metal;
    uint owned; /* the chunk's splats have materials of their own */
};

shared uint visible;

float half_at(uint base, uint index)
{
    const vec2 pair = unpackHalf2x16(colors[base + (index >> 1)]);
    return (index & 1) == 0 ? pair.x : pair.y;
}

vec3 color_towards(uint i, vec3 direction)
{
    float basis[16];
    sh_basis(direction, basis);
    const uint n = (view.degree + 1) * (view.degree + 1), base = i * words;
    vec3 rgb = vec3(0.5);
    for (uint k = 0; k < n; k++)
        rgb += basis[k] * vec3(half_at(base, k), half_at(base, stride + k),
                               half_at(base, 2 * stride + k));
    return max(rgb, 0.0);
}

/* The footprint; false when the splat leaves no trace in the picture. */
bool project(hl_gpu_splat s, out hl_gpu_footprint f, out float opacity)
{
    const mat3 r = transpose(mat3(view.row0, view.row1, view.row2));
    const vec3 t = r * s.mean + view.move;
    if (!(t.z >= 0.01 && t.z <= 1e18))
        return false;
    const float iz = 1 / t.z, fx = view.lens.x, fy = view.lens.y;
    const vec2 uv = t.xy * iz;
    const vec2 uvc = clamp(uv, view.clamp_uv.xz, view.clamp_uv.yw);
    f.mu = view.lens.xy * uv + view.lens.zw;
    f.depth = t.z;
    const mat3 m = r * splat_axes(s, view.splat_scale);
    /* Rows of B = J m. */
    const vec3 b0 = fx * iz * (vec3(m[0].x, m[1].x, m[2].x) -
                               uvc.x * vec3(m[0].z, m[1].z, m[2].z));
    const vec3 b1 = fy * iz * (vec3(m[0].y, m[1].y, m[2].y) -
                               uvc.y * vec3(m[0].z, m[1].z, m[2].z));
    const vec3 minors = cross(b0, b1);
    const float xx = dot(b0, b0), yy = dot(b1, b1), xy = dot(b0, b1), d = view.dilation;
    const float det_raw = dot(minors, minors);
    const float det = det_raw + d * (xx + yy) + d * d;
    if (!(det > 0 && det < 1e30 && abs(f.mu.x) < 1e30 && abs(f.mu.y) < 1e30))
        return false;
    f.conic = vec3(yy + d, -xy, xx + d) / det;
    const float rho = view.antialiased != 0 ? sqrt(max(det_raw / det, 1e-6)) : 1.0;
    opacity = splat_opacity(s) * rho;
    if (!(opacity >= ALPHA_MIN))
        return false;
    const vec2 reach = sqrt(2 * log(255.0 * opacity) * vec2(xx + d, yy + d)) + 0.5;
    return f.mu.x + reach.x > 0 && f.mu.y + reach.y > 0 && f.mu.x - reach.x < float(view.width) &&
           f.mu.y - reach.y < float(view.height);
}

uvec2 material_bits(uint low, vec3 n, uint m)
{
    return uvec2(low, (packSnorm2x16(octahedral_encode(n)) & 0xFFF0FFF0u) | (m & 15) |
                          (m & 0xF0) << 12);
}

/* Without materials of its own a splat takes its mean colour for albedo and its shortest axis for
 * the normal, turned towards the eye (hl_splat_normal).  Albedo in sRGB and roughness in 8 bits;
 * the normal in 2 x 12, with metal in the bits below. */
uvec2 material_of(uint i)
{
    const hl_gpu_splat s = splats[i];
    const mat3 rq = splat_rotation(s);
    const uint sx = s.scale.x & 0xFFFF, sy = s.scale.x >> 16, sz = s.scale.y & 0xFFFF;
    vec3 n = sx <= sy && sx <= sz ? rq[0] : (sy <= sz ? rq[1] : rq[2]);
    n = dot(n, view.eye - s.mean) < 0 ? -n : n;
    if (owned != 0)
        return material_bits(own[i].x, n, own[i].y);
    const uint base = i * words;
    const vec3 mean_color = 0.5 + 0.28209479177387814 * vec3(half_at(base, 0), half_at(base, stride),
                                                     half_at(base, 2 * stride));
    return material_bits(packUnorm4x8(vec4(mean_color, roughness)), n, uint(metal * 255 + 0.5));
}

void main()
{
    const uint i = GROUP_NUMBER * HL_GROUP + gl_LocalInvocationIndex;
    if (gl_LocalInvocationIndex == 0)
        visible = 0;
    barrier();
    if (i < count) {
        hl_gpu_footprint f;
        float opacity;
        const bool seen = project(splats[i], f, opacity);
        if (seen) {
            const vec3 rgb = color_towards(i, normalize(splats[i].mean - view.eye));
            f.rg = packHalf2x16(rgb.xy);
            f.ba = packHalf2x16(vec2(rgb.z, opacity));
            footprints[first + i] = f;
            materials[first + i] = material_of(i);
            atomicAdd(visible, 1);
        }
        keys[first + i] = seen ? floatBitsToUint(f.depth) : HL_KEY_CULLED;
        order[first + i] = first + i;
    }
    barrier();
    if (gl_LocalInvocationIndex == 0 && visible > 0)
        atomicAdd(draw[1], visible);
}
