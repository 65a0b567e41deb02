/* SPDX-License-Identifier: MIT */
/* datasets/synth/synth_scene.h -- a scene of analytic solids under a sun and a sky, and its light.
 *
 * World frame: right-handed, z up.  Light is linear Rec.709.  The reference shading of a surface
 * with base colour a, metalness m, dielectric reflectance F0 and roughness r (docs/math.md,
 * "Reference shading of synthetic captures"):
 *
 *   L_o = (1 - m) a / pi (E_sun V + E_map) + specular
 *
 * E_sun V is the sun with a traced shadow; E_map is the irradiance of sky and diffuse bounces,
 * gathered once per surface texel with fixed stratified directions and interpolated: noise-free
 * and equal in every view.  The specular lobe is GGX (alpha = r^2) with height-correlated Smith
 * shadowing and Schlick's Fresnel term; the sun enters in closed form, everything else by
 * visible-normal samples along which one ray is traced (diffuse shading at its end, or the sky).
 *
 * This code shares nothing with the relighting module on purpose: the two check each other.
 *
 * Sources: Walter et al. 2007 (GGX); Heitz 2014 (height-correlated Smith), 2018 (visible
 * normals); Schlick 1994.  A scene is immutable after hl_synth_scene_light: then thread-safe.
 */
#ifndef HL_DATASETS_SYNTH_SCENE_H
#define HL_DATASETS_SYNTH_SCENE_H

#include "core/status.h"
#include "datasets/synth/synth_shape.h"
#include "datasets/synth/synth_texture.h"

#define HL_SYNTH_OBJECTS_MAX 32

typedef struct hl_synth_light {
    double sun_dir[3]; /* unit, from the scene towards the sun                        */
    double sun[3];     /* irradiance on a surface that faces the sun                  */
    double sun_radius; /* angular radius, radians; 0: hard shadows                    */
    double zenith[3];  /* radiance straight up                                        */
    double horizon[3]; /* radiance at the horizon                                     */
    double ground[3];  /* radiance straight down                                      */
    double glow;       /* radiance of the bright sky around the sun, in horizon units */
} hl_synth_light;

/* Light map of one chart: nv rows of nu texels. */
typedef struct hl_synth_map_chart {
    int32_t nu, nv;
    int32_t first; /* index of its first texel */
} hl_synth_map_chart;

typedef struct hl_synth_object {
    const char *name;
    hl_synth_shape shape;
    hl_synth_texture texture;
    double roughness; /* 0.05..1                                                 */
    double metallic;  /* 0 or 1                                                  */
    double specular;  /* F0 of the dielectric: 0.04 typical, 0: no lobe at all   */
    double texel;     /* spacing of the light map aimed at; 0: 0.05              */
    hl_synth_map_chart charts[HL_SYNTH_CHARTS_MAX];
} hl_synth_object;

/* Where the cameras stand: on a sphere about `target`, at azimuths from..from+span. */
typedef struct hl_synth_rig {
    double target[3];
    double radius[2];    /* least and greatest                                */
    double elevation[2]; /* radians above the horizon, least and greatest     */
    double azimuth, span;
    double fov; /* radians, across the longer side of the picture      */
} hl_synth_rig;

typedef struct hl_synth_scene {
    hl_synth_object objects[HL_SYNTH_OBJECTS_MAX];
    int32_t count;
    hl_synth_light light;
    hl_synth_rig rig;
    bool alpha; /* pictures carry alpha; nothing stands behind the object */
    int32_t texels;
    float *map; /* (texels, 3) irradiance of sky and bounces, owned; NULL: sun only */
} hl_synth_scene;

typedef struct hl_synth_hit {
    double t;
    double local[3];
    int32_t object; /* -1: none */
} hl_synth_hit;

/* What the ground truth records of a point. */
typedef struct hl_synth_surface {
    double position[3];
    double normal[3]; /* unit, outward */
    double albedo[3]; /* base colour, linear */
    double roughness, metallic, specular;
    int32_t object;
} hl_synth_surface;

/* Radiance of the sky without the sun's disc.  dir (3): unit. */
void hl_synth_sky(const hl_synth_light *light, const double dir[3], double rgb[3]);

/* Nearest surface with t in (t_min, t_max); false, and object -1: none. */
bool hl_synth_scene_hit(const hl_synth_scene *scene, const hl_synth_ray *ray, double t_min,
                        double t_max, hl_synth_hit *hit);

bool hl_synth_scene_blocked(const hl_synth_scene *scene, const hl_synth_ray *ray, double t_min,
                            double t_max);

/* width: side of a pixel across the ray at the hit; the texture is filtered to it. */
void hl_synth_scene_surface(const hl_synth_scene *scene, const hl_synth_ray *ray,
                            const hl_synth_hit *hit, double width, hl_synth_surface *surface);

/* Point i of a sequence in [0, 1)^2 whose first 4^k points fall one into each square of a
 * 2^k x 2^k grid; `set` 0..2 gives three that pair up differently. */
void hl_synth_sample(int32_t i, int32_t set, double uv[2]);

/* Radiance along a ray, and what it met (object -1: the sky, whose radiance is returned).
 *
 *   spread   side of a pixel at distance 1
 *   sample   which of the pixel's samples this is: picks the point on the sun's disc and the
 *            direction within the lobe from hl_synth_sample */
void hl_synth_radiance(const hl_synth_scene *scene, const hl_synth_ray *ray, double spread,
                       int32_t sample, double rgb[3], hl_synth_surface *surface);

/* Gathers the light map: irradiance of the sky and of `bounces` diffuse bounces (0: sky alone).
 * The same bytes for any thread count.  HL_E_MEMORY. */
hl_status hl_synth_scene_light(hl_synth_scene *scene, int32_t bounces);

/* Irradiance of the light map at a surface point (0 where there is no map). */
void hl_synth_scene_irradiance(const hl_synth_scene *scene, const hl_synth_surface *surface,
                               double rgb[3]);

/* Fraction of the sun's disc seen from a point, by the one sample `sample`; 0 or 1. */
bool hl_synth_sun_visible(const hl_synth_scene *scene, const hl_synth_surface *surface,
                          int32_t sample);

void hl_synth_scene_release(hl_synth_scene *scene);

#endif /* HL_DATASETS_SYNTH_SCENE_H */
