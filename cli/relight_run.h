/* SPDX-License-Identifier: MIT */
/* cli/relight_run.h -- the work of helio relight, for its files: lights, pictures, films. */
#ifndef HL_CLI_RELIGHT_RUN_H
#define HL_CLI_RELIGHT_RUN_H

#include "cli/relight_views.h"
#include "relight/skies.h"

enum { HL_RELIGHT_LIGHTS_MAX = 64, HL_RELIGHT_LAMPS_MAX = 3, HL_RELIGHT_OUTPUTS = 4 };
enum { HL_RELIGHT_COLOR, HL_RELIGHT_DIRECT, HL_RELIGHT_INDIRECT, HL_RELIGHT_SHADOW };

/* Where an environment comes from: a file, a formula, or the scene's own light. */
typedef struct hl_relight_light {
    char name[HL_RELIGHT_NAME_MAX];
    char path[HL_RELIGHT_PATH_MAX]; /* "": not a file          */
    hl_sky sky;                     /* HL_SKY_COUNT: not a formula */
} hl_relight_light;

typedef struct hl_relighting {
    /* as the user wants it */
    const char *out;
    int32_t samples, bounces, vertex_samples, denoise;
    int32_t light_turn, turntable; /* pictures of these films, 0: none */
    int path;                      /* hl_path_kind of the turntable    */
    int model;                     /* hl_brdf_model                    */
    uint64_t seed;
    bool indirect_wanted;
    bool wanted[HL_RELIGHT_OUTPUTS];
    double rotate_deg;
    hl_light lamps[HL_RELIGHT_LAMPS_MAX];
    hl_relight_light light[HL_RELIGHT_LIGHTS_MAX];
    int32_t light_count; /* 0: lamps alone, named "lamps" */
    /* the scene */
    hl_relight_views views;
    hl_bvh bvh;
    hl_light_scene scene;
    hl_environment environment;
    hl_vertex_light *indirect;
    /* what it took */
    double shade_s, indirect_s;
    int64_t pictures;
} hl_relighting;

extern const char *const hl_relight_output_names[HL_RELIGHT_OUTPUTS];

/* Adds what a word of --env names: a map, the maps of a folder, a sky, or "own".  `views` is
 * loaded.  HL_E_ARG, HL_E_IO, HL_E_FORMAT. */
hl_status hl_relight_add_light(hl_relighting *r, const char *word);
/* Makes it the environment of the scene, as it stands without turning. */
hl_status hl_relight_load_light(hl_relighting *r, int32_t light);

/* The mesh of `views` ready for rays; a part of hl_relight_run. */
hl_status hl_relight_prepare(hl_relighting *r);

/* Lights all views under all lights and makes the films.  `views` is loaded.  HL_E_INTERRUPT. */
hl_status hl_relight_run(hl_relighting *r);
void hl_relight_release(hl_relighting *r);

/* Turns the environment by rotate_deg + `degrees`; formulas start from the first view's place. */
void hl_relight_orient(hl_relighting *r, int32_t light, double degrees);
/* Indirect light under what lights the scene now. */
hl_status hl_relight_solve_indirect(hl_relighting *r);
hl_status hl_relight_shade(hl_relighting *r, hl_relight_view *view, hl_shade_result *result);

/* The films under light `light`: OUT/light_turn.mp4, OUT/turntable.mp4, or PNG files where ffmpeg
 * is not. */
hl_status hl_relight_films(hl_relighting *r, int32_t light);

#endif /* HL_CLI_RELIGHT_RUN_H */
