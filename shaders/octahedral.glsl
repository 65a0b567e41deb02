/* SPDX-License-Identifier: MIT */
/* octahedral.glsl -- unit vectors as two numbers in -1..1 (Meyer et al. 2010), and sRGB decoding
 * (twin of core/color.h). */

vec2 octahedral_encode(vec3 n)
{
    n /= abs(n.x) + abs(n.y) + abs(n.z);
    const vec2 fold = (1 - abs(n.yx)) * vec2(n.x >= 0 ? 1 : -1, n.y >= 0 ? 1 : -1);
    return n.z >= 0 ? n.xy : fold;
}

vec3 octahedral_decode(vec2 e)
{
    vec3 n = vec3(e, 1 - abs(e.x) - abs(e.y));
    if (n.z < 0)
        n.xy = (1 - abs(n.yx)) * vec2(n.x >= 0 ? 1 : -1, n.y >= 0 ? 1 : -1);
    return normalize(n);
}

vec3 linear_from_srgb(vec3 s)
{
    return mix(s / 12.92, pow((s + 0.055) / 1.055, vec3(2.4)), greaterThan(s, vec3(0.04045)));
}

vec3 srgb_from_linear(vec3 x)
{
    x = max(x, 0.0);
    return mix(x * 12.92, 1.055 * pow(x, vec3(1.0 / 2.4)) - 0.055,
               greaterThan(x, vec3(0.0031308)));
}
