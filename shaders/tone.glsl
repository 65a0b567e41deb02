/* SPDX-License-Identifier: MIT */
/* tone.glsl -- from scene to display, linear to linear: 0 none, 1 Reinhard et al. 2002, 2 the fit
 * of ACES by Narkowicz 2016, 3 Khronos PBR Neutral 2024. */

vec3 tone_neutral(vec3 c)
{
    const float start = 0.8 - 0.04, desaturation = 0.15;
    const float low = min(c.r, min(c.g, c.b));
    c -= low < 0.08 ? low - 6.25 * low * low : 0.04;
    const float peak = max(c.r, max(c.g, c.b));
    if (peak < start)
        return c;
    const float d = 1 - start, made = 1 - d * d / (peak + d - start);
    c *= made / peak;
    return mix(vec3(made), c, 1 / (desaturation * (peak - made) + 1));
}

vec3 tone_curve(vec3 c, uint which)
{
    c = max(c, 0.0);
    switch (which) {
    case 1:
        return c / (1 + c);
    case 2:
        return clamp(c * (2.51 * c + 0.03) / (c * (2.43 * c + 0.59) + 0.14), 0.0, 1.0);
    case 3:
        return tone_neutral(c);
    default:
        return min(c, 1.0);
    }
}
