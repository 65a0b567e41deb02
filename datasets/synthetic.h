/* SPDX-License-Identifier: MIT */
/* datasets/synthetic.h -- procedural captures with exact ground truth.
 *
 * Three scenes of analytic solids under a sun and a sky, ray traced: photographs with exact poses,
 * intrinsics, depth, normals, materials, light and surface points.  Same options, same bytes, for
 * any number of threads.
 *
 *   still      still life on a table in a courtyard; full ring of cameras
 *   corner     open corner with a red and a green wall: strong interreflection
 *   turntable  one object, nothing around it, pictures with alpha
 *
 * World: right-handed, z up, about metres.  Cameras: PINHOLE, principal point at the middle.
 * The shading is stated in docs/math.md; it shares no code with relighting.
 */
#ifndef HL_DATASETS_SYNTHETIC_H
#define HL_DATASETS_SYNTHETIC_H

#include "core/camera.h"
#include "core/image.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum hl_synthetic_scene {
    HL_SYNTHETIC_STILL,
    HL_SYNTHETIC_CORNER,
    HL_SYNTHETIC_TURNTABLE
} hl_synthetic_scene;

#define HL_SYNTHETIC_VIEWS_MAX  10000
#define HL_SYNTHETIC_SIDE_MIN   8
#define HL_SYNTHETIC_SIDE_MAX   8192
#define HL_SYNTHETIC_POINTS_MAX 10000000

/* Zero means the default in brackets, except where said. */
typedef struct hl_synthetic_options {
    hl_synthetic_scene scene;
    int32_t views;         /* 1..10000 [40] */
    int32_t width, height; /* pixels, 8..8192 [640, 480] */
    int32_t samples;       /* per pixel: 1, 4, 16 or 64 [16]; from 16 on, pixels whose first 4
                              agree stop there */
    int32_t points;        /* surface points to look for; 0: none, no default */
    int32_t bounces;       /* diffuse bounces, 1..8 [2]; -1: none */
    bool sun_only;         /* gathers no light: for cameras and geometry alone */
    uint64_t seed;         /* of textures and of the cameras' places */
    bool alpha;            /* the sky is left out of the pictures, which carry alpha; always so
                              for the turntable */
} hl_synthetic_options;

typedef struct hl_synthetic hl_synthetic; /* immutable once made: thread-safe */

/* Builds the scene and gathers its light.  *out is released by hl_synthetic_destroy.
 * Errors: HL_E_ARG with the option, what it was and its range; HL_E_MEMORY. */
hl_status hl_synthetic_create(hl_synthetic **out, const hl_synthetic_options *options);
void hl_synthetic_destroy(hl_synthetic **synthetic);

/* The options with defaults filled in. */
const hl_synthetic_options *hl_synthetic_settings(const hl_synthetic *synthetic);
bool hl_synthetic_has_alpha(const hl_synthetic *synthetic);

/* view: 0 .. views-1. */
void hl_synthetic_view(const hl_synthetic *synthetic, int32_t view, hl_camera *camera,
                       hl_pose *camera_from_world);

/* View `k` of `count` on a smooth closed orbit (an arc there and back for `corner`). */
void hl_synthetic_orbit(const hl_synthetic *synthetic, int32_t k, int32_t count, hl_camera *camera,
                        hl_pose *camera_from_world);

/* One rendered view.  color is antialiased; the rest is exact at pixel centres.  Where nothing is
 * seen, depth, normal, albedo and material are 0. */
typedef struct hl_synthetic_frame {
    hl_image8 color;   /* (h, w, 3) sRGB, or (h, w, 4) with straight alpha                     */
    hl_image depth;    /* (h, w, 1) along the camera's z axis, scene units                     */
    hl_image normal;   /* (h, w, 3) world frame, unit, outward                                 */
    hl_image albedo;   /* (h, w, 3) base colour, linear; filtered to the pixel                 */
    hl_image material; /* (h, w, 3) roughness, metallic, F0 of the dielectric lobe (0: none)   */
    hl_image alpha;    /* (h, w, 1) coverage of the pixel by surfaces                          */
} hl_synthetic_frame;

/* ground_truth false: colour alone.  Rows run in parallel.  HL_E_ARG (view), HL_E_MEMORY. */
hl_status hl_synthetic_render(const hl_synthetic *synthetic, int32_t view, bool ground_truth,
                              hl_synthetic_frame *frame);
void hl_synthetic_frame_release(hl_synthetic_frame *frame);

/* A point on a surface and the views that see it. */
typedef struct hl_synthetic_point {
    double xyz[3];
    double normal[3];
    uint8_t rgb[3]; /* sRGB: mean over the views that see it */
    int32_t sighting_count;
    int64_t sighting_first; /* into sightings */
} hl_synthetic_point;

typedef struct hl_synthetic_sighting {
    int32_t view;
    double x, y; /* exact projection, pixels */
} hl_synthetic_sighting;

typedef struct hl_synthetic_points {
    int32_t count;
    hl_synthetic_point *points; /* (count), owned */
    int64_t sighting_count;
    hl_synthetic_sighting *sightings; /* (sighting_count), owned, by point, views ascending */
} hl_synthetic_points;

/* Up to options.points points, each seen by two views or more, spread over the pictures as
 * features of photographs would be.  HL_E_MEMORY. */
hl_status hl_synthetic_find_points(const hl_synthetic *synthetic, hl_synthetic_points *points);
void hl_synthetic_points_release(hl_synthetic_points *points);

typedef enum hl_synthetic_layout {
    HL_SYNTHETIC_COLMAP, /* images/, sparse/0/, transforms.json, gt/                        */
    HL_SYNTHETIC_NERF,   /* transforms_train.json, transforms_test.json, train/, test/, gt/ */
    HL_SYNTHETIC_TENSOIR /* train_NNN/, test_NNN/, envmaps/: wants options.alpha            */
} hl_synthetic_layout;

typedef struct hl_synthetic_output {
    hl_synthetic_layout layout;
    bool no_ground_truth; /* pictures and poses alone */
    bool bare;            /* images/ alone: input for structure from motion */
} hl_synthetic_output;

/* What was written, for reports. */
typedef struct hl_synthetic_summary {
    int32_t views, points;
    int64_t sightings;
    double light_s, render_s, total_s;
} hl_synthetic_summary;

/* Renders every view and writes the capture into `folder`, which is made.  docs/formats.md states
 * the files.  summary may be NULL.  Progress is reported as stage "synth"; an interrupt leaves
 * whole files only and gives HL_E_INTERRUPT.  Errors: HL_E_ARG, HL_E_IO, HL_E_MEMORY. */
hl_status hl_synthetic_save(const hl_synthetic *synthetic, const char *folder,
                            const hl_synthetic_output *output, hl_synthetic_summary *summary);

#endif /* HL_DATASETS_SYNTHETIC_H */
