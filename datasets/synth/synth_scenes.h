/* SPDX-License-Identifier: MIT */
/* datasets/synth/synth_scenes.h -- the scenes themselves: what stands where, in which colours.
 *
 *   still      a still life on a round wooden table in a walled courtyard; full ring of cameras
 *   corner     two walls, red and green, and a floor with objects; cameras in the open quarter
 *   turntable  one object with nothing around it; full ring of cameras, pictures with alpha
 *
 * `seed` varies the textures; geometry and light stay.
 */
#ifndef HL_DATASETS_SYNTH_SCENES_H
#define HL_DATASETS_SYNTH_SCENES_H

#include "datasets/synth/synth_scene.h"

/* Fills *scene without its light map (hl_synth_scene_light comes next). */
void hl_synth_scene_still(hl_synth_scene *scene, uint64_t seed);
void hl_synth_scene_corner(hl_synth_scene *scene, uint64_t seed);
void hl_synth_scene_turntable(hl_synth_scene *scene, uint64_t seed);

#endif /* HL_DATASETS_SYNTH_SCENES_H */
