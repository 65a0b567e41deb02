/* SPDX-License-Identifier: MIT */
/* relight/lights.h -- lamps and the sun, drawn for next-event estimation.
 *
 * A sphere is drawn over the cone under which it is seen (Shirley, Wang, Zimmerman 1996), a
 * rectangle over its area, the sun over its disc; points and suns without size are the only
 * direction there is.  Pure functions.
 */
#ifndef HL_RELIGHT_LIGHTS_H
#define HL_RELIGHT_LIGHTS_H

#include "relight/sampling.h"

typedef enum hl_light_kind {
    HL_LIGHT_SUN,
    HL_LIGHT_POINT,
    HL_LIGHT_SPHERE,
    HL_LIGHT_RECTANGLE
} hl_light_kind;

typedef struct hl_light {
    hl_light_kind kind;
    hl_real at[3];     /* point, sphere: centre; rectangle: centre; sun: unit, towards it     */
    hl_real edge_u[3]; /* rectangle: half edges; it shines to the side of edge_u x edge_v     */
    hl_real edge_v[3];
    hl_real radius;   /* sphere: length; sun: sine of the angle of its radius, 0: no size    */
    hl_real color[3]; /* sun: irradiance of a surface that faces it; point: radiant intensity
                         (irradiance at distance 1); sphere, rectangle: radiance             */
} hl_light;

/* Light that arrives at x from one drawn direction, if nothing is in between. */
typedef struct hl_light_sample {
    hl_real direction[3]; /* unit, towards the light                                   */
    hl_real distance;     /* to the light; 1e30: the sun                               */
    hl_real color[3];     /* radiance / density: E[color (n.i)+] is the irradiance     */
} hl_light_sample;

HL_HD int hl_light_sample_directed(const hl_light *l, hl_real height, const hl_real axis[3],
                                   const hl_real u[2], hl_light_sample *out)
{
    hl_sample_cone(axis, height, u[0], u[1], out->direction);
    const hl_real angle = 2 * HL_PI * height; /* steradian */
    for (int c = 0; c < 3; c++)
        out->color[c] = l->color[c] * angle;
    return 1;
}

HL_HD int hl_light_sample_sphere(const hl_light *l, const hl_real to[3], hl_real distance,
                                 const hl_real u[2], hl_light_sample *out)
{
    hl_real axis[3];
    if (distance <= l->radius) /* inside: it would light from everywhere */
        return 0;
    hl_normalize3(to, axis);
    const hl_real height = hl_cone_height(l->radius / distance);
    hl_light_sample_directed(l, height, axis, u, out);
    /* nearer root of |t direction - to| = radius; rounding must not make it imaginary */
    const hl_real along = hl_dot3(out->direction, to);
    const hl_real off = distance * distance - along * along;
    out->distance = along - hl_sqrt(hl_max(0, l->radius * l->radius - off));
    return 1;
}

HL_HD int hl_light_sample_rectangle(const hl_light *l, const hl_real x[3], const hl_real u[2],
                                    hl_light_sample *out)
{
    hl_real to[3], normal[3];
    hl_cross3(l->edge_u, l->edge_v, normal);
    const hl_real quarter = hl_length3(normal); /* a quarter of the area */
    hl_normalize3(normal, normal);
    for (int k = 0; k < 3; k++)
        to[k] = l->at[k] + (2 * u[0] - 1) * l->edge_u[k] + (2 * u[1] - 1) * l->edge_v[k] - x[k];
    out->distance = hl_length3(to);
    if (!(out->distance > 0))
        return 0;
    for (int k = 0; k < 3; k++)
        out->direction[k] = to[k] / out->distance;
    const hl_real cosine = -hl_dot3(out->direction, normal);
    if (!(cosine > 0))
        return 0;
    const hl_real angle = 4 * quarter * cosine / (out->distance * out->distance);
    for (int c = 0; c < 3; c++)
        out->color[c] = l->color[c] * angle;
    return 1;
}

/* u (2) in [0, 1).  Returns 0 where no light comes from there. */
HL_HD int hl_light_sample_at(const hl_light *l, const hl_real x[3], const hl_real u[2],
                             hl_light_sample *out)
{
    hl_real to[3];
    if (l->kind == HL_LIGHT_SUN) {
        const hl_real height = hl_cone_height(l->radius);
        /* Radiance of a disc that gives the irradiance: E / (pi sin^2). */
        hl_light_sample_directed(l, height, l->at, u, out);
        const hl_real sine2 = l->radius * l->radius;
        for (int c = 0; c < 3; c++)
            out->color[c] = sine2 > 0 ? out->color[c] / (HL_PI * sine2) : l->color[c];
        out->distance = (hl_real)1e30;
        return 1;
    }
    if (l->kind == HL_LIGHT_RECTANGLE)
        return hl_light_sample_rectangle(l, x, u, out);
    for (int k = 0; k < 3; k++)
        to[k] = l->at[k] - x[k];
    const hl_real distance = hl_length3(to);
    if (l->kind == HL_LIGHT_SPHERE)
        return hl_light_sample_sphere(l, to, distance, u, out);
    if (!(distance > 0))
        return 0;
    out->distance = distance;
    for (int k = 0; k < 3; k++) {
        out->direction[k] = to[k] / distance;
        out->color[k] = l->color[k] / (distance * distance);
    }
    return 1;
}

#endif /* HL_RELIGHT_LIGHTS_H */
