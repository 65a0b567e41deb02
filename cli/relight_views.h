/* SPDX-License-Identifier: MIT */
/* cli/relight_views.h -- the pictures that helio relight lights: surfaces seen by cameras.
 *
 * Either the ground truth of a capture in TensoIR's layout (depth, normal, albedo, roughness of its
 * test views; the mesh comes from the depths), or a mesh with materials seen by the cameras of a
 * capture or by cameras on a circle around it.
 */
#ifndef HL_CLI_RELIGHT_VIEWS_H
#define HL_CLI_RELIGHT_VIEWS_H

#include "core/mesh.h"
#include "core/views.h"
#include "raster/raster.h"
#include "relight/shade.h"

enum { HL_RELIGHT_NAME_MAX = 128, HL_RELIGHT_PATH_MAX = 4096 };

typedef struct hl_relight_view {
    char name[HL_RELIGHT_NAME_MAX];   /* of its folder in the output                 */
    char folder[HL_RELIGHT_PATH_MAX]; /* of its ground truth, "" if there is none    */
    hl_raster_view view;
    hl_shade_input input; /* its arrays point into the images below once filled        */
    hl_image position, normal, albedo, rough, metal, alpha;
} hl_relight_view;

typedef struct hl_relight_views {
    int32_t count;
    int32_t lit;           /* the first ones: those to light */
    hl_relight_view *view; /* (count), owned */
    hl_mesh mesh;          /* owned          */
} hl_relight_views;

typedef struct hl_relight_source {
    const char *scene;     /* capture with ground truth, or a mesh file            */
    bool truth;            /* the former                                           */
    const char *data;      /* capture whose test views see the mesh; NULL: a circle */
    int32_t max_views;     /* to light, 0: all; a circle has 8 then                          */
    int32_t width, height; /* of a circle's pictures                           */
} hl_relight_source;

/* Reads all of it; pictures of a mesh are filled by hl_relight_views_trace.
 * Errors name the file.  *views is released by hl_relight_views_release. */
hl_status hl_relight_views_load(hl_relight_views *views, const hl_relight_source *source);
void hl_relight_views_release(hl_relight_views *views);

/* Surfaces of one view by rays through its pixels' centres.  HL_E_MEMORY. */
hl_status hl_relight_view_trace(hl_relight_view *view, const hl_light_scene *scene);

#endif /* HL_CLI_RELIGHT_VIEWS_H */
