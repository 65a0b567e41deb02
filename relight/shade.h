/* SPDX-License-Identifier: MIT */
/* relight/shade.h -- deferred relighting: a picture of surfaces in, the same under a light out.
 *
 *   L_o(x, o) = int f(x, o, i) [ V L_env(i) + (1 - V) L(y, -i) ] (n.i)+ di + lamps,  y = mesh hit
 *
 * Per pixel a quarter of the samples follow the cosine, a quarter the visible GGX normals, half
 * the environment, weighted by the balance heuristic (Veach 1997); lamps by next-event estimation.
 * L(y, w) is (1 - m) a E(y) / pi from the irradiance store and, drawn with the chance of its
 * Fresnel reflectance, one more reflection that sees environment or diffuse light.  Both sides of
 * a triangle reflect; the back sends no diffuse light.  Random numbers
 * belong to the pixel: the same bytes for any thread count.
 *
 * Diffuse light is kept without its albedo, so that noise can be filtered and texture cannot:
 * hl_shade_denoise is the edge-stopping a-trous filter (Dammertz et al. 2010) with the stop in
 * luminance tied to the measured variance (Schied et al. 2017).
 */
#ifndef HL_RELIGHT_SHADE_H
#define HL_RELIGHT_SHADE_H

#include "relight/irradiance.h"

/* Surfaces of a picture, row by row: every array (height * width, ...), borrowed. */
typedef struct hl_shade_input {
    int32_t width, height;
    const float *position; /* (n, 3) world                                                     */
    const float *normal;   /* (n, 3) unit, world                                               */
    const float *albedo;   /* (n, 3) linear                                                    */
    const float *roughness;
    const float *metal;
    const float *alpha; /* coverage in [0, 1]; pixels with 0 are left out                      */
    float eye[3];       /* world                                                               */
} hl_shade_input;

typedef struct hl_shade_options {
    int32_t samples;     /* per pixel, 4..65536, a multiple of 4; 0: 64                        */
    hl_brdf_model model; /*                                                                    */
    const hl_irradiance *indirect; /* NULL: what is hit is black                               */
    float clamp; /* largest radiance of a second reflection; 0: 50                            */
    float snap;  /* length: rays start on the mesh where it lies this close to the pixel along
                    the view ray; 0: always at the pixel's own position                        */
    uint64_t seed;
} hl_shade_options;

/* Light of the lobes apart.  Diffuse parts are to be multiplied by (1 - metal) albedo. */
typedef enum hl_shade_part {
    HL_SHADE_DIFFUSE_DIRECT,
    HL_SHADE_DIFFUSE_INDIRECT,
    HL_SHADE_SPECULAR_DIRECT,
    HL_SHADE_SPECULAR_INDIRECT,
    HL_SHADE_PARTS
} hl_shade_part;

typedef struct hl_shade_result {
    int32_t width, height;
    float *part[HL_SHADE_PARTS];     /* (n, 3) linear radiance, owned                          */
    float *variance[HL_SHADE_PARTS]; /* (n) of the mean's luminance, owned                     */
    float *shadow; /* (n) share of the light towards the surface that arrives, [0, 1], owned    */
} hl_shade_result;

/* Errors: HL_E_ARG (options, sizes), HL_E_MEMORY, HL_E_INTERRUPT.  *result is then untouched. */
hl_status hl_shade(hl_shade_result *result, const hl_light_scene *scene,
                   const hl_shade_input *input, const hl_shade_options *options);
void hl_shade_release(hl_shade_result *result);

/* Zeroed parts of a size.  HL_E_MEMORY; *result is then empty. */
hl_status hl_shade_result_create(hl_shade_result *result, int32_t width, int32_t height);

/* Filters the four parts in place: `levels` 1..8 passes with growing holes; `scene_unit`: the
 * distance off a pixel's plane at which neighbours stop to count.  HL_E_MEMORY. */
hl_status hl_shade_denoise(hl_shade_result *result, const hl_shade_input *input, int32_t levels,
                           float scene_unit);

enum { HL_SHADE_DIRECT = 1, HL_SHADE_INDIRECT = 2 };

/* The picture: 4 channels, linear radiance and the input's alpha; `which` is a sum of the above.
 * HL_E_MEMORY. */
hl_status hl_shade_compose(hl_image *out, const hl_shade_result *result,
                           const hl_shade_input *input, int which);

#endif /* HL_RELIGHT_SHADE_H */
