/* SPDX-License-Identifier: MIT */
/* cli/relight_views.h -- the pictures that helio relight lights: surfaces seen by cameras.
 *
 * The scene is one of three: the ground truth of a capture in TensoIR's layout (depth, normal,
 * albedo, roughness of its test views; the mesh comes from the depths); a file or output folder
 * with splats, materials and a mesh (relight/scene_file.h); or a mesh with materials.
 */
#ifndef HL_CLI_RELIGHT_VIEWS_H
#define HL_CLI_RELIGHT_VIEWS_H

#include "raster/raster.h"
#include "relight/hybrid.h"
#include "relight/scene_file.h"
#include "relight/surfaces.h"

enum { HL_RELIGHT_NAME_MAX = 128, HL_RELIGHT_PATH_MAX = 4096 };

typedef struct hl_relight_view {
    char name[HL_RELIGHT_NAME_MAX];   /* of its folder in the output              */
    char folder[HL_RELIGHT_PATH_MAX]; /* of its ground truth, "" if there is none */
    hl_raster_view view;
    hl_shade_input input; /* points into the surfaces once they are filled        */
    hl_surfaces surfaces;
} hl_relight_view;

typedef struct hl_relight_views {
    int32_t count;
    int32_t lit;           /* the first ones: those to light            */
    hl_relight_view *view; /* (count), owned                            */
    int32_t pose_count;
    hl_pose *pose;      /* (pose_count) of all cameras, for paths; owned */
    hl_mesh own_mesh;   /* where there is no scene file                  */
    hl_scene_file file; /* where there is one                            */
    bool has_file;
    hl_raster *raster;            /* for it                                        */
    float edge;                   /* mean edge of its mesh                         */
    float up[3];                  /* unit                                          */
    bool on_mesh;                 /* the scene file shows where its mesh is alone  */
    const hl_hybrid_rules *rules; /* of the scene file, else the default */
} hl_relight_views;

typedef struct hl_relight_source {
    const char *scene;     /* capture with ground truth, scene or mesh                         */
    bool truth;            /* the first                                                        */
    const char *data;      /* capture whose test views see the scene; NULL: those of the scene
                              file, else a circle                                              */
    int32_t max_views;     /* to light, 0: all; a circle has 8 then                            */
    int32_t width, height; /* of a circle's pictures                                           */
    float up[3];           /* unit                                                             */
    bool up_given;         /* it wins over that of a scene file                                */
    bool on_mesh;          /* see hl_relight_views                                             */
} hl_relight_source;

/* Reads all of it.  Errors name the file.  *views is released by hl_relight_views_release. */
hl_status hl_relight_views_load(hl_relight_views *views, const hl_relight_source *source);
void hl_relight_views_release(hl_relight_views *views);

/* What rays meet. */
const hl_mesh *hl_relight_views_mesh(const hl_relight_views *views);

/* The surfaces that `view` sees, where they are not there yet, and their end.  HL_E_MEMORY. */
hl_status hl_relight_view_fill(const hl_relight_views *views, const hl_light_scene *scene,
                               hl_relight_view *view);
void hl_relight_view_empty(hl_relight_view *view);

/* Splats of a scene file over its mesh; borrows from both. */
hl_splat_surfaces hl_relight_splats(const hl_relight_views *views, const hl_light_scene *scene);

#endif /* HL_CLI_RELIGHT_VIEWS_H */
