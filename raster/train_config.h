/* SPDX-License-Identifier: MIT */
/* raster/train_config.h -- every knob of training in one table.
 *
 * The table makes the struct, its defaults, its JSON form and its check.  Learning rates that
 * multiply lengths are relative to the extent of the cameras.  Steps count from 0; "t" below is
 * step / iterations.
 */
#ifndef HL_RASTER_TRAIN_CONFIG_H
#define HL_RASTER_TRAIN_CONFIG_H

#include "core/json.h"
#include "raster/adam.h"
#include "raster/density.h"

#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
/*    type     name               default   least  most   meaning                               */
#define HL_TRAIN_FIELDS(X)                                                                        \
    X(int32_t, iterations,         10000,    1,  100000000) /* K                                */ \
    X(int32_t, cap,                1000000,  1,  33554431)  /* splats at most                   */ \
    X(int32_t, densify,            1,        0,  3)         /* hl_density_kind                  */ \
    X(int32_t, sh_degree,          3,        0,  3)         /* at the end                       */ \
    X(int32_t, sh_every,           500,      1,  100000000) /* steps per degree                 */ \
    X(int32_t, coarse_factor,      2,        1,  8)         /* pictures start 1/that size       */ \
    X(int32_t, full_from,          2500,     0,  100000000) /* step from which they are full    */ \
    X(int32_t, refine_start,       500,      0,  100000000)                                        \
    X(int32_t, refine_stop,        8000,     0,  100000000)                                        \
    X(int32_t, refine_every,       100,      1,  100000000)                                        \
    X(float,   decay,              0.004f,   0,  1)         /* opacity per 200 steps            */ \
    X(float,   clone_scale,        0.01f,    0,  1e6)       /* x extent: smaller are cloned     */ \
    X(float,   grad_threshold,     2e-4f,    0,  1e6)       /* adc                              */ \
    X(bool,    grad_absolute,      false,    0,  1)         /* adc                              */ \
    X(int32_t, reset_every,        3000,     0,  100000000) /* adc: opacity resets              */ \
    X(float,   noise,              5e5f,     0,  1e12)      /* mcmc                             */ \
    X(float,   lr_mean,            1.6e-4f,  0,  1e3)       /* x extent                         */ \
    X(float,   lr_mean_end,        1.6e-5f,  0,  1e3)       /* reached along an exponential     */ \
    X(float,   lr_sh_dc,           2.5e-3f,  0,  1e3)                                              \
    X(float,   lr_sh_rest,         2.5e-4f,  0,  1e3)                                              \
    X(float,   lr_opacity,         0.025f,   0,  1e3)                                              \
    X(float,   lr_scale,           5e-3f,    0,  1e3)                                              \
    X(float,   lr_quat,            1e-3f,    0,  1e3)                                              \
    X(float,   lr_end,             1,        0,  1)         /* factor on all but lr_mean at end */ \
    X(int32_t, adam_mode,          0,        0,  1)         /* hl_adam_mode                     */ \
    X(float,   init_opacity,       0.1f,     1e-6, 0.999)                                          \
    X(float,   init_scale,         1,        1e-6, 1e6)     /* x distance of neighbours         */ \
    X(int32_t, init_random,        100000,   1,  33554431)  /* splats where there are no points */ \
    X(float,   opacity_reg,        0.005f,   0,  1e3)       /* x mean(o), while t < reg_until   */ \
    X(float,   scale_reg,          0.005f,   0,  1e3)       /* x mean(s)                        */ \
    X(float,   reg_until,          0.8f,     0,  1)                                                \
    X(bool,    antialiased,        false,    0,  1)         /* 2D mip filter                    */ \
    X(bool,    filter_3d,          false,    0,  1)         /* until t = 0.9 recomputed         */ \
    X(float,   ssim_weight,        0.2f,     0,  1)                                                \
    X(float,   alpha_weight,       0.1f,     0,  1e3)                                              \
    X(float,   depth_weight,       0,        0,  1e6)       /* where photos have depth          */ \
    X(float,   depth_weight_end,   0,        0,  1e6)       /* along an exponential             */ \
    X(float,   normal_weight,      0,        0,  1e6)                                              \
    X(bool,    geometry,           false,    0,  1)         /* flat splats and the next five    */ \
    X(float,   consistency_weight, 0.2f,     0,  1e6)       /* normals against depth            */ \
    X(float,   distortion_weight,  100,      0,  1e6)       /* relative spread of depth         */ \
    X(float,   mask_weight,        0.02f,    0,  1e6)       /* where photos have alpha          */ \
    X(float,   geometry_from,      0.2f,     0,  1)         /* t from which the weights count   */ \
    X(float,   flatten,            4,        0,  1e3)       /* log of thickness lost over K / 2 */ \
    X(bool,    multi_view,         false,    0,  1)         /* with geometry: the next five     */ \
    X(float,   multi_view_geometric, 0.03f,  0,  1e6)       /* depth against that of neighbours */ \
    X(float,   multi_view_photometric, 0.15f, 0, 1e6)       /* patches against theirs           */ \
    X(float,   multi_view_from,    0.25f,    0,  1)         /* t from which they count          */ \
    X(float,   multi_view_angle,   30,       0,  180)       /* of neighbours' axes, degrees     */ \
    X(int32_t, multi_view_pixels,  4096,     1,  100000000) /* samples of a picture at most     */ \
    X(float,   mesh_window,        12,       0,  1e6)       /* x h: hl_train_scene.mesh; 0: off */ \
    X(float,   mesh_depth,         0.005f,   0,  1e6)       /* x mean |z - z_mesh| / h          */ \
    X(float,   mesh_normal,        0.05f,    0,  1e6)       /* x mean(1 - n . n_mesh)           */ \
    X(float,   mesh_normal_end,    0.02f,    0,  1e6)                                             \
    X(float,   mesh_offset,        0.001f,   0,  1)         /* share per step of the distance   */ \
    X(float,   mesh_turn,          0.002f,   0,  1)         /* share per step of the angle      */ \
    X(float,   mesh_fade,          0.02f,    0,  1e3)       /* of hidden splats, logit per step */ \
    X(bool,    random_background,  false,    0,  1)                                                \
    X(float,   background_r,       0,        0,  1)                                                \
    X(float,   background_g,       0,        0,  1)                                                \
    X(float,   background_b,       0,        0,  1)                                                \
    X(bool,    exposure,           false,    0,  1)         /* 3x4 per training photo           */ \
    X(float,   lr_exposure,        0.01f,    0,  1e3)                                              \
    X(float,   lr_exposure_end,    0.001f,   0,  1e3)                                              \
    X(bool,    pose,               false,    0,  1)         /* refine the poses of the photos   */ \
    X(float,   lr_pose_rotation,   1e-4f,    0,  1e3)       /* radians                          */ \
    X(float,   lr_pose_shift,      1e-4f,    0,  1e3)       /* x extent                         */
/* clang-format on */

typedef struct hl_train_config {
    int64_t seed;
#define X(type, name, value, least, most) type name;
    HL_TRAIN_FIELDS(X)
#undef X
} hl_train_config;

typedef enum hl_train_preset { HL_TRAIN_FAST, HL_TRAIN_QUALITY } hl_train_preset;

/* The table's defaults. */
void hl_train_config_init(hl_train_config *config);

/* What a preset sets for `iterations` steps (0: the preset's own number) over `photos` training
 * photos.  Schedules stretch with the number of steps. */
void hl_train_config_preset(hl_train_config *config, hl_train_preset preset, int32_t iterations,
                            int32_t photos);

/* The parity recipes of Kerbl et al. 2023 and Kheradmand et al. 2024, whose schedules are absolute:
 * call after the preset.  kind: any; the others change `densify` only. */
void hl_train_config_recipe(hl_train_config *config, hl_density_kind kind);

/* For splats that are trained already and are to settle on a mesh (raster/mesh_tie.h): none added,
 * all colour from the start, low rates whatever the number of steps, no pull on opacity and size.
 * Call last.
 */
void hl_train_config_settle(hl_train_config *config);

/* HL_E_ARG names the first field that is out of range. */
hl_status hl_train_config_check(const hl_train_config *config);

/* All fields as one JSON object, and back.  Absent keys keep their value; HL_E_FORMAT names a key
 * of the wrong kind or out of range.  `name` stands in messages. */
hl_json *hl_train_config_to_json(const hl_train_config *config, hl_json *parent, const char *key);
hl_status hl_train_config_from_json(hl_train_config *config, const hl_json *node, const char *name);

#endif /* HL_RASTER_TRAIN_CONFIG_H */
