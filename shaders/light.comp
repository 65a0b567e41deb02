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

layout(set = 0, binding = 12) uniform sampler2D skies;
layout(set = 0, binding = 13) uniform sampler2D bounces;
layout(set = 0, binding = 14) uniform sampler2D places;
layout(set = 0, binding = 15) uniform sampler2D near_albedos;
layout(set = 0, binding = 16) uniform sampler2D near_finishes;
layout(set = 0, binding = 17) uniform sampler2D place_skies;
layout(set = 0, binding = 18) uniform sampler2D place_bounces;

#include "shadow_view.glsl"
#include "lamps.glsl"
#include "shadow.glsl"

const uint SHOW_LIT = 1, SHOW_ALBEDO = 2, SHOW_NORMAL = 3, SHOW_ROUGHNESS = 4, SHOW_METAL = 5,
           SHOW_DEPTH = 6, SHOW_ALPHA = 7, SHOW_LIGHT = 8, SHOW_DIRECT = 9, SHOW_INDIRECT = 10;
const float BAKE_FLOOR = 0.1; /* HL_BAKE_FLOOR of viewer/bake.h */
const float ADMITTED_LEAST = 0.5; /* as relight/surfaces.h */

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

struct surface {
    vec3 albedo, x, n, o; /* o: towards the eye */
    float roughness, metal;
    vec3 sky, bounce; /* viewer/bake.h; 1 and 0 where nothing was baked */
    float lift;       /* its shadows are looked for so far off; < 0: by the casters' thickness */
};

/* Over pi, by all of the environment that arrives. */
vec3 irradiance(surface s)
{
    float b[16];
    sh_basis(s.n, b);
    vec3 sum = vec3(0);
    for (int k = 0; k < 9; k++)
        sum += b[k] * light.sh[k];
    if (view.baked == 0)
        return max(sum, 0.0);
    return s.sky * max(sum, BAKE_FLOOR * b[0] * light.sh[0]);
}

vec3 from_lamps(surface p)
{
    vec3 sum = vec3(0);
    for (uint k = 0; k < light.lamp_count; k++) {
        const hl_gpu_lamp l = light.lamps[k];
        const uint draws = l.kind <= LAMP_POINT ? 1 : LAMP_SAMPLES;
        vec3 one = vec3(0);
        lamp_light s;
        for (uint i = 0; i < draws; i++)
            if (lamp_sample(l, p.x, hammersley(i, draws), s))
                one += reflected(p.albedo, p.n, p.o, p.roughness, p.metal, s);
        if (one != vec3(0))
            sum += one / float(draws) * shadow_of(l, p.x, p.n, p.lift);
    }
    return sum;
}

/* What of the environment around the mirrored direction is open where `open` of the hemisphere is
 * (Lagarde and de Rousiers 2014, "Moving Frostbite to PBR", 4.10.2). */
float mirror_open(float no, float open, float roughness)
{
    return clamp(pow(no + open, exp2(-16 * roughness - 1)) - 1 + open, 0.0, 1.0);
}

vec3 shade(surface p, bool direct, bool indirect)
{
    const float no = clamp(dot(p.n, p.o), 1e-3, 1.0);
    const vec3 f0 = mix(vec3(0.04), p.albedo, p.metal), diffuse = (1 - p.metal) * p.albedo;
    const vec2 split = textureLod(table, vec2(no, max(p.roughness, 0.08)), 0).xy;
    const vec3 mirror = f0 * split.x + split.y;
    vec3 sum = vec3(0);
    if (direct) {
        const float open = clamp(dot(p.sky, vec3(0.2126, 0.7152, 0.0722)), 0.0, 1.0);
        sum += diffuse * irradiance(p) + from_lamps(p) +
               mirrored(2 * no * p.n - p.o, p.roughness) * mirror *
                   mirror_open(no, open, p.roughness);
    }
    if (indirect)
        sum += (diffuse + mirror) * p.bounce;
    return sum;
}

/* Splats over a mesh, as relight/surfaces.h has them: place and normal are the mesh's, the material
 * is that of the splats near it, or of all where those hold less than half of the coverage. */
void settle(inout surface p, ivec2 at, float coverage)
{
    const vec4 place = texelFetch(places, at, 0);
    const vec4 a = texelFetch(near_albedos, at, 0);
    const bool gap = a.a < ADMITTED_LEAST * coverage;
    if (place.w <= 0 || (gap && view.solid != 0))
        return;
    const vec2 uv = (vec2(at) + 0.5 - view.lens.zw) / view.lens.xy;
    p.x = view.eye + place.w * (uv.x * view.row0 + uv.y * view.row1 + view.row2);
    p.n = place.xyz;
    p.lift = view.lift;
    if ((view.baked & HL_BAKED_PLACES) != 0) {
        p.sky = texelFetch(place_skies, at, 0).rgb;
        p.bounce = texelFetch(place_bounces, at, 0).rgb;
    }
    if (gap)
        return;
    const vec2 finish = texelFetch(near_finishes, at, 0).xy / a.a;
    p.albedo = a.rgb / a.a;
    p.roughness = finish.x;
    p.metal = finish.y;
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
    const bool lit = light.show == SHOW_LIT || light.show >= SHOW_LIGHT;
    if (light.numbers != 0)
        imageStore(numbers, at, lit ? vec4(far, 0) : vec4(0));
    if (a.a <= 0) {
        imageStore(picture, at, vec4(lit ? behind : vec3(0), 1));
        return;
    }
    if (lit) {
        surface p = surface(albedo, x, n, o, finish.x, finish.y, vec3(1), vec3(0), -1);
        if (view.baked != 0) {
            p.sky = texelFetch(skies, at, 0).rgb / a.a;
            p.bounce = texelFetch(bounces, at, 0).rgb / a.a;
        }
        if (view.reach > 0)
            settle(p, at, a.a);
        if (light.show == SHOW_LIGHT) {
            p.albedo = vec3(0.5);
            p.roughness = 1;
            p.metal = 0;
        }
        color = shade(p, light.show != SHOW_INDIRECT, light.show != SHOW_DIRECT);
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
