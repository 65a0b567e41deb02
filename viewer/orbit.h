/* SPDX-License-Identifier: MIT */
/* viewer/orbit.h -- the camera of a hand: turns around a target, slides, comes nearer, flies.
 *
 * All arithmetic is in double, in the world frame; the picture's up is `up` unless the camera
 * stands exactly where a given pose put it.  Stateless but for its struct; any thread.
 */
#ifndef HL_VIEWER_ORBIT_H
#define HL_VIEWER_ORBIT_H

#include "core/camera.h"
#include "raster/raster.h"

typedef struct hl_orbit {
    double target[3]; /* world                                              */
    double up[3];     /* unit                                               */
    double yaw;       /* rad, around up                                     */
    double pitch;     /* rad, positive looks down; kept within +-89 degrees */
    double distance;  /* of the eye from the target, > 0                    */
    double fov_y;     /* rad                                                */
    bool exact;       /* `pose` holds until the camera moves                */
    hl_pose pose;
} hl_orbit;

/* Looks at the middle of the box from in front and a little above, all of it in the picture. */
void hl_orbit_frame(hl_orbit *orbit, const double low[3], const double high[3], const double up[3]);

/* Stands exactly at a pose; the target is put `distance` in front of it. */
void hl_orbit_stand(hl_orbit *orbit, const hl_pose *camera_from_world, double fov_y,
                    double distance);

/* Turns around the target by angles in rad. */
void hl_orbit_turn(hl_orbit *orbit, double yaw, double pitch);

/* Moves eye and target by parts of the distance: right, down, forward. */
void hl_orbit_move(hl_orbit *orbit, double right, double down, double forward);

/* Multiplies the distance, kept within 1e-6 .. 1e9. */
void hl_orbit_dolly(hl_orbit *orbit, double factor);

/* camera_from_world, and a pinhole view of that many pixels. */
void hl_orbit_pose(const hl_orbit *orbit, hl_pose *out);
hl_status hl_orbit_view(const hl_orbit *orbit, int32_t width, int32_t height, hl_raster_view *out);

#endif /* HL_VIEWER_ORBIT_H */
