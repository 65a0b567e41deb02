/* SPDX-License-Identifier: MIT */
/* relight/scene_file_parts.h -- rows of the chunks of a scene file, for its writer and its reader.
 */
#ifndef HL_RELIGHT_SCENE_FILE_PARTS_H
#define HL_RELIGHT_SCENE_FILE_PARTS_H

enum {
    HL_SCENE_FILE_MATERIALS = 5, /* floats of a splat: HL_GBUFFER_CHANNELS                  */
    HL_SCENE_FILE_LIGHT = 14,    /* kind, at 3, edge_u 3, edge_v 3, radius, color 3            */
    HL_SCENE_FILE_VIEW = 14      /* width, height, fx, fy, cx, cy, quaternion w x y z,
                                    translation 3, split                                       */
};

#define HL_SCENE_FILE_DARK 1e-6f /* least radiance of the light, which is kept as a logarithm */

#endif /* HL_RELIGHT_SCENE_FILE_PARTS_H */
