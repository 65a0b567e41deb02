/* SPDX-License-Identifier: MIT */
/* core/splats.h -- the scene: N Gaussians as a struct of arrays.
 *
 * Every field is one contiguous float array of shape (N, components), row-major, in the order of
 * HL_SPLAT_FIELDS.  Allocation, file I/O, Adam state and density control all walk that one table,
 * so a new per-splat quantity is added in exactly one place.
 *
 * Stored values are the optimizer's raw parameters; the activated value is named beside each.
 * Frame: right-handed, +x right, +y down, +z forward (COLMAP).  Length unit: that of the SfM.
 * Source: Kerbl et al. 2023, "3D Gaussian Splatting for Real-Time Radiance Field Rendering".
 */
#ifndef HL_CORE_SPLATS_H
#define HL_CORE_SPLATS_H

#include "core/arena.h"
#include "core/sh.h"

#include <stdbool.h>

/* clang-format off */
/*      name     components                meaning                              */
#define HL_SPLAT_FIELDS(X)                                                      \
    X(mean,      3)                     /* position, world frame             */ \
    X(log_scale, 3)                     /* exp() -> std. deviation per axis  */ \
    X(quat,      4)                     /* w,x,y,z; normalized on use        */ \
    X(logit_opa, 1)                     /* sigmoid() -> opacity in (0, 1)    */ \
    X(sh,        3 * HL_SH_COEFFS_MAX)  /* [rgb][coeff], real SH basis       */
/* clang-format on */

enum {
#define X(name, components) HL_SPLAT_DIM_##name = (components),
    HL_SPLAT_FIELDS(X)
#undef X
};

/* Floats per splat over all fields: 59. */
enum {
    HL_SPLAT_FLOATS = 0
#define X(name, components) +(components)
    HL_SPLAT_FIELDS(X)
#undef X
};

#define HL_SPLATS_CAPACITY_MAX (INT32_MAX / 64)

typedef struct hl_splats {
    int32_t count;     /* live splats, 0 <= count <= capacity            */
    int32_t capacity;  /* rows allocated in every array                  */
    int32_t sh_degree; /* active SH degree, 0..3                         */
    bool antialiased;  /* trained with the 2D mip filter (dilation 0.1)  */
#define X(name, components) float *name;
    HL_SPLAT_FIELDS(X)
#undef X
} hl_splats;

/* Reserves zeroed arrays for `capacity` splats in `arena`, which keeps owning them.
 *
 *   splats     out; count = 0, sh_degree = 0
 *   capacity   1 .. HL_SPLATS_CAPACITY_MAX
 *
 * Errors: HL_E_ARG (capacity out of range), HL_E_MEMORY.  On error *splats is untouched. */
hl_status hl_splats_init(hl_splats *splats, hl_arena *arena, int32_t capacity);

/* Bytes that hl_splats_init takes from an arena for `capacity` splats. */
size_t hl_splats_bytes(int32_t capacity);

/* Copies row `from` of `source` to row `to` of `target`: every field. */
void hl_splats_copy_row(hl_splats *target, int32_t to, const hl_splats *source, int32_t from);

/* Row i of the result is row order[i] of the old arrays, for i < count; `count` becomes the new
 * count.  scratch: capacity * HL_SPLAT_DIM_sh floats at least. */
void hl_splats_gather(hl_splats *splats, const int32_t *order, int32_t count, float *scratch);

#endif /* HL_CORE_SPLATS_H */
