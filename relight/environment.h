/* SPDX-License-Identifier: MIT */
/* relight/environment.h -- light from far away: an equirectangular map of radiance.
 *
 * A unit direction d in the frame of the map reads u = 0.5 - atan2(d.y, d.x) / 2 pi and
 * v = 0.5 - asin(d.z) / pi, both from the top left: z is up, the middle column looks along +x.
 * Radiance is constant over a texel; texels are drawn in proportion to their largest channel times
 * their exact solid angle and evenly within, so that the density is exact and integrates to 1.  The
 * draw inverts the sums over rows and along a row (Pharr et al., Physically Based Rendering, 4th
 * ed., A.5.6) and so keeps the evenness of its two numbers: a sun that has half of the light gets
 * half of any even set of draws.  An alias table shuffles them, and at 256 draws doubles the noise.
 */
#ifndef HL_RELIGHT_ENVIRONMENT_H
#define HL_RELIGHT_ENVIRONMENT_H

#include "core/image.h"
#include "core/rng.h"

#include <stdbool.h>

typedef struct hl_environment {
    int32_t width, height;
    float *radiance;         /* (height, width, 3) linear Rec.709, >= 0, owned              */
    float *pdf;              /* (height, width) per steradian, owned                        */
    double *columns;         /* (height, width) share of the row up to each texel, owned    */
    double *rows;            /* (height) share of the map up to each row, owned             */
    float env_from_world[9]; /* rotation, row-major                                         */
} hl_environment;

/* From a picture of 1, 3 or 4 channels (alpha is left out).  Negative values become 0.
 * HL_E_FORMAT for a texel that is no finite number, HL_E_MEMORY. */
hl_status hl_environment_create(hl_environment *env, const hl_image *image);

/* The sampling tables anew, after `radiance` was written to (>= 0 and finite). */
void hl_environment_refresh(hl_environment *env);

/* Even light from everywhere. */
hl_status hl_environment_create_constant(hl_environment *env, const float rgb[3]);

/* .hdr or .exr; anything else is HL_E_FORMAT.  Errors name the file. */
hl_status hl_environment_load(hl_environment *env, const char *path);
void hl_environment_release(hl_environment *env);

/* Two unit directions across the unit vector z, a right-handed frame x, y, z; x stays close to the
 * world's first axis, or to its second where z runs along the first. */
void hl_environment_axes(const double z[3], double x[3], double y[3]);

/* Which way the map stands: its z axis along `up` (any length, not 0), then turned by `degrees`
 * counter-clockwise about it as seen from above.  (0, 0, 1) and 0 leave the map as it is. */
void hl_environment_orient(hl_environment *env, const float up[3], double degrees);

/* d: unit, world.  rgb (3): out. */
void hl_environment_radiance(const hl_environment *env, const float d[3], float rgb[3]);

/* Density with which hl_environment_sample draws d, per steradian. */
float hl_environment_pdf(const hl_environment *env, const float d[3]);

/* Index of the texel that d reads: row * width + column. */
int64_t hl_environment_texel(const hl_environment *env, const float d[3]);

/* u (2): in [0, 1), even in the square (hl_sample_square).  d (3), *pdf: out. */
void hl_environment_sample(const hl_environment *env, const float u[2], float d[3], float *pdf);

/* Irradiance over pi as 9 real spherical harmonics in world axes (Ramamoorthi, Hanrahan 2001):
 * sum_k sh[c][k] B_k(n) is what a white Lambertian with normal n shows, unshadowed. */
void hl_environment_irradiance_sh(const hl_environment *env, float sh[3][9]);

#endif /* HL_RELIGHT_ENVIRONMENT_H */
