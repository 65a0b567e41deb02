/* SPDX-License-Identifier: MIT */
/* quad.glsl -- one instance per splat, front to back: the rectangle around its ellipse.  With LIT
 * the material goes along, with BAKED its light (viewer/bake.h). */
#include "common.glsl"
#include "shared.h"
#include "ellipse.glsl"
#ifdef LIT
#include "octahedral.glsl"
#endif

layout(scalar, set = 0, binding = 0) readonly buffer Order { uint order[]; };
layout(scalar, set = 0, binding = 1) readonly buffer Footprints { hl_gpu_footprint footprints[]; };
layout(scalar, set = 0, binding = 2) uniform View { hl_gpu_view view; };

#ifdef LIT
layout(scalar, set = 0, binding = 3) readonly buffer Materials { uvec2 materials[]; };
layout(location = 3) flat out vec3 albedo; /* linear */
layout(location = 4) flat out vec3 normal; /* world  */
layout(location = 5) flat out vec2 finish; /* roughness, metal */
#endif
#ifdef BAKED
#include "baked.glsl"
layout(scalar, set = 0, binding = 4) readonly buffer Baked { uvec2 baked[]; };
layout(location = 6) flat out vec3 sky;
layout(location = 7) flat out vec3 bounce;
#endif
layout(location = 0) flat out vec4 color; /* rgb, opacity */
layout(location = 1) flat out vec3 conic;
layout(location = 2) flat out vec3 center; /* mu, depth */

void main()
{
    const uint i = order[gl_InstanceIndex];
    const hl_gpu_footprint f = footprints[i];
#ifdef LIT
    const vec4 low = unpackUnorm4x8(materials[i].x);
    albedo = linear_from_srgb(low.rgb);
    normal = octahedral_decode(unpackSnorm2x16(materials[i].y & 0xFFF0FFF0u));
    finish = vec2(low.a, float((materials[i].y & 15) | ((materials[i].y >> 12) & 0xF0)) / 255.0);
#endif
#ifdef BAKED
    const bool has = (view.baked & HL_BAKED_SPLATS) != 0;
    sky = has ? baked_color(baked[i].x) : vec3(1);
    bounce = has ? baked_color(baked[i].y) : vec3(0);
#endif
    const vec2 ba = unpackHalf2x16(f.ba);
    color = vec4(unpackHalf2x16(f.rg), ba);
    conic = f.conic;
    center = vec3(f.mu, f.depth);
    const vec2 at = ellipse_corner(f.mu, f.conic, ba.y);
    gl_Position = vec4(2 * at / vec2(view.width, view.height) - 1, HL_GPU_NEAR / f.depth, 1);
}
