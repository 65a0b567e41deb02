/* SPDX-License-Identifier: MIT */
/* datasets/synth/synth_files.h -- the files of a synthetic capture, but for its pictures. */
#ifndef HL_DATASETS_SYNTH_FILES_H
#define HL_DATASETS_SYNTH_FILES_H

#include "datasets/synth/synth_capture.h"

/* Every HL_SYNTH_TEST_EVERY-th view is a test view where the layout keeps its own split. */
#define HL_SYNTH_TEST_EVERY 8

typedef struct hl_synth_place {
    char picture[64]; /* relative to the capture: "images/view_0003.png" */
    char stem[64];    /* "view_0003", "r_0003", "train_003"              */
    bool test;
} hl_synth_place;

void hl_synth_place_of(hl_synthetic_layout layout, int32_t view, hl_synth_place *place);

/* sparse/0 with tracks, and transforms.json. */
hl_status hl_synth_save_colmap(const hl_synthetic *synthetic, const hl_synthetic_points *points,
                               const char *folder);

/* transforms_train.json and transforms_test.json in the form of NeRF's synthetic scenes. */
hl_status hl_synth_save_nerf(const hl_synthetic *synthetic, hl_synthetic_layout layout,
                             const char *folder);

/* metadata.json of one view of the relighting layout, into `path`. */
hl_status hl_synth_save_metadata(const hl_synthetic *synthetic, int32_t view, const char *path);

/* scene.json, lights.json, sky.hdr and light.hdr (sky and sun) in `folder`. */
hl_status hl_synth_save_scene(const hl_synthetic *synthetic, const char *folder);

/* The sky as an equirectangular map (height, 2 height, 3), linear, with or without the sun.
 * Direction d reads column u and row v: u = 0.5 - atan2(d.y, d.x) / (2 pi),
 * v = 0.5 - asin(d.z) / pi, both in [0, 1) from the top left. */
hl_status hl_synth_sky_map(const hl_synth_light *light, int32_t height, bool sun, hl_image *map);

#endif /* HL_DATASETS_SYNTH_FILES_H */
