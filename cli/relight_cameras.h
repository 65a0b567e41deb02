/* SPDX-License-Identifier: MIT */
/* cli/relight_cameras.h -- who looks at a scene that is to be lit. */
#ifndef HL_CLI_RELIGHT_CAMERAS_H
#define HL_CLI_RELIGHT_CAMERAS_H

#include "cli/relight_views.h"
#include "core/camera_path.h"

/* The cameras of a capture with ground truth, of `source->data`, of the scene file, or of a circle
 * around the mesh, in that order; fills view, count, lit and pose.  HL_E_FORMAT, HL_E_MEMORY. */
hl_status hl_relight_cameras(hl_relight_views *views, const hl_relight_source *source);

/* View `index` of `count` along a path made from these cameras, through the lens of the first
 * view.  HL_E_MEMORY. */
hl_status hl_relight_path_view(const hl_relight_views *views, hl_path_kind kind, int32_t index,
                               int32_t count, hl_raster_view *out);

#endif /* HL_CLI_RELIGHT_CAMERAS_H */
