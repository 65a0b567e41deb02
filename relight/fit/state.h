/* SPDX-License-Identifier: MIT */
/* relight/fit/state.h -- inside of hl_fit, for the files of this folder. */
#ifndef HL_RELIGHT_FIT_STATE_H
#define HL_RELIGHT_FIT_STATE_H

#include "relight/fit.h"
#include "relight/fit/baked.h"
#include "relight/fit/estimate.h"
#include "relight/irradiance.h"

#define HL_FIT_LOG_MOST    11.0f /* bound of the logarithm of the light             */
#define HL_FIT_EDGE_GAIN   10.0f /* colours .1 apart let smoothness fall to 1/e     */
#define HL_FIT_LEAST_ALPHA 0.5f  /* pixels that the splats cover less give no gradient */

enum {
    HL_FIT_BLOCK = 32,  /* pixels of one block of shading       */
    HL_FIT_OPAQUE = 250 /* alpha of a photo from which it counts */
};

/* Where the primary rays of a view meet the mesh. */
typedef struct hl_fit_view {
    hl_hit *hit;    /* (height, width); HL_HIT_NONE */
    int32_t *pixel; /* (pixel_count) opaque in the photo and on the mesh */
    int32_t pixel_count;
    int32_t *splat; /* (splat_count) that the view shows; per_splat alone */
    int32_t splat_count;
} hl_fit_view;

/* Indirect light of a set of materials: what leaves every vertex of the mesh. */
typedef struct hl_fit_bounces {
    hl_mesh mesh; /* arrays of the scene's, but its own albedo and metal */
    hl_vertex_light *light;
    float *radiance; /* (vertices, 3) (1 - m) a E / pi */
} hl_fit_bounces;

/* A parameter array with its moments. */
typedef struct hl_fit_adam {
    int32_t count;
    float *p, *m, *v, *g; /* (count) */
} hl_fit_adam;

/* Materials of so many places. */
typedef struct hl_fit_set {
    hl_fit_adam albedo, roughness, metal;
} hl_fit_set;

/* Two vertices of an edge, and how much they should look alike. */
typedef struct hl_fit_pair {
    int32_t a, b;
    float weight;
} hl_fit_pair;

/* A point of a triangle. */
typedef struct hl_fit_corner {
    int32_t vertex[3];
    float weight[3];
} hl_fit_corner;

/* The photo's pixel that a point should look like, times `gain`; `share` of the loss. */
typedef struct hl_fit_target {
    const hl_image8 *photo;
    int32_t pixel;
    float share, gain;
} hl_fit_target;

/* A factor per photo (fit_exposure.c); all NULL without. */
typedef struct hl_fit_exposure {
    hl_fit_adam log;     /* (views)                                    */
    float *gain;         /* (views) its exponential                    */
    int32_t *pixel_view; /* (pixels) photo of each pixel of a step ... */
    float *pixel_grad;   /* ... and its gradient to the logarithm      */
} hl_fit_exposure;

struct hl_fit {
    hl_fit_config c;
    hl_fit_scene scene;
    int32_t step;
    double loss;
    const hl_hybrid_rules *rules;
    hl_raster *raster;
    hl_splats splats; /* scene.splats: the rasterizer knows them by this address */
    hl_bvh bvh;
    float edge;   /* mean edge of the mesh: the unit of windows and offsets */
    float offset; /* of ray origins                                         */
    float reach;  /* of the window around the mesh, 0: none                 */
    bool known;   /* the start has a sun: the light moves slowly            */
    hl_fit_view *view;
    hl_fit_exposure exposure;
    hl_fit_bounces bounces;
    int32_t *vertex_splat; /* (vertices) the nearest */
    hl_environment env;
    hl_fit_set of_splats, of_vertices;
    hl_fit_adam light; /* logarithm, (texels, 3)                                          */
    float *table;      /* (texels, 3) that which the sampling tables were made of         */
    float *features;   /* (splats, HL_FIT_CHANNELS) */
    float *feature_grad;
    float *window;       /* (2, height, width) of the largest view */
    float *plane_grad;   /* (HL_FIT_CHANNELS, rows * stride) of the largest frame */
    size_t plane_floats; /* room of one of them */
    float *block_light;  /* (blocks, texels, 3) */
    double *block_loss;  /* (blocks) */
    float *pixel_grad;   /* (pixels, HL_FIT_CHANNELS) */
    int32_t *pixel_at;   /* (pixels) index of the picture */
    /* fit_surface.c; NULL and 0 where there is no such stage */
    float *vertex_features;      /* (vertices, HL_FIT_CHANNELS) */
    hl_fit_corner *pixel_vertex; /* (pixels)                    */
    hl_fit_pair *pair;           /* (pair_count)                */
    int32_t pair_count;
    int32_t *splat_vertex;          /* (splats) the nearest                                     */
    int32_t *splat_share;           /* (splats) how many vertices have the splat as the nearest */
    struct hl_fit_forward *forward; /* fit_forward.c; NULL but where splats are lit one by one */
    struct hl_fit_refine *refine;   /* fit_refine.c; NULL before its first step */
};

/* fit_gbuffer.c */
hl_status hl_fit_trace_views(hl_fit *fit);
void hl_fit_trace(const hl_bvh *bvh, const hl_raster_view *view, hl_hit *hit);
/* Unit direction through the centre of pixel i, world; eye (3). */
void hl_fit_pixel_ray(const hl_raster_view *view, int32_t i, float eye[3], float d[3]);
/* Position, both normals (on the side of the eye), eye direction. */
void hl_fit_point_at(const hl_mesh *mesh, const hl_raster_view *view, int32_t i, const hl_hit *hit,
                     hl_estimate_point *point);
/* Where the mesh is missed or not asked: blended depth and normal of the splats at place `at` of
 * the frame, whose coverage there is alpha > 0. */
void hl_fit_point_blended(const hl_raster_frame *frame, const hl_raster_view *view, int32_t i,
                          size_t at, float alpha, hl_estimate_point *point);
/* window (2, height, width) around the mesh, all depths where it is not. */
void hl_fit_window(const hl_mesh *mesh, const hl_raster_view *view, const hl_hit *hit, float reach,
                   float *window);

/* fit_nearest.c: index (count): for each of `points` (count, 3) the nearest of `targets`. */
hl_status hl_fit_nearest(const float *points, int32_t count, const float *targets,
                         int32_t target_count, int32_t *index);

/* fit_shade.c: one step's pixels -> plane_grad, light.g, loss. */
void hl_fit_shade(hl_fit *fit, int32_t view, const hl_raster_frame *frame);
/* One point: its loss.  out (HL_FIT_CHANNELS) is set, *log_gain too (the gradient to the logarithm
 * of the gain), env_grad (texels, 3) is added to. */
double hl_fit_shade_point(const hl_estimate_scene *scene, const hl_estimate_point *p, hl_rng *rng,
                          const hl_fit_target *t, float *out, float *log_gain, float *env_grad);
/* shade(ctx, k, env_grad) for k < count, in blocks -> loss, light.g. */
void hl_fit_shade_pixels(hl_fit *fit, int32_t count,
                         double (*shade)(const void *ctx, int32_t k, float *env_grad),
                         const void *ctx);

/* The blended materials of pixel `at` of the frame, divided by its alpha, which is returned. */
float hl_fit_read_surface(const hl_raster_frame *frame, size_t at, hl_surface *surface);
/* L1 on sRGB of one channel; its slope into *d. */
float hl_fit_channel_loss(float radiance, float target, float *d);

/* fit_forward.c: the step of splats that are lit one by one (hl_hybrid_rules per_splat). */
hl_status hl_fit_forward_create(hl_fit *fit);
void hl_fit_forward_release(hl_fit *fit);
hl_status hl_fit_forward_step(hl_fit *fit, int32_t view);

/* fit_start.c: a sun where the photos say so, and the albedo that follows. */
hl_status hl_fit_guess(hl_fit *fit);

/* fit_surface.c: the stage before the splats. */
int32_t hl_fit_surface_steps(const hl_fit *fit);
hl_status hl_fit_surface_create(hl_fit *fit);
void hl_fit_surface_release(hl_fit *fit);
void hl_fit_surface_step(hl_fit *fit);        /* gradients of of_vertices and the light */
void hl_fit_surface_smooth(hl_fit *fit);      /* its prior, of one in four edges a step */
hl_status hl_fit_surface_spread(hl_fit *fit); /* of_vertices -> of_splats */

/* fit_refine.c: after the iterations, from baked light. */
hl_status hl_fit_refine_step(hl_fit *fit);
/* What `samples` rays find at the point, whose normal alone is read of its surface. */
void hl_fit_bake_point(const hl_estimate_scene *scene, const hl_estimate_point *point,
                       int32_t samples, hl_rng *rng, hl_baked *out);
void hl_fit_refine_release(hl_fit *fit);

/* fit_prior.c: added to plane_grad, to light.g, to the set's gradients. */
void hl_fit_smooth(hl_fit *fit, int32_t view, const hl_raster_frame *frame);
void hl_fit_light_prior(hl_fit *fit);
void hl_fit_metal_prior(const hl_fit *fit, hl_fit_set *set);

/* fit_exposure.c.  Without exposure: gains of 1, and the rest does nothing.
 *   target_of  of pixel k of the step, one of `count`, in photo `view`
 *   keep       its gradient to the logarithm of the gain
 *   step       from the gradients of all pixels, in order
 *   apply      logarithms -> gains */
hl_status hl_fit_exposure_create(hl_fit *fit);
void hl_fit_exposure_release(hl_fit *fit);
hl_fit_target hl_fit_target_of(const hl_fit *fit, int32_t k, int32_t view, int32_t pixel,
                               int32_t count);
void hl_fit_exposure_keep(const hl_fit *fit, int32_t k, float log_gain);
void hl_fit_exposure_step(hl_fit *fit, float lr, int32_t n);
void hl_fit_exposure_apply(hl_fit *fit);

/* fit_run.c */
hl_status hl_fit_adam_create(hl_fit_adam *a, int32_t count);
void hl_fit_adam_release(hl_fit_adam *a);
hl_status hl_fit_set_create(hl_fit_set *set, int32_t count);
void hl_fit_set_release(hl_fit_set *set);
void hl_fit_set_clear(hl_fit_set *set); /* gradients */
void hl_fit_set_gather(const hl_fit_set *set, float *features);
hl_status hl_fit_gather_features(hl_fit *fit);
void hl_fit_refresh_light(hl_fit *fit, bool tables);
/* Photo of this step, one with pixels that count. */
int32_t hl_fit_next_view(const hl_fit *fit);
/* The splats' materials, blended in view k; the gradient of that, from plane_grad, which starts as
 * 0. */
hl_status hl_fit_draw(hl_fit *fit, int32_t k, hl_raster_frame *frame);
hl_status hl_fit_draw_bwd(hl_fit *fit, const hl_raster_frame *frame);
/* Step n of Adam; rates are factors of those of the configuration. */
typedef struct hl_fit_rates {
    float albedo, others;
    bool metal;
} hl_fit_rates;
void hl_fit_move(hl_fit *fit, hl_fit_set *set, const hl_fit_rates *rates, int32_t n);
/* fit_bounces.c: traces on first use.  features (n, HL_FIT_CHANNELS): row index[v] is that of
 * vertex v, row v where index is NULL. */
hl_status hl_fit_bounces_solve(const hl_fit *fit, hl_fit_bounces *bounces,
                               const hl_environment *env, const float *features,
                               const int32_t *index);
hl_status hl_fit_bounces_room(const hl_fit *fit, hl_fit_bounces *bounces);
void hl_fit_bounces_release(hl_fit_bounces *bounces);

hl_estimate_scene hl_fit_estimate_scene(const hl_fit *fit, int32_t samples);
void hl_fit_split_samples(hl_estimate_scene *s, int32_t samples);

#endif /* HL_RELIGHT_FIT_STATE_H */
