/* SPDX-License-Identifier: MIT */
/* shadow.glsl -- how much of a lamp's light reaches a point: its map, filtered over 3 x 3 texels
 * with bilinear weights (percentage-closer filtering, Reeves, Salesin, Cook 1987).  A surface is
 * lifted along its normal by two texels and the thickness of the caster: lit surfaces then do not
 * shade themselves, at any slope. */

vec4 closer(hl_gpu_shadow s, vec2 corner, float z)
{
    const vec4 d = textureGather(atlas, (s.corner + corner) / vec2(textureSize(atlas, 0)), 0);
    const vec4 first = s.range > 0 ? s.first + (1 - d) * s.range : s.first / max(d, 1e-12);
    return vec4(greaterThanEqual(first, vec4(z)));
}

float shadow_map(uint map, vec3 x, vec3 n)
{
    const hl_gpu_shadow s = shadows[map];
    const float texel =
        (s.range > 0 ? 1 : max(shadow_in_light(s, x).z, s.first)) / s.scale;
    const vec3 t = shadow_in_light(s, x + (2 * texel + s.thickness) * n);
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

/* 1: all of the light arrives. */
float shadow_of(hl_gpu_lamp lamp, vec3 x, vec3 n)
{
    if (lamp.shadow == HL_NO_SHADOW)
        return 1;
    return shadow_map(lamp.shadow + (lamp.kind == LAMP_SUN ? 0 : cube_face(x - lamp.at)), x, n);
}
