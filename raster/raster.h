/* SPDX-License-Identifier: MIT */
/* raster/raster.h -- differentiable rasterization of Gaussian splats: the door of this folder.
 *
 *   hl_raster_create -> { hl_raster_forward -> look at the frame -> hl_raster_backward } ...
 *
 * Forward projects the splats into one view and blends them front to back; backward replays the
 * last forward and carries gradients of every output back to every parameter and to the pose.
 * Buffers grow to a high-water mark and are then reused: no allocation in steady state.
 * On the CPU the same inputs give the same bytes for any thread count.
 *
 * Memory named here is that of the backend (the host for "cpu").  A rasterizer may be used by one
 * thread at a time; it spreads its own work over the pool of core/parallel.h.
 *
 * Source: Kerbl et al. 2023; gradients derived in docs/math.md.
 */
#ifndef HL_RASTER_RASTER_H
#define HL_RASTER_RASTER_H

#include "core/camera.h"
#include "core/splats.h"
#include "core/timer.h"
#include "raster/adam.h"
#include "raster/constants.h"

/* Instruction set of the CPU backend. */
typedef enum hl_isa {
    HL_ISA_AUTO = 0,  /* best of this processor         */
    HL_ISA_PLAIN = 1, /* plain C, one pixel at a time   */
    HL_ISA_AVX2 = 2,  /* AVX2 + FMA                     */
    HL_ISA_AVX512 = 3 /* AVX-512 F, BW, DQ, VL          */
} hl_isa;

#define HL_FEATURES_MAX 16 /* feature channels beside colour, depth and normal */
#define HL_PLANES_MAX   (3 + 1 + 3 + HL_FEATURES_MAX + 1 + 1)

/* One pinhole camera as the rasterizer sees it.  Axes: x right, y down, z forward. */
typedef struct hl_raster_view {
    int32_t width, height; /* pixels, 1 .. 16384                                */
    float fx, fy, cx, cy;  /* pixels; the first pixel's centre is (0.5, 0.5)    */
    float r[9], t[3];      /* camera_from_world: x_in_camera = r x_in_world + t */
} hl_raster_view;

/* Outputs that cost extra and are made only when asked for. */
enum {
    HL_RASTER_DEPTH = 1 << 0,      /* plane: sum of w z; divided by alpha: expected depth */
    HL_RASTER_NORMAL = 1 << 1,     /* 3 planes: sum of w n; n = shortest axis, world frame,
                                      turned towards the camera                           */
    HL_RASTER_MEDIAN = 1 << 2,     /* z of the splat at which transmittance falls to <= 1/2,
                                      0 where it never does                               */
    HL_RASTER_MAX_WEIGHT = 1 << 3, /* per splat: largest w = alpha T over all pixels     */
    HL_RASTER_DEPTH_2 = 1 << 4,    /* plane: sum of w z^2                                */
    HL_RASTER_DISTANCE = 1 << 5    /* plane: sum of w |n . (x - eye)|, eye to the plane of
                                      the splat; with the normals: depth per pixel
                                      (raster/surface_depth.h)                           */
};

typedef struct hl_raster_options {
    int32_t sh_degree;         /* bands used, 0..3; at most that of the splats              */
    bool antialiased;          /* 2D mip filter: dilation 0.1 with compensation, else 0.3   */
    float background[3];       /* behind the colour; all other planes have 0 behind         */
    uint32_t outputs;          /* HL_RASTER_* bits                                          */
    int32_t feature_count;     /* 0..HL_FEATURES_MAX                                        */
    const float *features;     /* (count, feature_count), blended like colour               */
    const float *filter_3d;    /* (count) std. deviation of the 3D filter, or NULL: off     */
    const float *depth_window; /* (2, height, width) nearest and farthest z admitted, or NULL */
} hl_raster_options;

/* What forward made.  Planes are (rows, stride) floats, top row first; padding columns and rows
 * hold no picture.  Valid until the next forward; owned by the rasterizer. */
typedef struct hl_raster_frame {
    int32_t width, height;
    int32_t stride; /* floats per row: width rounded up to the tile  */
    int32_t rows;   /* height rounded up to the tile                 */
    int32_t plane_count;
    float *plane[HL_PLANES_MAX]; /* colour r g b, then depth, normal x y z, features,
                                   depth_2, distance as asked                                 */
    int32_t depth_plane;         /* index into plane, -1 when not asked for                  */
    int32_t normal_plane;        /* first of three, -1                                       */
    int32_t feature_plane;       /* first of feature_count, -1                               */
    int32_t depth_2_plane;       /* -1                                                       */
    int32_t distance_plane;      /* -1                                                       */
    float *transmittance;        /* what is left behind the last splat; alpha = 1 - this     */
    float *median_depth;         /* NULL when not asked for                                  */
    float *max_weight;           /* (count) by splat index, NULL when not asked for          */
    int32_t visible;             /* splats that reached the picture                          */
    int64_t instances;           /* splat-tile pairs                                         */
} hl_raster_frame;

/* dL/d(output), same layout (rows, stride) as the frame.  NULL: zero. */
typedef struct hl_raster_frame_grad {
    const float *plane[HL_PLANES_MAX];
    const float *alpha;        /* dL/d(1 - transmittance), on top of what the background does */
    const float *median_depth; /* goes to the splat that was the median                       */
    const float *max_weight;   /* (count): goes to the pixel where the largest weight was     */
} hl_raster_frame_grad;

/* Per-splat statistics for densification, summed over calls until cleared by the owner.
 * Arrays have `capacity` entries; a NULL array is not collected. */
typedef struct hl_raster_stats {
    float *seen;         /* number of views in which the splat reached the picture           */
    float *grad_2d;      /* sum of |dL/d(mean in NDC)|: pixel gradient x (width/2, height/2) */
    float *grad_2d_abs;  /* the same with per-pixel absolute values inside the sum           */
    float *radius;       /* largest screen extent so far / max(width, height)                */
    float *weight;       /* sum of w over pixels                                             */
    float *fragments;    /* n: contributing pixels                                           */
    float *grad_alpha;   /* sum of dL/d alpha over fragments                                 */
    float *grad_alpha_2; /* sum of its square                                                */
} hl_raster_stats;

/* Where backward puts its results.  Everything is optional. */
typedef struct hl_raster_sink {
    hl_splats *grad;        /* dL/dparameter, every row written (0 where invisible)          */
    float *feature_grad;    /* (count, feature_count), every row written                     */
    hl_adam *adam;          /* steps the splats given to forward in place (raster/adam.h)    */
    hl_raster_stats *stats; /* accumulated                                                   */
    float pose[6];          /* out: dL/d(phi, rho) of x_in_camera = exp(phi) (r x + t) + rho  */
    float background[3];    /* out: dL/d(background)                                         */
} hl_raster_sink;

typedef struct hl_raster hl_raster;

/* backend: "cpu", "cuda" or "auto" (the best whose device is there).  HL_E_BACKEND names what is
 * missing, also when the processor lacks the instruction set asked for.
 * With "cuda" all arrays named here stay host memory: each call uploads, runs, downloads and
 * waits; training (raster/train.h) keeps them on the device. */
hl_status hl_raster_create(hl_raster **out, const char *backend, hl_isa isa);
void hl_raster_destroy(hl_raster **raster);

/* Whether this build has the backend; its device may still be absent. */
bool hl_raster_has_backend(const char *backend);

/* One line about the backend's device: name, driver, capability, memory.  HL_E_BACKEND says what is
 * missing. */
hl_status hl_raster_describe(const char *backend, char *text, size_t room);

/* Sums of gradients in an order of their own, so that the same inputs give the same bytes: slower
 * on "cuda", where it is off at first; always so on "cpu".  Before forward. */
void hl_raster_deterministic(hl_raster *raster, bool on);

/* "cpu", "cuda"; and the instruction set in use: "plain", "avx2", "avx512". */
const char *hl_raster_backend_name(const hl_raster *raster);
const char *hl_raster_isa_name(const hl_raster *raster);

/* The best instruction set of this processor and build. */
hl_isa hl_raster_best_isa(void);

/* Renders `splats` in `view`.  *frame is valid until the next call.  The splats and the arrays in
 * the options must stay unchanged until backward.  Non-finite splats are skipped.
 * Errors: HL_E_ARG (sizes, degree, channels out of range; a pose that is no rotation),
 * HL_E_MEMORY. */
hl_status hl_raster_forward(hl_raster *raster, const hl_splats *splats, const hl_raster_view *view,
                            const hl_raster_options *options, hl_raster_frame *frame);

/* Gradients of the last forward.  `splats` must be the ones given to it (not const: with
 * sink->adam they are stepped; a second backward then needs a forward first).
 * Errors: HL_E_ARG (no forward of these splats; room for fewer splats; the gradient of a median
 * depth or largest weight that forward was not asked for), HL_E_MEMORY. */
hl_status hl_raster_backward(hl_raster *raster, hl_splats *splats,
                             const hl_raster_frame_grad *frame_grad, hl_raster_sink *sink);

/* Bytes that the buffers for such a picture take: `instances` splat-tile pairs, `planes` colour
 * planes and all.  For --dry-run. */
size_t hl_raster_bytes(int32_t splats, int32_t width, int32_t height, int64_t instances,
                       int32_t planes);

/* Bytes held now. */
size_t hl_raster_bytes_held(const hl_raster *raster);

/* Wall seconds per stage (project, sort, bin, blend, blend_bwd, project_bwd) are added to *spans;
 * NULL switches timing off. */
void hl_raster_profile(hl_raster *raster, hl_spans *spans);

/* Contributing splat-pixel pairs of the last forward (counted anew in plain C; for benchmarks). */
int64_t hl_raster_count_pairs(hl_raster *raster);

/* Bytes per second that this device moves when it copies large blocks in its memory: what is read
 * and what is written, both counted.  The ceiling of stages that wait for memory.  Takes up to
 * 512 MiB for a moment.  Errors: HL_E_MEMORY, HL_E_BACKEND. */
hl_status hl_raster_copy_rate(hl_raster *raster, double *bytes_per_second);

/* Memory of the device of a backend, bytes.  HL_E_BACKEND where the build or the machine has none;
 * backends that run in host memory count as that. */
hl_status hl_raster_device_memory(const char *backend, size_t *all, size_t *available);

/* A pinhole view: camera must be SIMPLE_PINHOLE or PINHOLE.  HL_E_ARG otherwise. */
hl_status hl_raster_view_from_camera(hl_raster_view *view, const hl_camera *camera,
                                     const hl_pose *camera_from_world);

#endif /* HL_RASTER_RASTER_H */
