/* SPDX-License-Identifier: MIT */
/* Scale space and its extrema (Lowe 2004, sections 3 and 4).
 *
 * A blob is refined by the parabola through its 3 x 3 x 3 neighbourhood, offset = -H^-1 g, moving
 * on by a pixel where the offset is above 0.6, and dropped where it lies along an edge:
 * tr^2 / det >= (r + 1)^2 / r of the 2 x 2 Hessian. */
#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/feat/sift.h"

#include <math.h>
#include <string.h>

static const float move_on = 0.6f; /* offset above which the neighbour is nearer */
static const int32_t moves_max = 5;
static const float offset_max = 1.5f; /* extrapolation further out is not trusted   */

typedef struct blur_ctx {
    const hl_sift_blur *job;
    const hl_sift_kernels *kernels;
    float *scratch; /* one row for each thread */
    size_t scratch_row;
} blur_ctx;

static void blur_block(void *ctx, int32_t block, int32_t thread)
{
    const blur_ctx *c = ctx;
    const int32_t first = block * HL_SIFT_ROWS;
    const int32_t last =
        first + HL_SIFT_ROWS < c->job->height ? first + HL_SIFT_ROWS : c->job->height;
    c->kernels->blur(c->job, first, last, c->scratch + (size_t)thread * c->scratch_row);
}

/* Gaussian of `sigma` pixels, cut at four of them. */
static void make_taps(hl_sift_blur *job, double sigma)
{
    job->radius = (int32_t)fmin(ceil(4 * sigma), HL_SIFT_TAPS - 1);
    double tap[HL_SIFT_TAPS], sum = 0;
    for (int32_t k = 0; k <= job->radius; k++) {
        tap[k] = exp(-0.5 * k * k / (sigma * sigma));
        sum += k ? 2 * tap[k] : tap[k];
    }
    for (int32_t k = 0; k <= job->radius; k++)
        job->tap[k] = (float)(tap[k] / sum);
}

static hl_status blur(const hl_sift_octave *octave, const float *in, float *out, double sigma,
                      const hl_sift_kernels *kernels)
{
    hl_sift_blur job = {in, out, octave->width, octave->height, octave->stride, 0, {0}};
    make_taps(&job, sigma);
    blur_ctx ctx = {&job, kernels, NULL, (size_t)octave->stride + 2 * HL_SIFT_MARGIN};
    ctx.scratch = hl_alloc((size_t)hl_parallel_threads(), ctx.scratch_row * sizeof(float));
    if (!ctx.scratch)
        return HL_E_MEMORY;
    hl_parallel_for(hl_block_count(octave->height, HL_SIFT_ROWS), blur_block, &ctx);
    hl_free(ctx.scratch);
    return HL_OK;
}

static hl_status reserve_octave(hl_sift_octave *o, int32_t width, int32_t height, float pixel)
{
    o->width = width;
    o->height = height;
    o->stride = (width + HL_SIFT_GRAIN - 1) / HL_SIFT_GRAIN * HL_SIFT_GRAIN;
    o->pixel = pixel;
    for (int l = 0; l < HL_SIFT_LEVELS; l++) {
        o->level[l] = hl_alloc((size_t)height * (size_t)o->stride, sizeof(float));
        if (!o->level[l])
            return hl_fail_context(HL_E_MEMORY, "scale space of %d x %d pixels", width, height);
    }
    return HL_OK;
}

void hl_sift_octaves_release(hl_sift_octave *octaves)
{
    for (int o = 0; o < HL_SIFT_OCTAVES; o++)
        for (int l = 0; l < HL_SIFT_LEVELS; l++) {
            hl_free(octaves[o].level[l]);
            octaves[o].level[l] = NULL;
        }
}

/* The picture at its own or twice its size; samples 2 i fall on pixel i. */
static void spread(float *out, const hl_sift_octave *o, const float *grey, int32_t width,
                   int32_t height, bool twice)
{
    for (int32_t y = 0; y < o->height; y++) {
        float *row = out + (int64_t)y * o->stride;
        if (!twice) {
            memcpy(row, grey + (int64_t)y * width, (size_t)width * sizeof(float));
        } else {
            const int32_t next = y / 2 + 1 < height ? y / 2 + 1 : height - 1;
            const float *a = grey + (int64_t)(y / 2) * width;
            const float *b = y & 1 ? grey + (int64_t)next * width : a;
            for (int32_t x = 0; x < width; x++)
                row[2 * x] = 0.5f * (a[x] + b[x]);
            for (int32_t x = 0; x < width; x++)
                row[2 * x + 1] = 0.5f * (row[2 * x] + row[x + 1 < width ? 2 * x + 2 : 2 * x]);
        }
        for (int32_t x = o->width; x < o->stride; x++)
            row[x] = row[o->width - 1];
    }
}

static void halve(const hl_sift_octave *from, hl_sift_octave *to)
{
    for (int32_t y = 0; y < to->height; y++) {
        const float *in = from->level[HL_SIFT_SCALES] + (int64_t)(2 * y) * from->stride;
        float *out = to->level[0] + (int64_t)y * to->stride;
        for (int32_t x = 0; x < to->width; x++)
            out[x] = in[2 * x];
        for (int32_t x = to->width; x < to->stride; x++)
            out[x] = out[to->width - 1];
    }
}

static hl_status fill_levels(hl_sift_octave *o, const hl_sift_kernels *kernels)
{
    const double ratio = exp2(1.0 / HL_SIFT_SCALES);
    double sigma = HL_SIFT_SIGMA;
    for (int l = 1; l < HL_SIFT_LEVELS; l++, sigma *= ratio)
        HL_TRY(blur(o, o->level[l - 1], o->level[l], sigma * sqrt(ratio * ratio - 1), kernels));
    return HL_OK;
}

hl_status hl_sift_detect(hl_sift_octave *octaves, int32_t *count, hl_sift_blobs *blobs,
                         const float *grey, int32_t width, int32_t height,
                         const hl_sift_settings *settings, const hl_sift_kernels *kernels)
{
    const int32_t grow = settings->upsample ? 2 : 1;
    hl_sift_octave *o = octaves;
    *count = 0;
    HL_TRY(reserve_octave(o, width * grow, height * grow, 1.0f / (float)grow));
    spread(o->level[1], o, grey, width, height, settings->upsample);
    const double own = HL_SIFT_NOMINAL * grow;
    HL_TRY(blur(o, o->level[1], o->level[0], sqrt(HL_SIFT_SIGMA * HL_SIFT_SIGMA - own * own),
                kernels));
    for (int32_t i = 0;; i++, o++) {
        HL_TRY(fill_levels(o, kernels));
        HL_TRY(hl_sift_find(blobs, o, i, settings, kernels));
        *count = i + 1;
        const int32_t w = o->width / 2, h = o->height / 2;
        const bool more = i + 1 < settings->octaves && (w < h ? w : h) >= 16;
        if (more) {
            HL_TRY(reserve_octave(o + 1, w, h, o->pixel * 2));
            halve(o, o + 1);
        }
        for (int l = 0; l < HL_SIFT_LEVELS; l += HL_SIFT_DIFFS) { /* first and last are spent */
            hl_free(o->level[l]);
            o->level[l] = NULL;
        }
        if (!more)
            return HL_OK;
    }
}

/* --- extrema ---------------------------------------------------------------------------------- */

typedef struct find_ctx {
    const hl_sift_octave *octave;
    const hl_sift_settings *settings;
    const hl_sift_kernels *kernels;
    hl_sift_blobs *found; /* (blocks) */
    float *scratch;
    size_t scratch_floats; /* of a thread */
    int32_t index;
    hl_status *status; /* (blocks) */
} find_ctx;

static float diff_at(const hl_sift_octave *o, int32_t s, int32_t y, int32_t x)
{
    const int64_t at = (int64_t)y * o->stride + x;
    return o->level[s + 1][at] - o->level[s][at];
}

/* Equal neighbours: only the first of them in scan order is the extremum. */
static bool is_first(const hl_sift_octave *o, int32_t s, int32_t y, int32_t x)
{
    const float value = diff_at(o, s, y, x);
    for (int k = 0; k < 13; k++)
        if (diff_at(o, s + k / 9 - 1, y + k / 3 % 3 - 1, x + k % 3 - 1) == value)
            return false;
    return true;
}

/* Gradient and Hessian of the differences around a pixel: g (x, y, s), h (xx, yy, ss, xy, xs, ys).
 */
static void derivatives(const hl_sift_octave *o, int32_t s, int32_t y, int32_t x, double g[3],
                        double h[6])
{
#define D(ds, dy, dx) ((double)diff_at(o, s + (ds), y + (dy), x + (dx)))
    const double centre = D(0, 0, 0);
    g[0] = 0.5 * (D(0, 0, 1) - D(0, 0, -1));
    g[1] = 0.5 * (D(0, 1, 0) - D(0, -1, 0));
    g[2] = 0.5 * (D(1, 0, 0) - D(-1, 0, 0));
    h[0] = D(0, 0, 1) + D(0, 0, -1) - 2 * centre;
    h[1] = D(0, 1, 0) + D(0, -1, 0) - 2 * centre;
    h[2] = D(1, 0, 0) + D(-1, 0, 0) - 2 * centre;
    h[3] = 0.25 * (D(0, 1, 1) + D(0, -1, -1) - D(0, -1, 1) - D(0, 1, -1));
    h[4] = 0.25 * (D(1, 0, 1) + D(-1, 0, -1) - D(-1, 0, 1) - D(1, 0, -1));
    h[5] = 0.25 * (D(1, 1, 0) + D(-1, -1, 0) - D(-1, 1, 0) - D(1, -1, 0));
#undef D
}

/* offset = -H^-1 g by cofactors; false where H is singular. */
static bool solve_offset(const double g[3], const double h[6], double offset[3])
{
    const double c00 = h[1] * h[2] - h[5] * h[5], c01 = h[4] * h[5] - h[3] * h[2];
    const double c02 = h[3] * h[5] - h[4] * h[1], c11 = h[0] * h[2] - h[4] * h[4];
    const double c12 = h[3] * h[4] - h[0] * h[5], c22 = h[0] * h[1] - h[3] * h[3];
    const double det = h[0] * c00 + h[3] * c01 + h[4] * c02;
    if (!(fabs(det) > 1e-30))
        return false;
    offset[0] = -(c00 * g[0] + c01 * g[1] + c02 * g[2]) / det;
    offset[1] = -(c01 * g[0] + c11 * g[1] + c12 * g[2]) / det;
    offset[2] = -(c02 * g[0] + c12 * g[1] + c22 * g[2]) / det;
    return true;
}

/* To the neighbour that is nearer, where there is one: -1, 0 or 1. */
static int32_t step_of(double offset, int32_t at, int32_t count)
{
    if (offset > (double)move_on)
        return at < count - 2;
    return offset < -(double)move_on && at > 1 ? -1 : 0;
}

static bool is_blob(const hl_sift_settings *settings, double value, const double h[6],
                    const double offset[3])
{
    const double trace = h[0] + h[1], det = h[0] * h[1] - h[3] * h[3];
    const double r = (double)settings->edge;
    if (!(fabs(value) >= (double)settings->floor) || !(det > 0))
        return false;
    for (int i = 0; i < 3; i++)
        if (!(fabs(offset[i]) < (double)offset_max))
            return false;
    return trace * trace * r < (r + 1) * (r + 1) * det;
}

static bool refine(const find_ctx *c, int32_t s, int32_t y, int32_t x, hl_sift_blob *blob)
{
    const hl_sift_octave *o = c->octave;
    double g[3], h[6], offset[3];
    for (int32_t move = 1;; move++) {
        derivatives(o, s, y, x, g, h);
        if (!solve_offset(g, h, offset))
            return false;
        const int32_t dx = step_of(offset[0], x, o->width);
        const int32_t dy = step_of(offset[1], y, o->height);
        if ((dx == 0 && dy == 0) || move == moves_max)
            break;
        x += dx;
        y += dy;
    }
    const double value = (double)diff_at(o, s, y, x) +
                         0.5 * (g[0] * offset[0] + g[1] * offset[1] + g[2] * offset[2]);
    if (!is_blob(c->settings, value, h, offset))
        return false;
    const double scale = s + offset[2];
    blob->x = (float)(x + offset[0]);
    blob->y = (float)(y + offset[1]);
    blob->sigma = (float)(HL_SIFT_SIGMA * exp2(scale / HL_SIFT_SCALES));
    blob->contrast = (float)fabs(value);
    blob->octave = c->index;
    blob->level = (int32_t)fmin(fmax(floor(scale + 0.5), 1), HL_SIFT_LEVELS - 2);
    return blob->x >= 0 && blob->y >= 0 && blob->x <= (float)(o->width - 1) &&
           blob->y <= (float)(o->height - 1);
}

static hl_status append(hl_sift_blobs *blobs, const hl_sift_blob *blob)
{
    if (blobs->count == blobs->capacity) {
        const int32_t wanted = blobs->capacity ? blobs->capacity * 2 : 128;
        void *grown = blobs->list ? hl_grow(blobs->list, (size_t)blobs->capacity, (size_t)wanted,
                                            sizeof *blobs->list)
                                  : hl_alloc((size_t)wanted, sizeof *blobs->list);
        if (!grown)
            return HL_E_MEMORY;
        blobs->list = grown;
        blobs->capacity = wanted;
    }
    blobs->list[blobs->count++] = *blob;
    return HL_OK;
}

static hl_status scan_flags(const find_ctx *c, const int32_t *flags, int32_t y,
                            hl_sift_blobs *found)
{
    for (int32_t s = 1; s <= HL_SIFT_SCALES; s++) {
        const int32_t *row = flags + (int64_t)(s - 1) * c->octave->stride;
        for (int32_t x0 = 0; x0 < c->octave->width; x0 += HL_SIFT_GRAIN) {
            int32_t any = 0;
            for (int32_t i = 0; i < HL_SIFT_GRAIN; i++)
                any |= row[x0 + i];
            for (int32_t x = x0; any && x < x0 + HL_SIFT_GRAIN; x++) {
                hl_sift_blob blob;
                if (row[x] && is_first(c->octave, s, y, x) && refine(c, s, y, x, &blob))
                    HL_TRY(append(found, &blob));
            }
        }
    }
    return HL_OK;
}

static void find_block(void *ctx, int32_t block, int32_t thread)
{
    const find_ctx *c = ctx;
    const hl_sift_octave *o = c->octave;
    const size_t diffs = (size_t)HL_SIFT_DIFFS * (size_t)o->stride;
    float *ring = c->scratch + (size_t)thread * c->scratch_floats, *work = ring + 3 * diffs;
    int32_t *flags = (int32_t *)(void *)(work + 2 * diffs + o->stride);
    const int32_t first = block * HL_SIFT_ROWS > 1 ? block * HL_SIFT_ROWS : 1;
    const int32_t end = (block + 1) * HL_SIFT_ROWS;
    const int32_t last = end < o->height - 1 ? end : o->height - 1;
    for (int32_t y = first - 1; y <= last && first < last; y++) {
        c->kernels->differ(o, y, ring + (size_t)(y % 3) * diffs);
        if (y < first + 1)
            continue;
        const float *rows[3] = {ring + (size_t)((y - 2) % 3) * diffs,
                                ring + (size_t)((y - 1) % 3) * diffs,
                                ring + (size_t)(y % 3) * diffs};
        c->kernels->flag(rows, o->width, o->stride, 0.8f * c->settings->floor, work, flags);
        c->status[block] = scan_flags(c, flags, y - 1, &c->found[block]);
        if (c->status[block] != HL_OK)
            return;
    }
}

static hl_status join(hl_sift_blobs *blobs, const hl_sift_blobs *found, int32_t blocks)
{
    for (int32_t b = 0; b < blocks; b++)
        for (int32_t i = 0; i < found[b].count; i++)
            HL_TRY(append(blobs, &found[b].list[i]));
    return HL_OK;
}

hl_status hl_sift_find(hl_sift_blobs *blobs, const hl_sift_octave *octave, int32_t index,
                       const hl_sift_settings *settings, const hl_sift_kernels *kernels)
{
    const int32_t blocks = hl_block_count(octave->height, HL_SIFT_ROWS);
    find_ctx c = {.octave = octave, .settings = settings, .kernels = kernels, .index = index};
    c.scratch_floats = (size_t)octave->stride * (5 * HL_SIFT_DIFFS + 1 + HL_SIFT_SCALES);
    c.scratch = hl_alloc((size_t)hl_parallel_threads(), c.scratch_floats * sizeof(float));
    c.found = hl_alloc((size_t)blocks, sizeof *c.found);
    c.status = hl_alloc((size_t)blocks, sizeof *c.status);
    hl_status status = c.scratch && c.found && c.status ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK && octave->width >= 3 && octave->height >= 3) {
        hl_parallel_for(blocks, find_block, &c);
        for (int32_t b = 0; b < blocks && status == HL_OK; b++)
            status = c.status[b];
        if (status == HL_OK)
            status = join(blobs, c.found, blocks);
    }
    for (int32_t b = 0; c.found && b < blocks; b++)
        hl_free(c.found[b].list);
    hl_free(c.found);
    hl_free(c.status);
    hl_free(c.scratch);
    return status;
}
