/* SPDX-License-Identifier: MIT */
/* datasets/synth/synth_shape.h -- analytic solids: ray intersection, normals, surface charts.
 *
 * Four forms are enough for a still life; each lives in a local frame whose z axis is its axis of
 * symmetry, placed in the world by a rotation and a centre.  All arithmetic is double, so that
 * depth and normals written as ground truth are exact to float precision.
 *
 *   ellipsoid  size = radii along x, y, z
 *   box        size = half sides; rounding = radius of edges and corners (0: sharp)
 *   frustum    size = (radius below, radius above, half height), capped: cylinder and cone too
 *   torus      size = (ring radius, tube radius, -)
 *
 * Everything here is a pure function: thread-safe.
 */
#ifndef HL_DATASETS_SYNTH_SHAPE_H
#define HL_DATASETS_SYNTH_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum hl_synth_form {
    HL_SYNTH_ELLIPSOID,
    HL_SYNTH_BOX,
    HL_SYNTH_FRUSTUM,
    HL_SYNTH_TORUS
} hl_synth_form;

typedef struct hl_synth_shape {
    hl_synth_form form;
    double center[3];
    double axes[9]; /* world_from_local rotation, row-major */
    bool turned;    /* axes are not those of the world      */
    double size[3];
    double rounding;
    double bound; /* radius of a sphere about the centre that holds the shape */
} hl_synth_shape;

/* A ray in the shape's frame; dir (3) is unit, so that t is a length in both frames. */
typedef struct hl_synth_ray {
    double origin[3];
    double dir[3];
} hl_synth_ray;

/* Upright shape (local axes = world axes) with its bound filled in. */
hl_synth_shape hl_synth_shape_make(hl_synth_form form, const double center[3], const double size[3],
                                   double rounding);

/* Turns the shape about world z by `yaw`, after tilting it about its own x by `tilt`, radians. */
void hl_synth_shape_turn(hl_synth_shape *shape, double yaw, double tilt);

void hl_synth_to_local(const hl_synth_shape *shape, const double world[3], double local[3]);
void hl_synth_to_world(const hl_synth_shape *shape, const double local[3], double world[3]);

/* Cheap rejection by the bounding sphere: false where the ray cannot meet the shape between t_min
 * and t_max.  Callers ask it before hl_synth_shape_hit. */
static inline bool hl_synth_shape_near(const hl_synth_shape *shape, const hl_synth_ray *ray,
                                       double t_min, double t_max)
{
    const double x = shape->center[0] - ray->origin[0], y = shape->center[1] - ray->origin[1],
                 z = shape->center[2] - ray->origin[2], bound = shape->bound;
    const double along = x * ray->dir[0] + y * ray->dir[1] + z * ray->dir[2];
    const double off = x * x + y * y + z * z - along * along;
    return off <= bound * bound && along + bound > t_min && along - bound < t_max;
}

/* Nearest crossing of the surface with t in (t_min, t_max), from outside or inside; false: none.
 * Closed form for ellipsoid, sharp box and frustum; sphere tracing ended by Newton's method for
 * the others, |f| below 1e-10 at the result. */
bool hl_synth_shape_hit(const hl_synth_shape *shape, const hl_synth_ray *world, double t_min,
                        double t_max, double *t);

/* local (3): a point on the surface.  normal (3): out, unit, outward, local frame. */
void hl_synth_shape_normal(const hl_synth_shape *shape, const double local[3], double normal[3]);

/* Charts: the surface as 1..6 squares, for light maps and for textures that follow it.
 *
 *   ellipsoid  1  u = longitude (wraps), v = latitude
 *   box        6  one per face, u along x (y on the x faces), v along z (y on the z faces)
 *   frustum    3  0 the side, u = longitude (wraps); 1 the lower, 2 the upper cap
 *   torus      1  u around the ring, v around the tube (both wrap)
 */
#define HL_SYNTH_CHARTS_MAX 6

typedef struct hl_synth_chart {
    int32_t index;
    double u, v; /* [0, 1] */
} hl_synth_chart;

int32_t hl_synth_chart_count(const hl_synth_shape *shape);

/* Extent of a chart along u and v, scene units (the longest, where it varies). */
void hl_synth_chart_extent(const hl_synth_shape *shape, int32_t index, double extent[2]);

bool hl_synth_chart_wraps_u(const hl_synth_shape *shape, int32_t index);
bool hl_synth_chart_wraps_v(const hl_synth_shape *shape, int32_t index);

/* Where a surface point (local frame) lies. */
hl_synth_chart hl_synth_chart_of(const hl_synth_shape *shape, const double local[3]);

/* The inverse: a surface point (local frame).  Rounded boxes: found by a ray along the face's
 * axis, so that u and v are the coordinates across the face. */
void hl_synth_chart_point(const hl_synth_shape *shape, const hl_synth_chart *chart,
                          double local[3]);

#endif /* HL_DATASETS_SYNTH_SHAPE_H */
