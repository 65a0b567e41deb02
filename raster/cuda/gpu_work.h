/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_work.h -- what every kernel of the GPU backend is given, and the list of them.
 *
 *   splats  project -> scan -> gather -> sort by depth -> reach -> scan -> emit -> sort by tile
 *   tiles   ranges -> blend [-> loss_moments -> loss_gradient] -> blend_bwd
 *   splats  splat_bwd (projection backward, Adam, statistics) -> finish
 *
 * A kernel reads hl_gpu_work by value (fixed while sizes and buffers stay: it can be captured in a
 * graph) and hl_gpu_step, in device memory, for what changes from step to step.  Counts that only
 * the device knows stay there, in hl_gpu_state: launches cover capacities, surplus items return.
 *
 * A picture is cut into tiles of 8 x 16 pixels, one warp each: lane l holds the 4 pixels of column
 * l % 8 from row 4 (l / 8) on.
 */
#ifndef HL_RASTER_CUDA_GPU_WORK_H
#define HL_RASTER_CUDA_GPU_WORK_H

#include "raster/cuda/lanes.h"
#include "raster/project.h"
#include "raster/raster.h"

enum {
    HL_GPU_TILE_W = 8,       /* pixels                                                        */
    HL_GPU_TILE_H = HL_TILE, /* pixels                                                       */
    HL_GPU_LANE_PX = 4       /* pixels of a lane, one below the other                         */
};

#define HL_GPU_NO_KEY 0xffffffffu /* sorts behind every depth and every tile */

/* Why the device stopped working on later steps; sticky until the host has seen to it. */
enum { HL_GPU_RUNS = 0, HL_GPU_OVERFLOW = 1 };

/* One projected splat: two sectors of 32 bytes, read as quads.  The first two are what lists
 * need, the first three what blending needs. */
typedef struct hl_gpu_record {
    HL_ALIGN_QUAD float mu[2]; /* px                                                          */
    float conic[3];            /* a, b, c                                                     */
    float ln_opacity;          /* ln o^                                                       */
    float det;                 /* of the conic, without cancellation                          */
    uint32_t tiles;            /* tiles touched; 0: not in the picture                        */
    float rgb[3];              /* view-dependent colour                                       */
    float depth;               /* tz                                                          */
    float opacity;             /* o^                                                          */
    int32_t flags;             /* of hl_sh_color; from bit 4: the normal's axis               */
    uint32_t first;            /* its first instance before the tile sort: its gradient rows,
                                  where sums are ordered                                      */
    uint32_t reserved;         /* to 64 bytes                                                 */
} hl_gpu_record;

typedef struct hl_gpu_fields {
#define X(name, components) float *name;
    HL_SPLAT_FIELDS(X)
#undef X
} hl_gpu_fields;

/* A photo on the device, at its full size. */
typedef struct hl_gpu_photo {
    const uint8_t *pixels; /* (height, width, channels)                                  */
    const uint8_t *mask;   /* (height, width) or NULL                                    */
    const float *depth;    /* (height, width) or NULL                                    */
    const float *normal;   /* (height, width, 3) or NULL                                 */
    int32_t width, channels;
    int32_t factor; /* pixels of the photo per pixel of the picture, a side       */
    float pixels_kept, windows_kept, depth_known, normal_known; /* what means are over */
} hl_gpu_photo;

/* Exposures or poses of all photos, and Adam's state of them. */
typedef struct hl_gpu_small {
    float *value;   /* (photos, 12) exposure, or r and t of a view; NULL: off */
    float *m, *v;   /* (photos, 12) or (photos, 6)                            */
    int32_t *steps; /* (photos)                                               */
} hl_gpu_small;

/* What changes from step to step. */
typedef struct hl_gpu_step {
    hl_projector projector;
    int32_t index;   /* number of the step, reported where it halts          */
    uint32_t stamp;  /* > 0, new each step: marks the clusters that were seen */
    int32_t collect; /* whether statistics are collected                     */
    float background[3];
    /* loss: raster/loss.h */
    hl_gpu_photo photo;
    int32_t has_exposure;
    float exposure[12];
    float ssim_weight, alpha_weight, depth_weight, normal_weight;
    /* Adam: raster/adam.h */
    float lr_mean, lr_log_scale, lr_quat, lr_logit_opa, lr_sh_dc, lr_sh_rest;
    float opacity_reg, scale_reg;
    /* geometry mode: raster/geometry_loss.h, raster/train/flatten.h */
    float consistency, distortion, mask_weight, flatten;
    /* exposure and pose: raster/train/small.h */
    int32_t photo_index;
    float view_size[2], view_k[4]; /* of the projector                                  */
    float lr_exposure, lr_turn, lr_shift;
    /* noise of "mcmc": raster/density/mcmc.h; 0: none */
    float noise;
    uint64_t seed;
} hl_gpu_step;

/* Sums over the pixels of a picture. */
enum {
    HL_GPU_SUM_L1,
    HL_GPU_SUM_L2,
    HL_GPU_SUM_SSIM,
    HL_GPU_SUM_ALPHA,
    HL_GPU_SUM_DEPTH,
    HL_GPU_SUM_NORMAL,
    HL_GPU_SUM_SURFACE,  /* terms of geometry mode, weighted and divided already */
    HL_GPU_SUM_EXPOSURE, /* 12 */
    HL_GPU_SUMS = HL_GPU_SUM_EXPOSURE + 12,
    HL_GPU_TERMS = HL_GPU_SUM_EXPOSURE /* those that are terms of the loss */
};

typedef struct hl_gpu_state {
    uint32_t halted;      /* HL_GPU_OVERFLOW: nothing runs until the host has made room */
    int32_t halted_step;  /* first step that did not take place                         */
    int32_t done_step;    /* last step that did                                         */
    uint32_t visible;     /* splats in the picture                                      */
    uint32_t instances;   /* splat-tile pairs, saturating                               */
    uint32_t max_visible; /* largest since the host cleared them                        */
    uint32_t max_instances;
    int32_t views;           /* pictures in the statistics                                 */
    double sum[HL_GPU_SUMS]; /* of the last picture                           */
    double mean_total[HL_GPU_TERMS]; /* means over pixels, summed over pictures       */
    double loss_total[HL_GPU_TERMS]; /* what each contributed to the loss, the same   */
    double pictures;                 /* in these totals                               */
    float pose[6], background[3];    /* of the last picture                           */
    float reserved;
} hl_gpu_state;

/* Where the sums of a splat lie in its gradient row: moments (6), planes, then what was asked. */
typedef struct hl_gpu_row {
    int32_t floats; /* length                                                    */
    int32_t abs2d;  /* offset of 2: sums of |dL/dmu|; -1 when off                */
    int32_t stats;  /* offset of 4: n, sum dL/dalpha, its squares, sum w; -1     */
    int32_t median; /* offset of 1: dL/d(depth) through the median; -1           */
} hl_gpu_row;

typedef struct hl_gpu_work {
    hl_gpu_step *step;
    hl_gpu_state *state;

    /* the picture */
    int32_t width, height, stride, px_rows; /* px_rows: height in whole tiles */
    int32_t columns, tile_rows, tiles;      /* of 8 x 16 pixels */
    int32_t sh_degree;
    int32_t plane_count, extra; /* extra: planes beyond colour */
    int32_t depth_plane, normal_plane, feature_plane, feature_count;
    int32_t depth_2_plane, distance_plane;
    size_t plane;         /* floats of a plane                           */
    float *planes;        /* (plane_count, rows, stride)                 */
    float *transmittance; /* (rows, stride)                              */
    float *median;        /* (rows, stride) or NULL                      */
    uint64_t *max_weight; /* (count) weight's bits | ~pixel, or NULL     */
    const float *features, *filter_3d, *window;

    /* the splats */
    int32_t count;
    hl_gpu_fields p; /* parameters */
    hl_gpu_record *record;
    float *extra_value;     /* (count, extra)                                       */
    uint32_t *flag;         /* (count + 1) 1 where visible                          */
    uint32_t *place;        /* (count + 1) exclusive sum of flag                    */
    uint32_t *cluster_seen; /* (clusters) stamp of the step that last saw it        */

    /* the visible ones, front to back */
    uint32_t visible_capacity;
    uint32_t *key_in, *key;   /* (visible_capacity) depth bits                        */
    uint32_t *id_in, *id;     /* (visible_capacity) splat                             */
    uint32_t *reach, *offset; /* (visible_capacity + 1) tiles, and their exclusive sum */

    /* splat-tile pairs */
    uint32_t instance_capacity;
    uint32_t *tile_in, *tile;   /* (instance_capacity)                                */
    uint32_t *value_in, *value; /* (instance_capacity) splat, or row where ordered    */
    uint32_t *row_splat;        /* (instance_capacity) splat of a row; NULL: unordered */
    uint32_t *tile_first;       /* (tiles + 1)                                        */
    uint32_t *tile_end;         /* (tiles) instances looked at before all pixels stopped */

    /* backward */
    hl_gpu_row row;
    float *rows; /* (count, row.floats), or (instances, row.floats) where ordered  */
    const float *d_plane[HL_PLANES_MAX]; /* NULL: zero */
    const float *d_alpha, *d_median, *d_max_weight;
    float *background_partial; /* (tiles, 3)           */
    float *pose_partial;       /* (warps of splats, 6) */
    int32_t want_pose;
    hl_gpu_fields d; /* gradients out; NULL where not wanted */
    float *feature_grad;
    hl_gpu_fields m, v; /* moments; NULL without Adam */
    int32_t *adam_steps;
    int32_t adam_cluster; /* hl_adam_mode */
    hl_raster_stats stats;

    /* loss */
    int32_t squares_x, squares; /* of 16 x 16 pixels */
    float *target;              /* (3, rows, stride) photo over the background         */
    float *p123;                /* (9, rows, stride)                                   */
    float *loss_grad;           /* (HL_GPU_G_COUNT, rows, stride)                      */
    double *partial;            /* (squares, HL_GPU_SUMS)                              */
    float window_taps[11];
    int32_t has_depth, has_normal;
    int32_t surface; /* whether the terms of geometry mode run            */
    hl_gpu_small exposure, pose;
    int32_t adjust; /* whether splats move once more behind Adam         */

    /* work of other kernels: raster/cuda/gpu_refine.h */
    const void *refine;
    const void *scratch; /* of sorts and scans: here so that a graph knows where it lay */
} hl_gpu_work;

/* Planes of loss_grad. */
enum {
    HL_GPU_G_COLOR,
    HL_GPU_G_ALPHA = 3,
    HL_GPU_G_DEPTH,
    HL_GPU_G_NORMAL,
    HL_GPU_G_COUNT = HL_GPU_G_NORMAL + 3, /* without geometry mode */
    HL_GPU_G_DEPTH_2 = HL_GPU_G_COUNT,
    HL_GPU_G_DISTANCE,
    HL_GPU_G_COUNT_SURFACE
};

/* Kernels by what an item is: a thread, a warp, or a block of HL_BLOCK_LANES threads. */
#define HL_GPU_THREAD_KERNELS(X) \
    X(gather)                    \
    X(reach)                     \
    X(ranges)                    \
    X(target)                    \
    X(adjust)                    \
    X(aim)                       \
    X(small)                     \
    X(refine_mark)               \
    X(refine_list)               \
    X(refine_birth)              \
    X(refine_bounds)             \
    X(refine_keys)               \
    X(refine_gather)             \
    X(refine_most)               \
    X(refine_steps)              \
    X(mcmc_mark)                 \
    X(mcmc_draw)                 \
    X(mcmc_share)                \
    X(mcmc_copy)                 \
    X(adc_score)                 \
    X(adc_birth)                 \
    X(adc_prune)                 \
    X(adc_reset)                 \
    X(filter)

#define HL_GPU_WARP_KERNELS(X)                \
    X(project, hl_gpu_project_shared)         \
    X(project_general, hl_gpu_project_shared) \
    X(emit, hl_gpu_emit_shared)               \
    X(blend, hl_gpu_blend_shared)             \
    X(blend_general, hl_gpu_blend_shared)     \
    X(blend_bwd, hl_gpu_blend_shared)         \
    X(blend_bwd_stats, hl_gpu_blend_shared)   \
    X(blend_bwd_general, hl_gpu_blend_shared) \
    X(count_pairs, hl_gpu_blend_shared)       \
    X(splat_bwd, hl_gpu_splat_shared)         \
    X(splat_bwd_general, hl_gpu_splat_shared)

#define HL_GPU_BLOCK_KERNELS(X)         \
    X(moments, hl_gpu_moments_shared)   \
    X(gradient, hl_gpu_gradient_shared) \
    X(surface, hl_gpu_surface_shared)   \
    X(finish, hl_gpu_finish_shared)

typedef enum hl_gpu_kernel {
#define X(name) HL_GPU_K_##name,
    HL_GPU_THREAD_KERNELS(X)
#undef X
#define X(name, shared) HL_GPU_K_##name,
        HL_GPU_WARP_KERNELS(X) HL_GPU_BLOCK_KERNELS(X)
#undef X
            HL_GPU_KERNELS
} hl_gpu_kernel;

#endif /* HL_RASTER_CUDA_GPU_WORK_H */
