/* SPDX-License-Identifier: MIT */
/* viewer/renderer.h -- one picture of a scene, on a Vulkan device or on the processor: the door of
 * this folder for headless work.  Knows nothing of windows; includes nothing of Vulkan.
 *
 *   hl_renderer_create -> hl_renderer_set_splats -> { hl_renderer_draw -> hl_renderer_read } ...
 *
 * Tiers: T0 the CPU rasterizer, T1 a Vulkan 1.3 device.  A missing device or a device lost while
 * drawing is one log line and the CPU from then on, unless the raster path was asked for by name.
 * A renderer belongs to one thread at a time.
 */
#ifndef HL_VIEWER_RENDERER_H
#define HL_VIEWER_RENDERER_H

#include "core/image.h"
#include "core/mesh.h"
#include "raster/raster.h"
#include "relight/environment.h"
#include "relight/hybrid.h"
#include "relight/lights.h"

typedef enum hl_raster_path {
    HL_RASTER_AUTO,  /* what a probe at the start finds fastest     */
    HL_RASTER_QUADS, /* Vulkan, one blended rectangle per splat     */
    HL_RASTER_TILES, /* Vulkan, compute by tiles of 16 x 16 pixels  */
    HL_RASTER_CPU    /* the rasterizer of raster/, as in training   */
} hl_raster_path;

typedef struct hl_renderer_params {
    hl_raster_path path;
    const char *device; /* part of the name of a Vulkan device; NULL: the best       */
    bool settle;        /* pictures wait for the light that is solved beside them    */
    bool validate;      /* with the validation layer; HL_E_BACKEND where it is absent */
} hl_renderer_params;

/* What of the scene is seen.  The processor draws all of it by name or without a device, there
 * with rays for the shadows of meshes and stand-ins, and maps for those of other splats. */
typedef enum hl_show {
    HL_SHOW_COLOR,     /* what was trained, in sRGB                    */
    HL_SHOW_LIT,       /* the materials under the environment and sun  */
    HL_SHOW_ALBEDO,    /* sRGB                                         */
    HL_SHOW_NORMAL,    /* world axes, 0.5 n + 0.5                      */
    HL_SHOW_ROUGHNESS, /* perceptual                                   */
    HL_SHOW_METAL,     /*                                              */
    HL_SHOW_DEPTH,     /* near is light; half bright at depth_half     */
    HL_SHOW_ALPHA,     /* coverage                                     */
    HL_SHOW_LIGHT,     /* lit, with all materials grey and rough       */
    HL_SHOW_DIRECT,    /* lit, without light from other surfaces       */
    HL_SHOW_INDIRECT,  /* that light alone                             */
    HL_SHOW_COUNT
} hl_show;

/* Light is needed for it. */
bool hl_show_is_lit(hl_show show);

/* Curves from light to display. */
typedef enum hl_tone { HL_TONE_NONE, HL_TONE_REINHARD, HL_TONE_ACES, HL_TONE_NEUTRAL } hl_tone;

enum { HL_LOOK_LIGHTS = 16 };

/* How a scene is looked at. */
typedef struct hl_look {
    float background[3]; /* sRGB                                  */
    int32_t sh_degree;   /* bands shown at most, 0..3             */
    float splat_scale;   /* of every standard deviation, 0.01..10 */
    bool antialiased;    /* as in hl_raster_options               */
    hl_show show;
    float roughness, metal; /* of splats without materials, 0..1  */
    float exposure;         /* stops, -20..20                     */
    hl_tone tone;
    bool sky;        /* the environment behind the scene   */
    float turn;      /* of the environment, degrees        */
    float up[3];     /* of the environment, world          */
    float intensity; /* of the environment, factor >= 0    */
    bool baked;      /* shadows of the sky, and bounces: of meshes, and of splats with a stand-in */
    hl_hybrid hybrid; /* with a stand-in: whose place, normal and splats are lit, as helio relight
                         does it; forward: as deferred */
    float depth_half; /* scene units                        */
    int32_t light_count;
    hl_light lights[HL_LOOK_LIGHTS]; /* (light_count) suns and points, world */
} hl_look;

/* clang-format off */
#define HL_LOOK_DEFAULTS                                                              \
    {.sh_degree = 3, .splat_scale = 1.0f, .roughness = 0.6f, .tone = HL_TONE_NEUTRAL, \
     .up = {0, -1, 0}, .intensity = 1.0f, .baked = true, .hybrid = HL_HYBRID_WINDOW,  \
     .depth_half = 1.0f}
/* clang-format on */

typedef struct hl_pass_time {
    const char *name;
    double ms;
} hl_pass_time;

typedef struct hl_renderer_stats {
    hl_raster_path path; /* in use; never HL_RASTER_AUTO      */
    char device[256];    /* its name, or the instruction set  */
    char reason[256];    /* why this path                     */
    int32_t splats;
    double draw_ms;       /* wall time of the last draw        */
    uint64_t splat_bytes; /* held for splats on the device     */
    uint64_t tile_bytes;  /* and for the lists of the tiles     */
    int32_t messages;     /* of the validation layer           */
    char message[512];    /* the first of them                 */
    int32_t pass_count;
    hl_pass_time passes[32]; /* (pass_count) of the last frame   */
} hl_renderer_stats;

typedef struct hl_renderer hl_renderer;

/* Errors: HL_E_BACKEND (a path asked for by name that is not to be had), HL_E_MEMORY. */
hl_status hl_renderer_create(hl_renderer **out, const hl_renderer_params *params);
void hl_renderer_destroy(hl_renderer **renderer);

/* The scene from now on; *splats must stay as they are until the next call or the end. */
hl_status hl_renderer_set_splats(hl_renderer *renderer, const hl_splats *splats);

/* A mesh among the splats from now on, seen in all but the colour; it must have normals, and stay
 * as it is until the next call or the end.  NULL: none.  HL_E_BACKEND where it is too large for
 * the device, HL_E_ARG, HL_E_MEMORY. */
hl_status hl_renderer_set_mesh(hl_renderer *renderer, const hl_mesh *mesh);

/* A mesh that is not seen: where the splats' surfaces are, for light.  It casts their shadows, and
 * what reaches it of the environment and of other surfaces is carried over to them.  With normals;
 * borrowed as above; NULL: none.  HL_E_MEMORY. */
hl_status hl_renderer_set_stand_in(hl_renderer *renderer, const hl_mesh *mesh);

/* Materials of the splats, (count, HL_GBUFFER_CHANNELS), for splats of that count; borrowed as
 * above. NULL: their mean colour, and roughness and metal of the look. */
void hl_renderer_set_materials(hl_renderer *renderer, const float *materials, int32_t count);

/* Shadows of the sky and bounces are solved in a thread of their own: the next picture will show a
 * result that the last one did not. */
bool hl_renderer_has_news(hl_renderer *renderer);

/* Waits until what the last picture asked for is there. */
void hl_renderer_settle(hl_renderer *renderer);

/* The light from far away from now on; copied.  Without one everything is lit evenly by white.
 * HL_E_BACKEND (the device), HL_E_MEMORY. */
hl_status hl_renderer_set_environment(hl_renderer *renderer, const hl_environment *environment);

/* Draws one picture of view->width x view->height pixels.
 * Errors: HL_E_ARG (sizes), HL_E_MEMORY, HL_E_BACKEND. */
hl_status hl_renderer_draw(hl_renderer *renderer, const hl_raster_view *view, const hl_look *look);

/* The last picture, sRGB, 3 channels; owned by the caller. */
hl_status hl_renderer_read(hl_renderer *renderer, hl_image8 *out);

/* Draws, and gives what is shown as numbers instead of a picture: colour and light linear, without
 * tone curve, over the background, with the coverage as a fourth channel; albedo linear; normals in
 * world axes; roughness, metal, depth along z and coverage in one channel.  Owned by the caller. */
hl_status hl_renderer_numbers(hl_renderer *renderer, const hl_raster_view *view,
                              const hl_look *look, hl_image *out);

/* What is seen in a pixel. */
typedef struct hl_seen {
    int32_t splat; /* with the greatest weight, -1: none                               */
    float median;  /* depth along z where half of the light is gone, 0: that never is so */
} hl_seen;

/* Draws the colour by tiles, on the device, and tells every pixel's splat and median depth: out
 * (height, width).  HL_E_BACKEND without a device that can. */
hl_status hl_renderer_seen(hl_renderer *renderer, const hl_raster_view *view, const hl_look *look,
                           hl_seen *out);

void hl_renderer_stats_read(const hl_renderer *renderer, hl_renderer_stats *out);

/* "color", "lit", "albedo", ... */
const char *hl_show_name(hl_show show);

/* "auto", "quads", "tiles", "cpu". */
const char *hl_raster_path_name(hl_raster_path path);

/* What Vulkan offers here: name and version of the best device, or why there is none (then false).
 * For helio doctor. */
bool hl_renderer_describe_vulkan(char *out, size_t capacity);

/* Test seam: the device is lost from now on. */
void hl_renderer_lose_device(hl_renderer *renderer);

#endif /* HL_VIEWER_RENDERER_H */
