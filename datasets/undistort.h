/* SPDX-License-Identifier: MIT */
/* datasets/undistort.h -- from a picture of any lens to one of a PINHOLE camera.
 *
 * The rule for the new camera: focal lengths stay, so that the middle of the picture keeps its
 * resolution; the new picture is the largest upright rectangle, by the most limiting point of
 * each border, in which every pixel has a source: no blank pixels.  (COLMAP's image_undistorter
 * with blank_pixels = 0 also keeps the principal point in its relative place; here each side is
 * cut on its own.)  A side never reaches more than HL_UNDISTORT_GROWTH times as far from the
 * principal point as in the source, which bounds the pictures of fisheye lenses.
 *
 * Stateless; any thread.  Lens formulas: core/camera_model.h.
 */
#ifndef HL_DATASETS_UNDISTORT_H
#define HL_DATASETS_UNDISTORT_H

#include "core/camera.h"
#include "core/image.h"

#include <stdbool.h>

#define HL_UNDISTORT_GROWTH 2 /* COLMAP's max_scale */

/* True where the camera is not a pinhole: it has a distortion coefficient other than 0. */
bool hl_camera_is_distorted(const hl_camera *camera);

/* Same model, size and parameters; ids may differ. */
bool hl_camera_is_same(const hl_camera *a, const hl_camera *b);

/* The PINHOLE camera, of its own size, that the rule above gives; a camera without distortion
 * keeps its size.  HL_E_FORMAT where the lens leaves no rectangle of at least 2 x 2 pixels. */
hl_status hl_undistort_camera(hl_camera *pinhole, const hl_camera *camera);

/* Where every pixel of a target picture lies in a source picture. */
typedef struct hl_remap {
    int32_t in_width, in_height; /* source, pixels */
    int32_t width, height;       /* target, pixels */
    float *at;                   /* (height, width, 2): source position, first centre (0.5, 0.5) */
} hl_remap;

/* Both cameras see from the same place in the same direction; `to` is PINHOLE.  Rows run on
 * hl_parallel_for.  8 bytes a target pixel.  Errors: HL_E_ARG, HL_E_MEMORY. */
hl_status hl_remap_create(hl_remap *map, const hl_camera *from, const hl_camera *to);
void hl_remap_release(hl_remap *map);

/* Bilinear; positions outside the source take its border.  Four channels are blended
 * premultiplied.  `in` has the source's size, else HL_E_ARG. */
hl_status hl_remap_bilinear(hl_image8 *out, const hl_remap *map, const hl_image8 *in);

/* Nearest pixel, for masks. */
hl_status hl_remap_nearest(hl_image8 *out, const hl_remap *map, const hl_image8 *in);

#endif /* HL_DATASETS_UNDISTORT_H */
