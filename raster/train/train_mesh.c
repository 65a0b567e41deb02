/* SPDX-License-Identifier: MIT */
/* raster/train/train_mesh.c -- training with the splats held to a mesh (raster/mesh_tie.h). */
#include "core/log.h"
#include "raster/train/trainer.h"

#include <math.h>

enum { PULL_EVERY = 10 }; /* steps: a nearest point for every splat is worth several */

hl_status hl_train_tie_start(hl_trainer *t)
{
    int32_t dropped, added;
    if (!t->scene.mesh)
        return HL_OK;
    HL_TRY(hl_mesh_tie_create(&t->tie, t->scene.mesh));
    HL_TRY(hl_mesh_tie_start(t->tie, &t->splats, t->config.init_opacity, (uint64_t)t->config.seed,
                             &dropped, &added));
    hl_log(HL_LOG_INFO, "mesh: %d splats under it dropped, %d added where it had none", dropped,
           added);
    return HL_OK;
}

hl_status hl_train_tie_picture(hl_trainer *t, float at, const hl_raster_view *view,
                               hl_loss_target *target, hl_raster_options *raster,
                               hl_loss_options *loss)
{
    const hl_train_config *c = &t->config;
    hl_mesh_tie_maps maps;
    if (!t->tie)
        return HL_OK;
    HL_TRY(hl_mesh_tie_view(t->tie, view, c->mesh_window, &maps));
    target->depth = maps.depth;
    target->normal = maps.normal;
    raster->outputs |= HL_RASTER_DEPTH | HL_RASTER_NORMAL;
    raster->depth_window = c->mesh_window > 0 ? maps.window : NULL;
    /* The loss compares 1 / z: about (z - z_mesh) / z^2. */
    loss->depth_weight =
        c->mesh_depth * maps.mean_depth * maps.mean_depth / hl_mesh_tie_edge(t->tie);
    loss->normal_weight = c->mesh_normal + (c->mesh_normal_end - c->mesh_normal) * at;
    return HL_OK;
}

void hl_train_tie_pull(hl_trainer *t)
{
    const hl_train_config *c = &t->config;
    if (!t->tie || t->step % PULL_EVERY != PULL_EVERY - 1)
        return;
    const hl_mesh_tie_pull_options o = {.offset = 1 - powf(1 - c->mesh_offset, PULL_EVERY),
                                        .turn = 1 - powf(1 - c->mesh_turn, PULL_EVERY),
                                        .fade = PULL_EVERY * c->mesh_fade};
    hl_mesh_tie_pull(t->tie, &t->splats, &o);
}
