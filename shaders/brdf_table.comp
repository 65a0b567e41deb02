/* SPDX-License-Identifier: MIT */
/* brdf_table.comp -- the split sum: reflectance under even light is F0 x + y, over the cosine to
 * the eye (column) and roughness (row).  GGX with height-correlated masking and visible normals as
 * relight/brdf.h; a sample of Heitz 2018 then weighs F G2 / G1. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"
#include "env.glsl"

layout(local_size_x = HL_GROUP_SIDE, local_size_y = HL_GROUP_SIDE) in;
layout(set = 0, binding = 0, rgba16f) uniform writeonly image2D table;

const uint SAMPLES = 256;

vec3 visible_normal(vec3 o, float a, vec2 u)
{
    const vec3 v = normalize(vec3(a * o.x, a * o.y, o.z));
    const vec3 t1 = vec3(0, 1, 0), t2 = cross(v, t1) / max(length(cross(v, t1)), 1e-6);
    const vec3 side = cross(t2, v);
    const float r = sqrt(u.x), phi = 2 * PI * u.y, s = 0.5 * (1 + v.z), x = r * cos(phi);
    const float y = (1 - s) * sqrt(1 - x * x) + s * r * sin(phi);
    const vec3 h = x * side + y * t2 + sqrt(max(0, 1 - x * x - y * y)) * v;
    return normalize(vec3(a * h.x, a * h.y, max(0, h.z)));
}

void main()
{
    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (at.x >= HL_LUT_SIDE || at.y >= HL_LUT_SIDE)
        return;
    const float no = (float(at.x) + 0.5) / HL_LUT_SIDE;
    const float a = alpha_of((float(at.y) + 0.5) / HL_LUT_SIDE), a2 = a * a;
    const vec3 o = vec3(sqrt(1 - no * no), 0, no);
    const float so = sqrt(a2 + (1 - a2) * no * no);
    vec2 sum = vec2(0);
    for (uint i = 0; i < SAMPLES; i++) {
        const vec3 h = visible_normal(o, a, hammersley(i, SAMPLES));
        const float oh = max(dot(o, h), 0), ni = 2 * oh * h.z - no;
        if (ni <= 0)
            continue;
        const float si = sqrt(a2 + (1 - a2) * ni * ni);
        /* G2 / G1 = (1 + Lambda(o)) / (1 + Lambda(o) + Lambda(i)). */
        const float lo = 0.5 * (so / no + 1), li = 0.5 * (si / ni - 1);
        const float g = lo / (lo + li), w = pow(1 - oh, 5);
        sum += g * vec2(1 - w, w);
    }
    imageStore(table, at, vec4(sum / float(SAMPLES), 0, 1));
}
