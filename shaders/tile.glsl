/* SPDX-License-Identifier: MIT */
/* tile.glsl -- one group blends one tile front to back, by the rules of raster/blend.h: splats come
 * in batches through shared memory, a pixel stops where its light is used up, the group where all
 * of its pixels have stopped.  With LIT materials are blended instead of colour, and the mesh stops
 * a pixel; with BAKED their light too (viewer/bake.h); with NEAR the splats near the mesh under them by
 * themselves too.  If asked, each pixel's heaviest splat and median depth are kept. */
#include "common.glsl"
#include "shared.h"
#ifdef LIT
#include "octahedral.glsl"
#endif

layout(local_size_x = HL_TILE_SIDE, local_size_y = HL_TILE_SIDE) in;
layout(scalar, set = 0, binding = 0) readonly buffer Values { uint values[]; };
layout(scalar, set = 0, binding = 1) readonly buffer Ranges { uvec2 ranges[]; };
layout(scalar, set = 0, binding = 2) readonly buffer Footprints { hl_gpu_footprint footprints[]; };
layout(scalar, set = 0, binding = 3) uniform View { hl_gpu_view view; };
layout(scalar, set = 0, binding = 4) writeonly buffer Hits { hl_gpu_hit hits[]; };
layout(push_constant, scalar) uniform Push { hl_gpu_tiling push; };
#ifdef LIT
layout(scalar, set = 0, binding = 5) readonly buffer Materials { uvec2 materials[]; };
layout(set = 0, binding = 6) uniform sampler2D mesh;
layout(set = 0, binding = 7) uniform writeonly image2D albedos;
layout(set = 0, binding = 8) uniform writeonly image2D normals;
layout(set = 0, binding = 9) uniform writeonly image2D finishes;
#ifdef BAKED
#include "baked.glsl"
layout(scalar, set = 0, binding = 10) readonly buffer Baked { uvec2 baked[]; };
layout(set = 0, binding = 11) uniform writeonly image2D skies;
layout(set = 0, binding = 12) uniform writeonly image2D bounces;
#endif
#ifdef NEAR
layout(set = 0, binding = NEAR) uniform sampler2D places;
layout(set = 0, binding = NEAR + 1) uniform writeonly image2D near_albedos;
layout(set = 0, binding = NEAR + 2) uniform writeonly image2D near_finishes;
#include "near.glsl"
#endif
#else
layout(set = 0, binding = 5) uniform writeonly image2D radiance;
#endif

const float T_STOP = 1e-4, MEDIAN_T = 0.5; /* as raster/constants.h */
const uint BATCH = HL_TILE_SIDE * HL_TILE_SIDE;

shared vec4 shape[BATCH];  /* mu, depth, opacity      */
shared vec3 conics[BATCH];
shared vec3 colors[BATCH]; /* or albedo               */
shared uint names[BATCH];
shared bool running[2]; /* of this batch, of the next */
#ifdef LIT
shared vec3 axes[BATCH];   /* normals, world */
shared vec2 shines[BATCH]; /* roughness, metal */
#endif
#ifdef BAKED
shared vec3 opens[BATCH], sent[BATCH]; /* share of the sky, bounces: viewer/bake.h */
#endif

void fetch(uint t, uint splat)
{
    const hl_gpu_footprint f = footprints[splat];
    const vec2 ba = unpackHalf2x16(f.ba);
    shape[t] = vec4(f.mu, f.depth, ba.y);
    conics[t] = f.conic;
    names[t] = splat;
#ifdef LIT
    const uvec2 m = materials[splat];
    const vec4 low = unpackUnorm4x8(m.x);
    colors[t] = linear_from_srgb(low.rgb);
    axes[t] = octahedral_decode(unpackSnorm2x16(m.y & 0xFFF0FFF0u));
#ifdef BAKED
    const bool has = (view.baked & HL_BAKED_SPLATS) != 0;
    opens[t] = has ? baked_color(baked[splat].x) : vec3(1);
    sent[t] = has ? baked_color(baked[splat].y) : vec3(0);
#endif
    shines[t] = vec2(low.a, float((m.y & 15) | ((m.y >> 12) & 0xF0)) / 255.0);
#else
    colors[t] = vec3(unpackHalf2x16(f.rg), ba.x);
#endif
}

void main()
{
    const uint t = gl_LocalInvocationIndex, tile = GROUP_NUMBER;
    const uvec2 at = uvec2(tile % push.across, tile / push.across) * HL_TILE_SIDE +
                     gl_LocalInvocationID.xy;
    const bool inside = at.x < view.width && at.y < view.height;
    const uvec2 range = tile < push.tiles ? ranges[tile] : uvec2(0);
    const vec2 pixel = vec2(at) + 0.5;
    vec3 sum = vec3(0);
    float left = 1, heaviest = 0, median = 0, farthest = 1e30;
    uint name = HL_NO_SPLAT;
#ifdef LIT
    vec3 normal = vec3(0), finish = vec3(0);
    const float wall = inside ? texelFetch(mesh, ivec2(at), 0).r : 0;
    if (wall > 0)
        farthest = HL_GPU_NEAR / wall;
#endif
#ifdef BAKED
    vec3 sky = vec3(0), bounce = vec3(0);
#endif
#ifdef NEAR
    const vec4 place = inside ? texelFetch(places, ivec2(at), 0) : vec4(0);
    vec3 near_sum = vec3(0);
    vec2 near_finish = vec2(0);
    float near_left = 1;
    bool near_done = place.w <= 0, all_done = false;
#endif
    bool done = !inside;
    running[0] = running[1] = false;
    for (uint first = range.x, turn = 0; first < range.y; first += BATCH, turn = 1 - turn) {
        if (first + t < range.y)
            fetch(t, values[first + t]);
        barrier();
        running[1 - turn] = false;
        const uint count = min(BATCH, range.y - first);
        for (uint k = 0; k < count && !done; k++) {
            const vec4 s = shape[k];
            const vec2 d = pixel - s.xy;
            const vec3 m = conics[k];
            const float q = m.x * d.x * d.x + 2 * m.y * d.x * d.y + m.z * d.y * d.y;
            float alpha = s.w * exp(-0.5 * q);
            if (!(alpha >= ALPHA_MIN))
                continue;
            alpha = min(alpha, ALPHA_MAX);
#ifdef NEAR
            if (!near_done && near_mesh(place, s.z)) {
                near_done = near_left * (1 - alpha) < T_STOP;
                const float share = near_done || s.z > farthest ? 0 : alpha * near_left;
                near_sum += share * colors[k];
                near_finish += share * shines[k];
                near_left -= share;
            }
            all_done = all_done || left * (1 - alpha) < T_STOP;
            if (all_done && !near_done && s.z <= min(place.w + view.reach, farthest))
                continue; /* those near the mesh may lie behind */
            if (all_done || s.z > farthest) {
#else
            if (s.z > farthest || left * (1 - alpha) < T_STOP) {
#endif
                done = true;
                break;
            }
            const float weight = alpha * left;
            sum += weight * colors[k];
#ifdef LIT
            normal += weight * axes[k];
            finish += weight * vec3(shines[k], s.z);
#endif
#ifdef BAKED
            sky += weight * opens[k];
            bounce += weight * sent[k];
#endif
            left *= 1 - alpha;
            if (weight > heaviest) {
                heaviest = weight;
                name = names[k];
            }
            if (median == 0 && left <= MEDIAN_T)
                median = s.z;
        }
        if (!done)
            running[turn] = true;
        barrier();
        if (!running[turn])
            break;
    }
    if (!inside || tile >= push.tiles)
        return;
#ifdef LIT
    imageStore(albedos, ivec2(at), vec4(sum, 1 - left));
    imageStore(normals, ivec2(at), vec4(normal, 1 - left));
    imageStore(finishes, ivec2(at), vec4(finish, 1 - left));
#ifdef BAKED
    imageStore(skies, ivec2(at), vec4(sky, 1 - left));
    imageStore(bounces, ivec2(at), vec4(bounce, 1 - left));
#endif
#ifdef NEAR
    imageStore(near_albedos, ivec2(at), vec4(near_sum, 1 - near_left));
    imageStore(near_finishes, ivec2(at), vec4(near_finish, 0, 1 - near_left));
#endif
#else
    imageStore(radiance, ivec2(at), vec4(sum, 1 - left));
#endif
    if (push.hits != 0)
        hits[at.y * view.width + at.x] = hl_gpu_hit(name, median);
}
