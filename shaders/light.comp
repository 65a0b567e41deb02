/* SPDX-License-Identifier: MIT */
/* light.comp -- deferred: the blended materials of a pixel under the environment (split sum for
 * GGX, spherical harmonics for the diffuse part) and the lamps with their shadows, then exposure, tone curve and sRGB;
 * or one of the channels as it is. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"
#include "sh.glsl"
#include "octahedral.glsl"
#include "env.glsl"
#include "tone.glsl"

layout(local_size_x = HL_GROUP_SIDE, local_size_y = HL_GROUP_SIDE) in;
layout(set = 0, binding = 0) uniform sampler2D albedos;
layout(set = 0, binding = 1) uniform sampler2D normals;
layout(set = 0, binding = 2) uniform sampler2D finishes;
layout(set = 0, binding = 3) uniform sampler2D map;
layout(set = 0, binding = 4) uniform sampler2DArray layers;
layout(set = 0, binding = 5) uniform sampler2D table;
layout(set = 0, binding = 6, rgba8) uniform writeonly image2D picture;
layout(scalar, set = 0, binding = 7) uniform View { hl_gpu_view view; };
layout(scalar, set = 0, binding = 8) uniform Light { hl_gpu_light light; };
layout(set = 0, binding = 9, rgba32f) uniform writeonly image2D numbers;
layout(set = 0, binding = 10) uniform sampler2D atlas;
layout(scalar, set = 0, binding = 11) uniform Shadows { hl_gpu_shadow shadows[HL_SHADOWS]; };

#include "shadow_view.glsl"
#include "lamps.glsl"
#include "shadow.glsl"

const uint SHOW_LIT = 1, SHOW_ALBEDO = 2, SHOW_NORMAL = 3, SHOW_ROUGHNESS = 4, SHOW_METAL = 5,
           SHOW_DEPTH = 6, SHOW_ALPHA = 7, SHOW_LIGHT = 8;

vec3 to_env(vec3 d)
{
    return vec3(dot(light.env0, d), dot(light.env1, d), dot(light.env2, d));
}

/* Mean radiance around d as a mirror of this roughness sees it. */
vec3 mirrored(vec3 d, float roughness)
{
    const vec2 uv = env_uv(to_env(d));
    const float at = roughness * float(HL_ENV_LAYERS - 1), low = floor(at);
    const vec3 rough =
        textureLod(layers, vec3(uv, min(low + 1, HL_ENV_LAYERS - 1)), 0).rgb;
    const vec3 sharp =
        low < 1 ? textureLod(map, uv, 0).rgb : textureLod(layers, vec3(uv, low), 0).rgb;
    return light.intensity * mix(sharp, rough, at - low);
}

vec3 irradiance(vec3 n) /* over pi */
{
    float b[16];
    sh_basis(n, b);
    vec3 sum = vec3(0);
    for (int k = 0; k < 9; k++)
        sum += b[k] * light.sh[k];
    return max(sum, 0.0);
}

vec3 from_lamps(vec3 albedo, vec3 x, vec3 n, vec3 o, float roughness, float metal)
{
    vec3 sum = vec3(0);
    for (uint k = 0; k < light.lamp_count; k++) {
        const hl_gpu_lamp l = light.lamps[k];
        const uint draws = l.kind <= LAMP_POINT ? 1 : LAMP_SAMPLES;
        vec3 one = vec3(0);
        lamp_light s;
        for (uint i = 0; i < draws; i++)
            if (lamp_sample(l, x, hammersley(i, draws), s))
                one += reflected(albedo, n, o, roughness, metal, s);
        if (one != vec3(0))
            sum += one / float(draws) * shadow_of(l, x, n);
    }
    return sum;
}

vec3 shade(vec3 albedo, vec3 x, vec3 n, vec3 o, float roughness, float metal)
{
    const float no = clamp(dot(n, o), 1e-3, 1.0);
    const vec3 f0 = mix(vec3(0.04), albedo, metal);
    const vec2 split = textureLod(table, vec2(no, max(roughness, 0.08)), 0).xy;
    return (1 - metal) * albedo * irradiance(n) +
           mirrored(2 * no * n - o, roughness) * (f0 * split.x + split.y) +
           from_lamps(albedo, x, n, o, roughness, metal);
}

/* What a file of a channel holds: the second of two definitions is tier_cpu.c. */
vec3 raw_channel(vec3 albedo, vec3 n, vec3 finish, float coverage)
{
    switch (light.show) {
    case SHOW_ALBEDO: return albedo;
    case SHOW_NORMAL: return n;
    case SHOW_ROUGHNESS: return finish.xxx;
    case SHOW_METAL: return finish.yyy;
    case SHOW_DEPTH: return finish.zzz;
    default: return vec3(coverage);
    }
}

void main()
{
    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (at.x >= int(view.width) || at.y >= int(view.height))
        return;
    const vec2 uv = (vec2(at) + 0.5 - view.lens.zw) / view.lens.xy;
    const vec3 ray = normalize(uv.x * view.row0 + uv.y * view.row1 + view.row2), o = -ray;
    const vec4 a = texelFetch(albedos, at, 0);
    const vec3 finish = texelFetch(finishes, at, 0).rgb / max(a.a, 1e-6);
    const vec3 sum = texelFetch(normals, at, 0).rgb, albedo = a.rgb / max(a.a, 1e-6);
    const vec3 x = view.eye + finish.z * (uv.x * view.row0 + uv.y * view.row1 + view.row2);
    const vec3 n = length(sum) <= 0.1 * a.a ? o : normalize(sum);
    vec3 behind = view.background.rgb, color = vec3(0), far = linear_from_srgb(behind);
    if (light.sky != 0) {
        far = light.exposure * light.intensity * textureLod(map, env_uv(to_env(ray)), 0).rgb;
        behind = srgb_from_linear(tone_curve(far, light.tone));
    }
    if (light.numbers != 0)
        imageStore(numbers, at,
                   light.show == SHOW_LIT || light.show == SHOW_LIGHT ? vec4(far, 0) : vec4(0));
    if (a.a <= 0) {
        imageStore(picture, at, vec4(light.show == SHOW_LIT || light.show == SHOW_LIGHT ? behind
                                                                                        : vec3(0), 1));
        return;
    }
    if (light.show == SHOW_LIT)
        color = shade(albedo, x, n, o, finish.x, finish.y);
    else if (light.show == SHOW_LIGHT)
        color = shade(vec3(0.5), x, n, o, 1, 0);
    if (light.show == SHOW_LIT || light.show == SHOW_LIGHT) {
        if (light.numbers != 0)
            imageStore(numbers, at, vec4(mix(far, light.exposure * color, a.a), a.a));
        color = srgb_from_linear(tone_curve(light.exposure * color, light.tone));
    } else {
        behind = vec3(0);
        switch (light.show) {
        case SHOW_ALBEDO: color = srgb_from_linear(albedo); break;
        case SHOW_NORMAL: color = 0.5 * n + 0.5; break;
        case SHOW_ROUGHNESS: color = finish.xxx; break;
        case SHOW_METAL: color = finish.yyy; break;
        case SHOW_DEPTH: color = vec3(light.distance / (light.distance + finish.z)); break;
        default: color = vec3(1); break;
        }
        if (light.numbers != 0)
            imageStore(numbers, at, vec4(raw_channel(albedo, n, finish, a.a), a.a));
    }
    imageStore(picture, at, vec4(a.a * color + (1 - a.a) * behind, 1));
}
