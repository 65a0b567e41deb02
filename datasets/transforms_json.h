/* SPDX-License-Identifier: MIT */
/* datasets/transforms_json.h -- posed views out: transforms.json (nerfstudio's form, which
 * instant-ngp reads too) and the cameras.json that stands beside an INRIA model.
 *
 * transforms.json: camera-to-world, OpenGL camera axes (x right, y up, looking along -z).
 * cameras.json: camera-to-world, our axes.  Source: docs/formats.md sections 5 and 6.
 */
#ifndef HL_DATASETS_TRANSFORMS_JSON_H
#define HL_DATASETS_TRANSFORMS_JSON_H

#include "core/views.h"

/* Writes the views whose split is `split`, or all where split < 0, atomically.  `image_prefix`
 * ("images/") goes before every name.  Intrinsics that all views share stand at the top.
 *
 * Errors: HL_E_ARG (a view without a pose; a camera model that the format lacks: FOV,
 * THIN_PRISM_FISHEYE, FULL_OPENCV with k4..k6), HL_E_IO, HL_E_MEMORY. */
hl_status hl_transforms_save(const hl_views *views, int split, const char *image_prefix,
                             const char *path);

/* Writes cameras.json: {id, img_name, width, height, position, rotation, fy, fx} per view, names
 * without extension.  Distortion and principal point have no place in it. */
hl_status hl_cameras_json_save(const hl_views *views, const char *path);

#endif /* HL_DATASETS_TRANSFORMS_JSON_H */
