/* SPDX-License-Identifier: MIT */
/* viewer/tone.h -- curves from scene to display, linear to linear; twin of shaders/tone.glsl.
 *
 * Reinhard et al. 2002; the fit of ACES by Narkowicz 2016; Khronos PBR Neutral 2024.  Pure
 * functions.
 */
#ifndef HL_VIEWER_TONE_H
#define HL_VIEWER_TONE_H

#include "core/hd.h"
#include "viewer/renderer.h"

static inline void hl_tone_neutral(float c[3])
{
    const float start = 0.8f - 0.04f, desaturation = 0.15f;
    const float low = hl_min(c[0], hl_min(c[1], c[2]));
    const float off = low < 0.08f ? low - 6.25f * low * low : 0.04f;
    for (int k = 0; k < 3; k++)
        c[k] -= off;
    const float peak = hl_max(c[0], hl_max(c[1], c[2]));
    if (peak < start)
        return;
    const float d = 1 - start, made = 1 - d * d / (peak + d - start);
    const float keep = 1 / (desaturation * (peak - made) + 1);
    for (int k = 0; k < 3; k++)
        c[k] = made + keep * (c[k] * made / peak - made);
}

/* c (3): in place, to [0, 1] but for Reinhard's and neutral's rounding. */
static inline void hl_tone_curve(hl_tone which, float c[3])
{
    for (int k = 0; k < 3; k++) {
        const float v = hl_max(c[k], 0);
        c[k] = v;
        if (which == HL_TONE_REINHARD)
            c[k] = v / (1 + v);
        else if (which == HL_TONE_ACES)
            c[k] = hl_clamp(v * (2.51f * v + 0.03f) / (v * (2.43f * v + 0.59f) + 0.14f), 0, 1);
        else if (which == HL_TONE_NONE)
            c[k] = hl_min(v, 1);
    }
    if (which == HL_TONE_NEUTRAL)
        hl_tone_neutral(c);
}

#endif /* HL_VIEWER_TONE_H */
