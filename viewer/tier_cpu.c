/* SPDX-License-Identifier: MIT */
#include "viewer/tier_cpu.h"

#include "core/color.h"
#include "core/memory.h"
#include "core/vec.h"
#include "raster/gbuffer.h"

#include <math.h>

hl_status hl_tier_cpu_create(hl_tier_cpu *tier)
{
    *tier = (hl_tier_cpu){.raster = NULL};
    return hl_raster_create(&tier->raster, "cpu", HL_ISA_AUTO);
}

void hl_tier_cpu_release(hl_tier_cpu *tier)
{
    hl_raster_destroy(&tier->raster);
    hl_free(tier->log_scale);
    hl_free(tier->materials);
    *tier = (hl_tier_cpu){.raster = NULL};
}

void hl_tier_cpu_set_splats(hl_tier_cpu *tier, const hl_splats *splats)
{
    tier->splats = splats;
    tier->drawn = false;
}

void hl_tier_cpu_set_materials(hl_tier_cpu *tier, const float *materials, int32_t count)
{
    tier->own = materials;
    tier->own_count = count;
}

/* The scene with every splat grown by `scale`. */
static hl_status scaled(hl_tier_cpu *tier, float scale, hl_splats *out)
{
    const size_t n = (size_t)tier->splats->count * 3;
    if (tier->log_scale_count < tier->splats->count) {
        float *grown = hl_alloc(n, sizeof(float));
        if (!grown)
            return HL_E_MEMORY;
        hl_free(tier->log_scale);
        tier->log_scale = grown;
        tier->log_scale_count = tier->splats->count;
    }
    for (size_t i = 0; i < n; i++)
        tier->log_scale[i] = tier->splats->log_scale[i] + logf(scale);
    *out = *tier->splats;
    out->log_scale = tier->log_scale;
    return HL_OK;
}

/* Mean colour as albedo, roughness and metal of the look. */
static hl_status make_materials(hl_tier_cpu *tier, const hl_look *look, const hl_splats *splats)
{
    if (tier->material_count < splats->count) {
        float *grown = hl_alloc((size_t)splats->count * HL_GBUFFER_CHANNELS, sizeof(float));
        if (!grown)
            return HL_E_MEMORY;
        hl_free(tier->materials);
        tier->materials = grown;
        tier->material_count = splats->count;
    }
    for (size_t i = 0; i < (size_t)splats->count; i++) {
        float *m = tier->materials + i * HL_GBUFFER_CHANNELS;
        for (size_t c = 0; c < 3; c++) {
            const float v = 0.5f + (float)HL_SH_C0 * splats->sh[(3 * i + c) * HL_SH_COEFFS_MAX];
            m[c] = hl_linear_from_srgb(v > 0 ? (v < 1 ? v : 1.0f) : 0);
        }
        m[3] = look->roughness;
        m[4] = look->metal;
    }
    return HL_OK;
}

hl_status hl_tier_cpu_draw(hl_tier_cpu *tier, const hl_raster_view *view, const hl_look *look)
{
    hl_splats splats = {.count = 0};
    if (tier->splats)
        splats = *tier->splats;
    if (splats.count && look->splat_scale != 1)
        HL_TRY(scaled(tier, look->splat_scale, &splats));
    const int32_t degree = look->sh_degree < splats.sh_degree ? look->sh_degree : splats.sh_degree;
    const bool own = tier->own && tier->own_count == splats.count;
    if (look->show != HL_SHOW_COLOR && !own)
        HL_TRY(make_materials(tier, look, &splats));
    const bool channel = look->show != HL_SHOW_COLOR;
    const hl_raster_options options = {
        .outputs = channel ? (uint32_t)HL_RASTER_DEPTH | (uint32_t)HL_RASTER_NORMAL : 0u,
        .feature_count = channel ? HL_GBUFFER_CHANNELS : 0,
        .features = channel ? (own ? tier->own : tier->materials) : NULL,
        .sh_degree = degree,
        .antialiased = look->antialiased,
        .background = {look->background[0], look->background[1], look->background[2]}};
    tier->drawn = false;
    HL_TRY(hl_raster_forward(tier->raster, &splats, view, &options, &tier->frame));
    tier->drawn = true;
    tier->view = *view;
    tier->look = *look;
    return HL_OK;
}

/* Mean normal, or towards the eye where the splats disagree. */
static void normal_at(const hl_tier_cpu *t, int32_t x, int32_t y, size_t at, float alpha,
                      float out[3])
{
    const hl_raster_frame *f = &t->frame;
    const hl_raster_view *v = &t->view;
    for (int c = 0; c < 3; c++)
        out[c] = f->plane[f->normal_plane + c][at];
    if (hl_length3(out) <= 0.1f * alpha) {
        const float u = ((float)x + 0.5f - v->cx) / v->fx, w = ((float)y + 0.5f - v->cy) / v->fy;
        for (int c = 0; c < 3; c++)
            out[c] = -(u * v->r[c] + w * v->r[3 + c] + v->r[6 + c]);
    }
    hl_normalize3(out, out);
}

/* One pixel as numbers: three values and the coverage. */
static void numbers_at(const hl_tier_cpu *t, int32_t x, int32_t y, float out[4])
{
    const hl_raster_frame *f = &t->frame;
    const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
    const hl_show show = t->look.show;
    const float alpha = 1 - f->transmittance[at];
    out[0] = out[1] = out[2] = 0;
    out[3] = alpha;
    if (show == HL_SHOW_COLOR) {
        for (int c = 0; c < 3; c++)
            out[c] = hl_linear_from_srgb(f->plane[c][at] > 0 ? f->plane[c][at] : 0);
        return;
    }
    if (!(alpha > 0))
        return;
    if (show == HL_SHOW_NORMAL) {
        normal_at(t, x, y, at, alpha, out);
        return;
    }
    for (int c = 0; c < 3; c++) {
        const int32_t plane = show == HL_SHOW_ALBEDO      ? f->feature_plane + c
                              : show == HL_SHOW_ROUGHNESS ? f->feature_plane + 3
                              : show == HL_SHOW_METAL     ? f->feature_plane + 4
                                                          : f->depth_plane;
        out[c] = show == HL_SHOW_ALPHA ? alpha : f->plane[plane][at] / alpha;
    }
}

hl_status hl_tier_cpu_numbers(const hl_tier_cpu *tier, hl_image *out)
{
    const hl_raster_frame *f = &tier->frame;
    if (!tier->drawn)
        return hl_fail(HL_E_ARG, "no picture was drawn yet");
    HL_TRY(hl_image_create(out, f->width, f->height, 4));
    for (int32_t y = 0; y < f->height; y++)
        for (int32_t x = 0; x < f->width; x++)
            numbers_at(tier, x, y, out->data + 4 * ((size_t)y * (size_t)f->width + (size_t)x));
    return HL_OK;
}

/* As light.comp shows a channel: over black. */
static void channel_at(const hl_tier_cpu *t, int32_t x, int32_t y, float rgb[3])
{
    float v[4];
    numbers_at(t, x, y, v);
    for (int c = 0; c < 3; c++) {
        switch (t->look.show) {
        case HL_SHOW_ALBEDO:
            rgb[c] = hl_srgb_from_linear(v[c]);
            break;
        case HL_SHOW_NORMAL:
            rgb[c] = 0.5f * v[c] + 0.5f;
            break;
        case HL_SHOW_DEPTH:
            rgb[c] = t->look.depth_half / (t->look.depth_half + v[c]);
            break;
        case HL_SHOW_ALPHA:
            rgb[c] = 1;
            break;
        default:
            rgb[c] = v[c];
            break;
        }
        rgb[c] *= v[3];
    }
}

hl_status hl_tier_cpu_read(const hl_tier_cpu *tier, hl_image8 *out)
{
    const hl_raster_frame *f = &tier->frame;
    if (!tier->drawn)
        return hl_fail(HL_E_ARG, "no picture was drawn yet");
    HL_TRY(hl_image8_create(out, f->width, f->height, 3));
    for (int32_t y = 0; y < f->height; y++)
        for (int32_t x = 0; x < f->width; x++) {
            float rgb[3];
            if (tier->look.show != HL_SHOW_COLOR)
                channel_at(tier, x, y, rgb);
            for (int c = 0; c < 3; c++) {
                const float v = tier->look.show != HL_SHOW_COLOR
                                    ? rgb[c]
                                    : f->plane[c][(size_t)y * (size_t)f->stride + (size_t)x];
                const float clamped = v > 0 ? (v < 1 ? v : 1.0f) : 0;
                out->data[((size_t)y * (size_t)f->width + (size_t)x) * 3 + (size_t)c] =
                    (uint8_t)(clamped * 255 + 0.5f);
            }
        }
    return HL_OK;
}
