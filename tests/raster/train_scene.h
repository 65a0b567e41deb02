/* SPDX-License-Identifier: MIT */
/* tests/raster/train_scene.h -- a small capture made by rendering random splats. */
#ifndef HL_TESTS_RASTER_TRAIN_SCENE_H
#define HL_TESTS_RASTER_TRAIN_SCENE_H

#include "raster/train.h"

enum { SCENE_VIEWS = 14, SCENE_TRAIN = 12, SCENE_SPLATS_MAX = 512 };

typedef struct train_scene {
    hl_arena arena;
    hl_splats truth;
    hl_raster_view views[SCENE_VIEWS];
    const char *names[SCENE_VIEWS];
    int32_t train[SCENE_VIEWS], test[SCENE_VIEWS];
    uint8_t *pixels[SCENE_VIEWS]; /* (height, width, channels) */
    int32_t channels;
    float points[3 * SCENE_SPLATS_MAX];
    uint8_t colors[3 * SCENE_SPLATS_MAX];
    hl_train_scene scene; /* borrows all of the above */
} train_scene;

/* `splats` splats seen by a ring of cameras; 12 views to train on, 2 to test.  With 4 channels the
 * photos carry alpha (premultiplied colour divided out).  Aborts the test on failure. */
void train_scene_make(train_scene *s, int32_t splats, int32_t width, int32_t height,
                      int32_t channels);
void train_scene_release(train_scene *s);

#endif /* HL_TESTS_RASTER_TRAIN_SCENE_H */
