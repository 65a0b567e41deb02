/* SPDX-License-Identifier: MIT */
/* relight/fit.h -- materials and light of a scene from its photos, with traced visibility.
 *
 *   hl_fit_create -> [hl_fit_load] -> hl_fit_run -> hl_fit_materials, hl_fit_environment
 *
 * Geometry is given: splats, and a mesh of the same surface that answers rays.  Every splat has an
 * albedo, a roughness and a metalness; they are blended into a picture by the rasterizer, through
 * the depth window around the mesh, and shaded once per pixel (deferred):
 *
 *   L(x, o) = int f(x, o, i) [ V L_env(i) + (1 - V) a(y) E(y) / pi ] (n.i)+ di,   y = mesh hit
 *
 * by multiple importance sampling (cosine, GGX, environment; relight/sampling.h).  The loss is L1
 * on sRGB at random pixels of one photo a step, with edge-aware smoothness of the materials, total
 * variation of the logarithm of the light, and a pull towards white light.  Gradients reach the
 * splats through the rasterizer and the light through its texels; visibility and densities have
 * none.  E is the irradiance of every mesh vertex, bounces included, refreshed every so often.
 *
 * After the iterations, `refine` steps move the materials alone, against light that is integrated
 * once per pixel for all of them (relight/fit/baked.h).
 *
 * With `exposure` every photo has a factor of its own, the mean of their logarithms being 0.
 * A colour factor between light and albedo cannot be told from photos: relight/protocol.h.
 * The same inputs give the same bytes for any thread count, and a resumed run those of the straight
 * one.  One thread at a time may use a fit; it spreads its work over core/parallel.h.
 * Sources: Hasselgren et al. 2022 (nvdiffrecmc), Gu et al. 2025 (IRGS); docs/relight.md.
 */
#ifndef HL_RELIGHT_FIT_H
#define HL_RELIGHT_FIT_H

#include "core/helio_file.h"
#include "core/json.h"
#include "core/mesh.h"
#include "raster/raster.h"
#include "relight/environment.h"
#include "relight/hybrid.h"

#include <stdbool.h>

/* clang-format off */
/*    type     name              default  least  most    meaning                                 */
#define HL_FIT_FIELDS(X)                                                                          \
    X(int32_t, iterations,       4000,    1,     10000000)                                        \
    X(int32_t, pixels,           1024,    1,     1048576) /* of one photo in a step            */ \
    X(int32_t, samples,          64,      4,     256)     /* 1/4 cosine, 1/4 GGX, 1/2 light    */ \
    X(int32_t, hybrid,           HL_HYBRID_WINDOW, 0, HL_HYBRID_WINDOW)                           \
    X(int32_t, env_height,       64,      1,     1024)    /* rows of the light; twice as wide  */ \
    X(float,   surface,          0.7f,    0,     1)       /* of the iterations: unknowns are at
                                                             the mesh's vertices, then splats;
                                                             none without on_mesh              */ \
    X(bool,    metal,            true,    0,     1)       /* solve for metalness               */ \
    X(float,   metal_from,       0.15f,   0,     1)       /* of the iterations: none before    */ \
    X(bool,    guess,            true,    0,     1)       /* look for a sun before the start   */ \
    X(bool,    indirect,         true,    0,     1)                                               \
    X(bool,    visibility,       true,    0,     1)                                               \
    X(bool,    fixed_light,      false,   0,     1)       /* keep the light that was given     */ \
    X(bool,    exposure,         false,   0,     1)       /* one factor per photo, mean log 0  */ \
    X(float,   window,           3,       0,     1e6)     /* x edge: splats count within this
                                                             of the mesh, where windowed       */ \
    X(float,   lr_albedo,        1.5e-2f, 0,     1)                                               \
    X(float,   lr_roughness,     1e-2f,   0,     1)                                               \
    X(float,   lr_metal,         2e-2f,   0,     1)                                               \
    X(float,   lr_light,         8e-2f,   0,     1)       /* of the logarithm                  */ \
    X(float,   lr_exposure,      2e-2f,   0,     1)       /* of the logarithm                  */ \
    X(float,   lr_end,           0.1f,    0,     1)       /* factor at the end, exponential    */ \
    X(float,   smooth_albedo,    0.05f,   0,     1e3)                                             \
    X(float,   smooth_roughness, 0.1f,    0,     1e3)                                             \
    X(float,   smooth_metal,     0.2f,    0,     1e3)                                             \
    X(float,   light_tv,         2e-3f,   0,     1e3)                                             \
    X(float,   light_white,      1e-2f,   0,     1e3)                                             \
    X(float,   prior_metal,      2e-3f,   0,     1e3)     /* x mean metalness                  */ \
    X(float,   init_roughness,   0.6f,    0.08,  1)                                               \
    X(float,   init_metal,       0.02f,   0,     1)                                               \
    X(float,   init_light,       0.5f,    1e-6,  1e6)     /* radiance                          */ \
    X(float,   freeze_light,     0.9f,    0,     1)       /* of the iterations; then the light
                                                             stays and samples grow fourfold   */ \
    X(int32_t, refine,           0,       0,     10000000) /* steps after the iterations, from
                                                             baked light; none if `forward`    */ \
    X(int32_t, bake_samples,     128,     16,    1024)    /* rays of a baked pixel             */ \
    X(int32_t, bake_pixels,      262144,  1,     67108864) /* at most; 204 bytes each          */ \
    X(float,   lr_refine,        1,       0,     1)       /* of the steps of the materials     */
/* clang-format on */

typedef struct hl_fit_config {
    int64_t seed;
#define X(type, name, value, least, most) type name;
    HL_FIT_FIELDS(X)
#undef X
} hl_fit_config;

void hl_fit_config_init(hl_fit_config *config);
/* HL_E_ARG names the first field that is out of range. */
hl_status hl_fit_config_check(const hl_fit_config *config);
/* Absent keys keep their value; HL_E_FORMAT names a key of the wrong kind or out of range.  `name`
 * stands in messages. */
hl_status hl_fit_config_from_json(hl_fit_config *config, const hl_json *node, const char *name);

/* One row per splat: albedo r g b (linear), roughness, metal. */
enum { HL_FIT_ALBEDO = 0, HL_FIT_ROUGHNESS = 3, HL_FIT_METAL = 4, HL_FIT_CHANNELS = 5 };

/* What to fit.  Borrowed for the life of the fit. */
typedef struct hl_fit_scene {
    const hl_splats *splats;
    const hl_mesh *mesh; /* with normals */
    int32_t view_count;
    const hl_raster_view *views; /* (view_count) */
    const hl_image8 *photos;     /* (view_count) 3 or 4 channels, sRGB, of the size of the view */
    const hl_image *light;       /* NULL: even white; else what the solve starts from */
    const float *materials;      /* (splats, HL_FIT_CHANNELS) to start from; NULL: from colours */
} hl_fit_scene;

typedef struct hl_fit hl_fit;

/* Traces the G-buffers of all views.  Errors: HL_E_ARG (config, sizes, a mesh without normals),
 * HL_E_FORMAT (broken mesh; no pixel of the photos meets it), HL_E_MEMORY, HL_E_BACKEND. */
hl_status hl_fit_create(hl_fit **out, const hl_fit_config *config, const hl_fit_scene *scene,
                        const char *backend, hl_isa isa);
void hl_fit_destroy(hl_fit **out);

hl_status hl_fit_step(hl_fit *fit);
/* Iterations and refinement. */
int32_t hl_fit_steps_in_all(const hl_fit *fit);

/* Called with a path to save to; NULL-able. */
typedef struct hl_fit_events {
    void *ctx;
    hl_status (*save)(void *ctx, const hl_fit *fit);
    int32_t save_every; /* steps; 0: after the last step and on interrupt only */
} hl_fit_events;

/* Steps up to the configured number.  HL_E_INTERRUPT after saving. */
hl_status hl_fit_run(hl_fit *fit, const hl_fit_events *events);

int32_t hl_fit_steps(const hl_fit *fit);
double hl_fit_loss(const hl_fit *fit); /* L1 on sRGB of the last step's pixels */
/* Mean over views of the share of blending weight that hidden splats have: those whose centres lie
 * more than 3 mean edges under the mesh wherever they could be seen (Choi and Yoo 2024).
 *   windowed   with the depth window of the configuration, else as if there were none */
hl_status hl_fit_hidden_ratio(hl_fit *fit, bool windowed, double *ratio);

/* (splats->count, HL_FIT_CHANNELS), owned by the fit. */
const float *hl_fit_materials(const hl_fit *fit);
/* (view_count) factor from radiance to photo; NULL where the configuration has no exposure. */
const float *hl_fit_exposures(const hl_fit *fit);
/* The light as it is now. */
const hl_environment *hl_fit_environment(const hl_fit *fit);

/* Everything a resumed run needs, in a .helio container that relight/scene_file.h reads too.
 * hl_fit_write adds it to a file that gets other parts as well; arrays are borrowed until commit.
 * Load: HL_E_FORMAT where the file belongs
 * to another scene or configuration. */
hl_status hl_fit_write(const hl_fit *fit, hl_helio_writer *writer);
hl_status hl_fit_save(const hl_fit *fit, const char *path);
hl_status hl_fit_load(hl_fit *fit, const char *path);

/* ---- pictures of the result ---------------------------------------------------------------- */

typedef struct hl_fit_maps {
    hl_image albedo;   /* (h, w, 3) linear           */
    hl_image normal;   /* (h, w, 3) unit, world      */
    hl_image rough;    /* (h, w, 3) roughness, metal, 0 */
    hl_image shaded;   /* (h, w, 4) linear radiance, straight alpha: coverage by all splats */
    hl_image admitted; /* (h, w, 1) coverage by the splats of the window, all where none is */
} hl_fit_maps;

void hl_fit_maps_release(hl_fit_maps *maps);

/* Light from one map that the whole scene is seen under: bounces are solved once. */
typedef struct hl_fit_relight hl_fit_relight;

/* env: borrowed.  albedo_scale (3): on all albedo, clamped to 1. */
hl_status hl_fit_relight_create(hl_fit_relight **out, hl_fit *fit, const hl_environment *env,
                                const float albedo_scale[3], int32_t samples);
/* Passes of the edge-stopping filter over the pictures (relight/shade.h), 0..8; 0 at first. */
void hl_fit_relight_denoise(hl_fit_relight *relight, int32_t levels);
void hl_fit_relight_destroy(hl_fit_relight **out);
hl_status hl_fit_relight_view(hl_fit_relight *relight, const hl_raster_view *view,
                              hl_fit_maps *maps);

#endif /* HL_RELIGHT_FIT_H */
