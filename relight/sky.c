/* SPDX-License-Identifier: MIT */
#include "relight/sky.h"

#include "core/vec.h"

#include <math.h>
#include <string.h>

enum { LAMPS = 3, SUPER = 4 }; /* SUPER: samples a side of a texel */

/* A round patch of light. */
typedef struct patch {
    float azimuth_deg, height_deg, radius_deg;
    float radiance[3];
} patch;

typedef struct recipe {
    const char *name;
    float zenith[3], horizon[3], ground[3];
    patch patches[LAMPS]; /* radius 0: none */
} recipe;

/* Suns are wider than the real one, so that a map of 256 texels holds them: soft edged shadows. */
static const recipe recipes[HL_SKIES] = {
    {"noon",
     {0.20f, 0.38f, 0.78f},
     {0.72f, 0.82f, 0.95f},
     {0.20f, 0.18f, 0.15f},
     {{-55, 48, 2, {640, 590, 500}}}},
    {"evening",
     {0.10f, 0.12f, 0.30f},
     {0.75f, 0.36f, 0.22f},
     {0.06f, 0.05f, 0.05f},
     {{-75, 16, 2.5f, {780, 370, 120}}}},
    {"studio",
     {0.05f, 0.05f, 0.06f},
     {0.03f, 0.03f, 0.03f},
     {0.02f, 0.02f, 0.02f},
     {{-50, 42, 20, {5.6f, 5.3f, 4.9f}},
      {65, 25, 28, {0.45f, 0.55f, 0.75f}},
      {165, 32, 10, {9, 9, 9.5f}}}},
    {"neon",
     {0.015f, 0.015f, 0.04f},
     {0.03f, 0.02f, 0.05f},
     {0.01f, 0.01f, 0.01f},
     {{-80, 28, 20, {9, 0.8f, 2.6f}},
      {95, 26, 20, {0.35f, 2.6f, 8}},
      {0, 80, 12, {0.5f, 0.4f, 0.6f}}}},
};

const char *hl_sky_name(hl_sky sky)
{
    return sky < HL_SKIES ? recipes[sky].name : "";
}

hl_sky hl_sky_find(const char *name)
{
    int k = 0;
    while (k < HL_SKIES && strcmp(recipes[k].name, name) != 0)
        k++;
    return (hl_sky)k;
}

static const float radians = 0.01745329252f;

/* From 1 inside the patch to 0 outside, over a tenth of its radius. */
static float inside(const patch *p, const float d[3])
{
    const float a = p->azimuth_deg * radians, h = p->height_deg * radians;
    const float axis[3] = {cosf(h) * cosf(a), cosf(h) * sinf(a), sinf(h)};
    const float angle = acosf(hl_clamp(hl_dot3(axis, d), -1, 1)) / (p->radius_deg * radians);
    return hl_clamp((1.05f - angle) * 10, 0, 1);
}

static void add_direction(const recipe *r, const float d[3], float weight, float rgb[3])
{
    /* The horizon's colour reaches up with the length of the way through air. */
    const float haze = d[2] > 0 ? expf(-4 * d[2]) : 1;
    const float under = hl_clamp(-d[2] * 20, 0, 1);
    for (int c = 0; c < 3; c++) {
        const float sky = r->zenith[c] + (r->horizon[c] - r->zenith[c]) * haze;
        float v = sky + (r->ground[c] - sky) * under;
        for (int k = 0; k < LAMPS; k++)
            if (r->patches[k].radius_deg > 0)
                v += inside(&r->patches[k], d) * r->patches[k].radiance[c];
        rgb[c] += weight * v;
    }
}

static void fill_texel(const recipe *r, int32_t x, int32_t y, hl_image *out)
{
    float *rgb = out->data + 3 * ((size_t)y * (size_t)out->width + (size_t)x);
    for (int k = 0; k < SUPER * SUPER; k++) {
        const float u = ((float)x + ((float)(k % SUPER) + 0.5f) / SUPER) / (float)out->width;
        const float v = ((float)y + ((float)(k / SUPER) + 0.5f) / SUPER) / (float)out->height;
        const float phi = (0.5f - u) * 360 * radians, theta = v * 180 * radians;
        const float d[3] = {sinf(theta) * cosf(phi), sinf(theta) * sinf(phi), cosf(theta)};
        add_direction(r, d, 1.0f / (SUPER * SUPER), rgb);
    }
}

hl_status hl_sky_create(hl_image *out, hl_sky sky, int32_t width, int32_t height)
{
    hl_image made;
    if (sky >= HL_SKIES)
        return hl_fail(HL_E_ARG, "sky %d: expected 0..%d", (int)sky, HL_SKIES - 1);
    HL_TRY(hl_image_create(&made, width, height, 3));
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            fill_texel(&recipes[sky], x, y, &made);
    *out = made;
    return HL_OK;
}
