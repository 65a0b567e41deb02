/* SPDX-License-Identifier: MIT */
#include "raster/backend.h"
#include "raster/train/trainer_device.h"

#include <string.h>

enum { STATS = 8 };

/* Splat-tile pairs when nobody measured: so many per splat, seen in a picture of medium size. */
#define TILES_PER_SPLAT 6

void hl_train_predict(hl_train_memory *out, const hl_train_config *config, int32_t width,
                      int32_t height, bool has_alpha, int64_t instances, size_t photo_bytes)
{
    const size_t cap = (size_t)config->cap;
    hl_train_memory m = {.photos = photo_bytes};
    m.splats = 3 * hl_splats_bytes(config->cap) + hl_density_bytes(config->cap);
    if (config->densify == HL_DENSITY_BUDGET || config->densify == HL_DENSITY_ADC)
        m.splats += cap * STATS * sizeof(float);
    if (config->filter_3d)
        m.splats += cap * sizeof(float);
    if (instances <= 0)
        instances = (int64_t)cap * TILES_PER_SPLAT;
    int32_t planes = 3;
    planes += config->depth_weight > 0;
    planes += config->normal_weight > 0 ? 3 : 0;
    m.raster = hl_raster_bytes(config->cap, width, height, instances, planes);
    m.loss = hl_loss_bytes(width, height);
    if (config->geometry) {
        m.raster += hl_raster_bytes(config->cap, width, height, instances, 3 + 6) -
                    hl_raster_bytes(config->cap, width, height, instances, 3);
        m.loss += hl_geometry_loss_bytes(width, height);
        m.loss += config->multi_view ? hl_multi_view_bytes(width, height) : 0;
    }
    if (config->coarse_factor > 1)
        m.loss += (size_t)width * (size_t)height / 4 * (has_alpha ? 4 : 3);
    m.total = m.splats + m.raster + m.loss + m.photos;
    *out = m;
}

size_t hl_train_device_bytes(const char *backend, const hl_train_config *config, int32_t width,
                             int32_t height, int64_t instances, bool ordered)
{
    for (int32_t i = 0; hl_raster_backend_at(i); i++) {
        const hl_raster_backend *b = hl_raster_backend_at(i);
        if (strcmp(b->name, backend) == 0 && b->trainer)
            return b->trainer->bytes(config, width, height, instances, ordered);
    }
    return 0;
}
