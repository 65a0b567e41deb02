/* SPDX-License-Identifier: MIT */
/* The .splat format: 32 bytes a splat, no header, no SH above degree 0 (antimatter15/splat).
 *
 *   0 f32 x y z   12 f32 linear scale x 3   24 u8 r g b alpha   28 u8 quaternion w x y z
 */
#include "core/io/bytes.h"
#include "core/io/splat_formats.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

enum { ROW_BYTES = 32, SAMPLES = 256 };

/* Linear scales at or below this become this; ln 1e-9. */
static const float LOG_SCALE_MIN = -20.723266f;

/* Positions and scales beyond this in every tenth row mean that the bytes are something else. */
static const float PLAUSIBLE_MAX = 1e8f;

static bool row_is_plausible(const unsigned char *row)
{
    for (int k = 0; k < 6; k++) {
        const float v = hl_le_f32(row + 4 * k);
        const bool tiny = fpclassify(v) == FP_SUBNORMAL;
        if (!(fabsf(v) < PLAUSIBLE_MAX) || tiny || (k >= 3 && v < 0))
            return false;
    }
    return true;
}

bool hl_splat_is_plausible(const hl_splat_source *source)
{
    const size_t rows = source->size / ROW_BYTES;
    if (!rows || source->size % ROW_BYTES)
        return false;
    const size_t step = rows > SAMPLES ? rows / SAMPLES : 1;
    size_t good = 0, tried = 0;
    for (size_t row = 0; row < rows; row += step, tried++)
        good += row_is_plausible(source->bytes + ROW_BYTES * row);
    return good >= tried - tried / 10;
}

static void load_row(const unsigned char *p, hl_splats *s, size_t i)
{
    const hl_splat_row row = hl_splat_row_at(s, i);
    for (int k = 0; k < 3; k++) {
        const float scale = hl_le_f32(p + 12 + 4 * k);
        row.mean[k] = hl_le_f32(p + 4 * k);
        row.log_scale[k] = scale <= 0 ? LOG_SCALE_MIN : logf(scale);
        row.sh[HL_SH_COEFFS_MAX * k] = ((float)p[24 + k] / 255 - 0.5f) / HL_SH_C0;
    }
    *row.logit_opa = hl_splat_logit_of_byte(p[27]);
    for (int k = 0; k < 4; k++)
        row.quat[k] = ((float)p[28 + k] - 128) / 128;
}

hl_status hl_splat_read(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                        hl_splat_info *info)
{
    if (source->size % ROW_BYTES)
        return hl_fail(HL_E_FORMAT, "%s: %zu bytes, a .splat file has a multiple of %d",
                       source->name, source->size, ROW_BYTES);
    if (!hl_splat_is_plausible(source))
        return hl_fail(HL_E_FORMAT, "%s: the rows are not positions and scales of splats",
                       source->name);
    const size_t rows = source->size / ROW_BYTES;
    HL_TRY(hl_splat_reserve(splats, arena, source, rows));
    info->kind = "splat";
    info->encoding = "raw";
    info->count = (int32_t)rows;
    if (!splats)
        return HL_OK;
    for (size_t i = 0; i < rows; i++)
        load_row(source->bytes + ROW_BYTES * i, splats, i);
    splats->count = (int32_t)rows;
    return HL_OK;
}

/* ---- writing: large opaque splats first, so that a partly loaded file shows the scene ---- */

typedef struct rank {
    double weight; /* ln(volume x opacity), up to a constant */
    int32_t index;
} rank;

static int by_weight(const void *a, const void *b)
{
    const rank *x = a, *y = b;
    if (x->weight < y->weight || x->weight > y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static void store_row(unsigned char out[ROW_BYTES], const hl_splats *s, size_t i)
{
    const hl_splat_row row = hl_splat_row_at(s, i);
    const float *q = row.quat;
    const float norm = sqrtf(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    for (int k = 0; k < 3; k++) {
        const float dc = row.sh[HL_SH_COEFFS_MAX * k];
        hl_put_le_f32(out + 4 * k, row.mean[k]);
        hl_put_le_f32(out + 12 + 4 * k, expf(row.log_scale[k]));
        out[24 + k] = hl_splat_byte(255 * (0.5f + HL_SH_C0 * dc));
    }
    out[27] = hl_splat_byte_of_logit(*row.logit_opa);
    for (int k = 0; k < 4; k++)
        out[28 + k] = hl_splat_byte(128 * (norm > 0 ? q[k] / norm : (float)(k == 0)) + 128);
}

hl_status hl_splat_write(hl_file_writer *file, const hl_splats *s)
{
    rank *order = hl_alloc((size_t)s->count, sizeof *order);
    if (!order)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < s->count; i++) {
        const float *log_scale = s->log_scale + 3 * (size_t)i;
        const double opacity = log1p(exp(-(double)s->logit_opa[i]));
        const double weight =
            (double)log_scale[0] + (double)log_scale[1] + (double)log_scale[2] - opacity;
        order[i] = (rank){isnan(weight) ? -HUGE_VAL : weight, i};
    }
    qsort(order, (size_t)s->count, sizeof *order, by_weight);
    for (int32_t i = 0; i < s->count; i++) {
        unsigned char row[ROW_BYTES];
        store_row(row, s, (size_t)order[i].index);
        hl_file_write(file, row, sizeof row);
    }
    hl_free(order);
    return HL_OK;
}
