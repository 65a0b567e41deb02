/* SPDX-License-Identifier: MIT */
/* shadow.glsl -- how much of a lamp's light reaches a point: its map, filtered over 3 x 3 texels
 * with bilinear weights (percentage-closer filtering, Reeves, Salesin, Cook 1987).  A surface is
 * lifted along its normal by two texels and the thickness of the caster: lit surfaces then do not
 * shade themselves, at any slope. */

/* Depths of the four texels around a corner, in order 01, 11, 10, 00. */
vec4 first_at(hl_gpu_shadow s, vec2 corner)
{
    const vec4 d = textureGather(atlas, (s.corner + corner) / vec2(textureSize(atlas, 0)), 0);
    return s.range > 0 ? s.first + (1 - d) * s.range : s.first / max(d, 1e-12);
}

vec4 closer(hl_gpu_shadow s, vec2 corner, float z)
{
    return vec4(greaterThanEqual(first_at(s, corner), vec4(z)));
}

float thickness_of(hl_gpu_shadow s, float lift)
{
    return lift < 0 ? s.thickness : lift;
}

float shadow_map(uint map, vec3 x, vec3 n, float lift)
{
    const hl_gpu_shadow s = shadows[map];
    const float texel =
        (s.range > 0 ? 1 : max(shadow_in_light(s, x).z, s.first)) / s.scale;
    const vec3 t = shadow_in_light(s, x + (2 * texel + thickness_of(s, lift)) * n);
    if (s.range == 0 && t.z <= s.first)
        return 1;
    const vec2 at = s.scale / (s.range > 0 ? 1 : t.z) * t.xy + 0.5 * s.side;
    if (any(lessThan(at, vec2(2))) || any(greaterThan(at, vec2(s.side - 2))))
        return 1;
    const vec2 low = floor(at - 0.5), f = at - 0.5 - low;
    const float z = t.z - 0.25 * texel;
    /* Texels low - 1 .. low + 2 in four squares of four; in order 01, 11, 10, 00. */
    const vec4 wx = vec4(1 - f.x, 1, 1, f.x), wy = vec4(1 - f.y, 1, 1, f.y);
    float sum = 0;
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++) {
            const vec4 lit = closer(s, low + vec2(2 * i, 2 * j), z);
            const vec2 u = i == 0 ? wx.xy : wx.zw, v = j == 0 ? wy.xy : wy.zw;
            sum += dot(lit, vec4(u.x * v.y, u.y * v.y, u.y * v.x, u.x * v.x));
        }
    return sum / 9;
}

/* Which face of a cube d leaves through: +x -x +y -y +z -z. */
uint cube_face(vec3 d)
{
    const vec3 a = abs(d);
    if (a.x >= a.y && a.x >= a.z)
        return d.x > 0 ? 0 : 1;
    if (a.y >= a.z)
        return d.y > 0 ? 2 : 3;
    return d.z > 0 ? 4 : 5;
}

uint map_towards(hl_gpu_lamp lamp, vec3 x)
{
    return lamp.shadow + (lamp.kind == LAMP_SUN ? 0 : cube_face(x - lamp.at));
}

/* A point of the lamp from its centre, across the line of sight; of a sun at distance 1. */
vec3 lamp_offset(hl_gpu_lamp lamp, mat3 frame, uint i)
{
    const vec2 u = hammersley(i, LAMP_SAMPLES);
    if (lamp.kind == LAMP_RECTANGLE) {
        const vec3 e = (2 * u.x - 1) * lamp.edge_u + (2 * u.y - 1) * lamp.edge_v;
        return e - dot(e, frame[2]) * frame[2];
    }
    const float r = lamp.radius * sqrt(u.x), phi = 2 * PI * u.y;
    return r * cos(phi) * frame[0] + r * sin(phi) * frame[1];
}

/* One place of the map of p: share of four texels that is lit, and how far behind the first surface
 * p lies: a length for a sun, else the part of that surface's distance from the lamp. */
vec2 shadow_tap(hl_gpu_lamp lamp, vec3 p)
{
    const hl_gpu_shadow s = shadows[map_towards(lamp, p)];
    const vec3 t = shadow_in_light(s, p);
    if (s.range == 0 && t.z <= s.first)
        return vec2(1, 0);
    const vec2 at = s.scale / (s.range > 0 ? 1 : t.z) * t.xy + 0.5 * s.side;
    if (any(lessThan(at, vec2(1))) || any(greaterThan(at, vec2(s.side - 1))))
        return vec2(1, 0);
    const vec2 low = floor(at - 0.5), f = at - 0.5 - low;
    const float z = t.z - 0.25 * (s.range > 0 ? 1 : t.z) / s.scale;
    const vec4 first = first_at(s, low + 1), lit = vec4(greaterThanEqual(first, vec4(z)));
    const float nearest = min(min(first.x, first.y), min(first.z, first.w));
    return vec2(dot(lit, vec4((1 - f.x) * f.y, f.x * f.y, f.x * (1 - f.y), (1 - f.x) * (1 - f.y))),
                max(s.range > 0 ? t.z - nearest : t.z / nearest - 1, 0));
}

/* Of a lamp with an extent (percentage-closer soft shadows, Fernando 2005): what stands between,
 * looked for around x, says how wide the edge is; that wide the map is read.  Places lie in the
 * plane of the surface, so that it does not shade itself. */
float shadow_soft(hl_gpu_lamp lamp, vec3 x, vec3 n, float lift)
{
    const uint map = map_towards(lamp, x);
    const hl_gpu_shadow s = shadows[map];
    const bool sun = lamp.kind == LAMP_SUN;
    const float texel = (sun ? 1 : max(shadow_in_light(s, x).z, s.first)) / s.scale;
    const vec3 from = x + (2 * texel + thickness_of(s, lift)) * n;
    const mat3 frame = frame_of(normalize(sun ? lamp.at : lamp.at - from));
    const vec3 slope = frame[2] / max(dot(frame[2], n), 0.1);
    float behind = 0, found = 0, sum = 0;
    for (uint i = 0; i < LAMP_SAMPLES; i++) {
        const vec3 o = (sun ? s.range / 8 : 1) * lamp_offset(lamp, frame, i);
        const vec2 tap = shadow_tap(lamp, from + o - dot(o, n) * slope);
        if (tap.x < 1) {
            behind += tap.y;
            found++;
        }
    }
    if (found == 0)
        return shadow_map(map, x, n, lift);
    for (uint i = 0; i < LAMP_SAMPLES; i++) {
        const vec3 o = behind / found * lamp_offset(lamp, frame, i);
        sum += shadow_tap(lamp, from + o - dot(o, n) * slope).x;
    }
    return sum / LAMP_SAMPLES;
}

/* 1: all of the light arrives.  lift: in place of the casters' thickness, unless negative. */
float shadow_of(hl_gpu_lamp lamp, vec3 x, vec3 n, float lift)
{
    if (lamp.shadow == HL_NO_SHADOW)
        return 1;
    if (lamp.kind == LAMP_RECTANGLE || (lamp.kind != LAMP_POINT && lamp.radius > 0))
        return shadow_soft(lamp, x, n, lift);
    return shadow_map(map_towards(lamp, x), x, n, lift);
}
