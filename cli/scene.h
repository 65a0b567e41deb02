/* SPDX-License-Identifier: MIT */
/* cli/scene.h -- what render and eval share: a trained scene with the capture it came from.
 *
 * A scene is named by the output folder of helio train (config.json, point_cloud/iteration_N) or
 * by a file of splats.
 */
#ifndef HL_CLI_SCENE_H
#define HL_CLI_SCENE_H

#include "core/image.h"
#include "core/splat_io.h"
#include "core/views.h"
#include "datasets/photos.h"
#include "raster/raster.h"

enum { HL_SCENE_PATH_MAX = 4096 };

typedef struct hl_scene_options {
    const char *path;       /* OUT of helio train, or a file of splats                      */
    const char *data;       /* capture; NULL: the one in OUT/config.json                    */
    int32_t iteration;      /* of OUT/point_cloud; 0: the newest                            */
    int32_t max_side_px;    /* of a picture; 0: as in config.json, else as the photos are   */
    int32_t split_every;    /* 0: the capture's own or every 8th         */
    const char *background; /* black, white or r,g,b in 0..1; NULL: as in config.json, else
                               white for captures with alpha and black for others           */
    const char *backend;    /* as hl_raster_create takes it; NULL: auto                     */
    bool need_data;         /* fail where there is no capture                               */
} hl_scene_options;

/* Did training see the test views? */
typedef enum hl_held_out { HL_HELD_OUT_UNKNOWN, HL_HELD_OUT, HL_TRAINED_ON } hl_held_out;

typedef struct hl_scene {
    char folder[HL_SCENE_PATH_MAX]; /* OUT, or the folder of the splats          */
    char file[HL_SCENE_PATH_MAX];   /* of the splats                             */
    char data[HL_SCENE_PATH_MAX];   /* of the capture, "" if there is none       */
    int32_t iteration;              /* 0 where the path does not say             */
    char split[32];                 /* "auto", "every5"                          */
    hl_held_out held_out;
    float background[3];
    hl_arena arena;
    hl_splats splats;
    hl_splat_info info;
    hl_views views; /* empty without a capture */
    hl_photos *photos;
    hl_raster *raster;
} hl_scene;

/* Loads splats and capture, makes the rasterizer.  hl_scene_close also after a failure. */
hl_status hl_scene_open(hl_scene *scene, const hl_scene_options *options);
void hl_scene_close(hl_scene *scene);

/* The view of photo `index` at the size of hl_photos_camera. */
hl_status hl_scene_view(const hl_scene *scene, int32_t index, hl_raster_view *view);

/* The same camera for pictures of another size. */
void hl_scene_view_resize(hl_raster_view *view, int32_t width, int32_t height);

/* One picture over the scene's background; outputs: HL_RASTER_* bits. */
hl_status hl_scene_render(hl_scene *scene, const hl_raster_view *view, uint32_t outputs,
                          hl_raster_frame *frame);

/* Materials of the splats, (count, HL_GBUFFER_CHANNELS) in the scene's arena: of the .helio file of
 * the scene itself, or of scene.helio in its folder.  HL_E_IO, HL_E_FORMAT where there are none. */
hl_status hl_scene_materials(hl_scene *scene, const float **materials);

/* Pictures of a frame, owned by the caller: colour rounded to 8 bits; alpha; expected depth (0
 * where alpha is below 1/2); normals in the world frame. */
hl_status hl_scene_color(const hl_raster_frame *frame, hl_image8 *out);
hl_status hl_scene_alpha(const hl_raster_frame *frame, hl_image *out);
hl_status hl_scene_depth(const hl_raster_frame *frame, hl_image *out);
hl_status hl_scene_normal(const hl_raster_frame *frame, hl_image *out);

/* "black", "white" or "r,g,b" with numbers in 0..1. */
hl_status hl_scene_parse_color(const char *text, float rgb[3]);

#endif /* HL_CLI_SCENE_H */
