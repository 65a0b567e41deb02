/* SPDX-License-Identifier: MIT */
#include "viewer/tier_cpu.h"

#include "core/memory.h"

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
    *tier = (hl_tier_cpu){.raster = NULL};
}

void hl_tier_cpu_set_splats(hl_tier_cpu *tier, const hl_splats *splats)
{
    tier->splats = splats;
    tier->drawn = false;
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

hl_status hl_tier_cpu_draw(hl_tier_cpu *tier, const hl_raster_view *view, const hl_look *look)
{
    hl_splats splats = {.count = 0};
    if (tier->splats)
        splats = *tier->splats;
    if (splats.count && look->splat_scale != 1)
        HL_TRY(scaled(tier, look->splat_scale, &splats));
    const int32_t degree = look->sh_degree < splats.sh_degree ? look->sh_degree : splats.sh_degree;
    const hl_raster_options options = {
        .sh_degree = degree,
        .antialiased = look->antialiased,
        .background = {look->background[0], look->background[1], look->background[2]}};
    tier->drawn = false;
    HL_TRY(hl_raster_forward(tier->raster, &splats, view, &options, &tier->frame));
    tier->drawn = true;
    return HL_OK;
}

hl_status hl_tier_cpu_read(const hl_tier_cpu *tier, hl_image8 *out)
{
    const hl_raster_frame *f = &tier->frame;
    if (!tier->drawn)
        return hl_fail(HL_E_ARG, "no picture was drawn yet");
    HL_TRY(hl_image8_create(out, f->width, f->height, 3));
    for (int32_t y = 0; y < f->height; y++)
        for (int32_t x = 0; x < f->width; x++)
            for (int c = 0; c < 3; c++) {
                const float v = f->plane[c][(size_t)y * (size_t)f->stride + (size_t)x];
                const float clamped = v > 0 ? (v < 1 ? v : 1.0f) : 0;
                out->data[((size_t)y * (size_t)f->width + (size_t)x) * 3 + (size_t)c] =
                    (uint8_t)(clamped * 255 + 0.5f);
            }
    return HL_OK;
}
