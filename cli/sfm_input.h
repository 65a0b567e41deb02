/* SPDX-License-Identifier: MIT */
/* cli/sfm_input.h -- photos for `helio sfm`, with cameras and poses from other captures. */
#ifndef HL_CLI_SFM_INPUT_H
#define HL_CLI_SFM_INPUT_H

#include "core/views.h"

#include <stdbool.h>

/* How photos share a camera. */
typedef enum sfm_cameras {
    SFM_CAMERAS_AUTO, /* those of one size and one guess of the focal length */
    SFM_CAMERAS_EACH  /* one per photo                                       */
} sfm_cameras;

/* Reads the photos at PATH, whatever else lies there; poses that a capture has are left aside. */
hl_status hl_sfm_input_photos(hl_views *views, const char *path, const char *masks,
                              bool invert_masks);

hl_status hl_sfm_input_share(hl_views *views, sfm_cameras how);

/* Focal length of every camera, pixels. */
void hl_sfm_input_focal(hl_views *views, double focal_px);

/* Focal lengths that the photos tell (core/exif.h); photos of one camera that tell different ones
 * get cameras of their own.  *known: every photo told one. */
hl_status hl_sfm_input_exif(hl_views *views, bool *known);

/* Views of the capture at PATH, in the order of `views`, found by name, or by the name without
 * folders where that is unique.  found (view_count): index into other->views, -1: not there.
 * HL_E_FORMAT where not one is found. */
hl_status hl_sfm_input_match(const hl_views *views, const char *path, hl_views *other,
                             int32_t *found);

/* Cameras of `views` become those of the matched views of PATH; every photo must be found. */
hl_status hl_sfm_input_calibration(hl_views *views, const char *path);
/* Poses likewise; photos that PATH does not have are dropped with a warning. */
hl_status hl_sfm_input_poses(hl_views *views, const char *path);

#endif /* HL_CLI_SFM_INPUT_H */
