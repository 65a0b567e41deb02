/* SPDX-License-Identifier: MIT */
/* env_filter.comp -- a map of radiance, blurred as a GGX mirror of each roughness sees it head on
 * (Karis 2013, "Real Shading in Unreal Engine 4"); samples read the mip that matches their density
 * (Colbert and Krivanek 2007). */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"
#include "env.glsl"

layout(local_size_x = HL_GROUP_SIDE, local_size_y = HL_GROUP_SIDE) in;
layout(set = 0, binding = 0) uniform sampler2D map;
layout(set = 0, binding = 1, rgba16f) uniform writeonly image2DArray layers;

const uint SAMPLES = 256, GROUP = HL_GROUP_SIDE * HL_GROUP_SIDE;

shared vec4 rays[SAMPLES]; /* around the z axis, and the mip: the same for all texels of a layer */

void make_ray(uint i, float a2, float texel)
{
    const vec2 u = hammersley(i, SAMPLES);
    const float c2 = (1 - u.x) / (1 + (a2 - 1) * u.x), c = sqrt(c2), s = sqrt(max(1 - c2, 0));
    const float t = c2 * (a2 - 1) + 1;
    const float density = a2 / (PI * t * t) / 4; /* D / 4: eye and normal are one */
    const float lod = 0.5 * log2(1 / (float(SAMPLES) * density * texel));
    rays[i] = vec4(2 * c * s * cos(2 * PI * u.y), 2 * c * s * sin(2 * PI * u.y), 2 * c2 - 1,
                   max(lod, 0));
}

void main()
{
    const ivec3 at = ivec3(gl_GlobalInvocationID) + ivec3(0, 0, 1); /* layer 0: the map itself */
    const vec2 size = vec2(textureSize(map, 0));
    const float a = alpha_of(float(at.z) / float(HL_ENV_LAYERS - 1));
    for (uint i = gl_LocalInvocationIndex; i < SAMPLES; i += GROUP)
        make_ray(i, a * a, 4 * PI / (size.x * size.y));
    barrier();
    if (at.x >= HL_ENV_WIDTH || at.y >= HL_ENV_HEIGHT)
        return;
    const vec2 uv = (vec2(at.xy) + 0.5) / vec2(HL_ENV_WIDTH, HL_ENV_HEIGHT);
    const mat3 frame = frame_of(env_direction(uv));
    vec3 sum = vec3(0);
    float weight = 0;
    for (uint i = 0; i < SAMPLES; i++) {
        const vec4 r = rays[i];
        if (r.z <= 0)
            continue;
        sum += r.z * textureLod(map, env_uv(frame * r.xyz), r.w).rgb;
        weight += r.z;
    }
    imageStore(layers, at, vec4(sum / max(weight, 1e-6), 1));
}
