/* SPDX-License-Identifier: MIT */
/* core/camera_keys.h -- a camera path as a hand edits it: few keys, and what is in between.
 *
 * Between keys the eye goes along a Catmull-Rom spline (Catmull and Rom 1974), the rotation along
 * the normalised spline of the quaternions (the same spline on the sphere for keys that are near,
 * without a kink at a key), the field of view evenly.  The file is camera_path.json of nerfstudio,
 * which any of its readers plays; beside its frames it holds the keys as they are.
 * All arithmetic is in double.  Stateless; any thread.
 */
#ifndef HL_CORE_CAMERA_KEYS_H
#define HL_CORE_CAMERA_KEYS_H

#include "core/camera.h"
#include "core/status.h"

typedef struct hl_camera_key {
    hl_pose pose;   /* camera_from_world                            */
    double fov_y;   /* rad                                          */
    double seconds; /* from the key before to this one, > 0; of the first key: not used */
} hl_camera_key;

/* From the first key to the last, seconds. */
double hl_camera_keys_seconds(const hl_camera_key *keys, int32_t count);

/* The camera at a time, kept within the path.  count >= 1. */
void hl_camera_keys_at(const hl_camera_key *keys, int32_t count, double seconds, hl_pose *pose,
                       double *fov_y);

/* Frames of the path at so many a second: both ends are frames.  1 at least. */
int32_t hl_camera_keys_frames(const hl_camera_key *keys, int32_t count, double fps);

typedef struct hl_camera_film {
    int32_t width, height; /* pixels; 0 where a file does not say */
    double fps;            /* likewise                            */
} hl_camera_film;

/* Errors: HL_E_ARG (no key, too many frames), HL_E_IO, HL_E_MEMORY. */
hl_status hl_camera_keys_save(const hl_camera_key *keys, int32_t count, const hl_camera_film *film,
                              const char *path);

/* keys (capacity >= 2): out.  From a file without keys of ours every frame becomes one, thinned
 * evenly to the capacity; its time is that of its frames at `fps`, 30 where the file does not say.
 * Errors: HL_E_IO, HL_E_FORMAT (entry and reason), HL_E_MEMORY; *count and *film are then as they
 * were. */
hl_status hl_camera_keys_load(hl_camera_key *keys, int32_t capacity, int32_t *count,
                              hl_camera_film *film, const char *path);

#endif /* HL_CORE_CAMERA_KEYS_H */
