/* SPDX-License-Identifier: MIT */
/* raster/cpu/blend_simd.h -- tile kernels on rows of sixteen pixels, written once for every SIMD
 * instruction set.  Included by kernels_avx2.c and kernels_avx512.c, nowhere else.
 *
 * With e = log2 alpha, the exponent of a row is base(x) + bdx(x) dy + c dy^2: two operations, then
 * 2^e by polynomial.  The gradient sums of a row use that dx belongs to the lane and dy to the
 * row: sum g, sum g dy, sum g dy^2 are kept as vectors and dx is folded in once per splat.
 *
 * Flags are compile-time constants where the function is instantiated for the common cases.
 */
#ifndef HL_RASTER_CPU_BLEND_SIMD_H
#define HL_RASTER_CPU_BLEND_SIMD_H

#include "raster/cpu/raster_cpu.h"
#include "raster/cpu/simd.h"

#if HL_SIMD

#include <string.h>

#define LOG2_E            1.4426950408889634f
#define ROW_ALWAYS_INLINE inline __attribute__((always_inline))

enum { EXTRA_MAX = HL_PLANES_MAX - 3 };

typedef struct tile_area {
    int32_t x0, y0, height;
    uint32_t inside; /* lanes that lie in the picture                */
    size_t first;    /* offset of the first pixel in a plane         */
    size_t stride;
} tile_area;

/* Per splat and tile. */
typedef struct splat_row {
    vf dx;    /* pixel centres - mu                      */
    vf base;  /* log2 o^ + A dx^2                        */
    vf bdx;   /* B dx                                    */
    float c;  /* C                                       */
    float dy; /* of the tile's first row                 */
} splat_row;

static ROW_ALWAYS_INLINE tile_area tile_area_of(const hl_cpu *r, int32_t tile)
{
    tile_area a;
    a.x0 = tile % r->columns * HL_TILE;
    a.y0 = tile / r->columns * HL_TILE;
    const int32_t width = r->view.width - a.x0;
    a.inside = width >= HL_TILE ? 0xffffu : (1u << width) - 1u;
    a.height = r->view.height - a.y0 < HL_TILE ? r->view.height - a.y0 : HL_TILE;
    a.stride = (size_t)r->frame.stride;
    a.first = (size_t)a.y0 * a.stride + (size_t)a.x0;
    return a;
}

static ROW_ALWAYS_INLINE vf lane_index(void)
{
    static const float lanes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return vf_load(lanes);
}

/* 2^x for x <= 0: round to nearest, degree-5 minimax of 2^f on [-1/2, 1/2] (error 2e-7). */
static ROW_ALWAYS_INLINE vf vf_exp2(vf x)
{
    const vf n = vf_round(x), f = vf_sub(x, n);
    vf p = vf_fma(f, vf_set1(1.3400092e-3f), vf_set1(9.6181150e-3f));
    p = vf_fma(f, p, vf_set1(5.5503272e-2f));
    p = vf_fma(f, p, vf_set1(2.4022650e-1f));
    p = vf_fma(f, p, vf_set1(6.9314718e-1f));
    p = vf_fma(f, p, vf_set1(1));
    return vf_scale2(p, n);
}

static ROW_ALWAYS_INLINE void splat_row_init(const hl_cpu_record *s, const tile_area *a,
                                             splat_row *k)
{
    const float scale = -0.5f * LOG2_E;
    k->dx = vf_add(lane_index(), vf_set1((float)a->x0 + 0.5f - s->mu[0]));
    k->base = vf_fma(vf_mul(k->dx, k->dx), vf_set1(scale * s->conic[0]), vf_set1(s->log2_opacity));
    k->bdx = vf_mul(k->dx, vf_set1(2 * scale * s->conic[1]));
    k->c = scale * s->conic[2];
    k->dy = (float)a->y0 + 0.5f - s->mu[1];
}

/* alpha before the clamp, of row y. */
static ROW_ALWAYS_INLINE vf row_alpha(const splat_row *k, float dy)
{
    const vf e = vf_fma(k->bdx, vf_set1(dy), vf_add(k->base, vf_set1(k->c * dy * dy)));
    return vf_exp2(e);
}

/* Lanes whose window admits `depth`. */
static ROW_ALWAYS_INLINE vm window_row(const hl_cpu *r, const tile_area *a, int32_t y, float depth)
{
    const size_t plane = (size_t)r->view.width * (size_t)r->view.height;
    const size_t at = (size_t)(a->y0 + y) * (size_t)r->view.width + (size_t)a->x0;
    const int32_t n = r->view.width - a->x0 < HL_TILE ? r->view.width - a->x0 : HL_TILE;
    float near_z[HL_TILE] = {0}, far_z[HL_TILE] = {0};
    memcpy(near_z, r->options.depth_window + at, (size_t)n * sizeof(float));
    memcpy(far_z, r->options.depth_window + plane + at, (size_t)n * sizeof(float));
    const vf z = vf_set1(depth);
    return vm_and(vf_le(vf_load(near_z), z), vf_ge(vf_load(far_z), z));
}

/* ---- forward -------------------------------------------------------------------------------- */

typedef struct tile_forward {
    float t[TILE_PIXELS];
    float plane[3 + EXTRA_MAX][TILE_PIXELS];
    uint16_t live[HL_TILE];
} tile_forward;

/* Returns 1 when a pixel of the tile stopped. */
static ROW_ALWAYS_INLINE int forward_splat(const hl_cpu *r, const tile_area *a, tile_forward *st,
                                           const hl_cpu_instance *inst, const int extra,
                                           const int window)
{
    const int32_t i = inst->splat;
    const hl_cpu_record *s = &r->record[i];
    const float *value = r->extra_value + (size_t)i * (size_t)extra;
    const vf alpha_min = vf_set1((float)HL_ALPHA_MIN), alpha_max = vf_set1((float)HL_ALPHA_MAX);
    const vf t_stop = vf_set1((float)HL_T_STOP);
    const vf c0 = vf_set1(s->rgb[0]), c1 = vf_set1(s->rgb[1]), c2 = vf_set1(s->rgb[2]);
    splat_row k;
    int stopped = 0;
    splat_row_init(s, a, &k);
    for (int32_t y = inst->first; y <= inst->last; y++) {
        const vf full = row_alpha(&k, k.dy + (float)y);
        vm m = vm_and(vf_ge(full, alpha_min), vm_from_bits(st->live[y]));
        if (window)
            m = vm_and(m, window_row(r, a, y, s->depth));
        float *t_row = st->t + y * HL_TILE;
        const vf t = vf_load(t_row);
        vf w = vf_mul(vf_min(full, alpha_max), t);
        const vm stop = vm_and(m, vf_lt(vf_sub(t, w), t_stop));
        if (vm_bits(stop)) {
            st->live[y] = (uint16_t)(st->live[y] & ~vm_bits(stop));
            m = vm_andnot(m, stop);
            stopped = 1;
        }
        w = vf_keep(m, w);
        float *p0 = st->plane[0] + y * HL_TILE, *p1 = st->plane[1] + y * HL_TILE,
              *p2 = st->plane[2] + y * HL_TILE;
        vf_store(p0, vf_fma(w, c0, vf_load(p0)));
        vf_store(p1, vf_fma(w, c1, vf_load(p1)));
        vf_store(p2, vf_fma(w, c2, vf_load(p2)));
        for (int p = 0; p < extra; p++) {
            float *row = st->plane[3 + p] + y * HL_TILE;
            vf_store(row, vf_fma(w, vf_set1(value[p]), vf_load(row)));
        }
        vf_store(t_row, vf_sub(t, w));
    }
    return stopped;
}

static ROW_ALWAYS_INLINE void forward_store(hl_cpu *r, const tile_area *a, const tile_forward *st,
                                            const int extra)
{
    for (int32_t y = 0; y < HL_TILE; y++) {
        const size_t at = a->first + (size_t)y * a->stride;
        const vf t = vf_load(st->t + y * HL_TILE);
        vf_store(r->frame.transmittance + at, t);
        for (int p = 0; p < 3; p++) {
            const vf c = vf_load(st->plane[p] + y * HL_TILE);
            vf_store(r->frame.plane[p] + at, vf_fma(t, vf_set1(r->options.background[p]), c));
        }
        for (int p = 3; p < 3 + extra; p++)
            memcpy(r->frame.plane[p] + at, st->plane[p] + y * HL_TILE, HL_TILE * sizeof(float));
    }
}

static ROW_ALWAYS_INLINE void forward_tile(hl_cpu *r, int32_t tile, const int extra,
                                           const int window)
{
    const tile_area a = tile_area_of(r, tile);
    tile_forward st;
    uint32_t any = a.inside;
    for (int32_t k = 0; k < TILE_PIXELS; k++)
        st.t[k] = 1;
    for (int32_t y = 0; y < HL_TILE; y++)
        st.live[y] = (uint16_t)(y < a.height ? a.inside : 0);
    memset(st.plane, 0, (size_t)(3 + extra) * sizeof st.plane[0]);
    int64_t j = r->tile_first[tile];
    for (; j < r->tile_first[tile + 1] && any; j++) {
        if (!forward_splat(r, &a, &st, &r->instance[j], extra, window))
            continue;
        any = 0;
        for (int32_t y = 0; y < HL_TILE; y++)
            any |= st.live[y];
    }
    r->tile_end[tile] = (int32_t)(j - r->tile_first[tile]);
    forward_store(r, &a, &st, extra);
}

static void blend_simd(hl_cpu *r, int32_t tile)
{
    if (!r->extra && !r->options.depth_window)
        forward_tile(r, tile, 0, 0);
    else
        forward_tile(r, tile, r->extra, r->options.depth_window != NULL);
}

/* ---- backward ------------------------------------------------------------------------------- */

typedef struct tile_backward {
    float t[TILE_PIXELS];
    float rest[TILE_PIXELS];                /* see raster/blend.h   */
    float grad[3 + EXTRA_MAX][TILE_PIXELS]; /* dL/dplane            */
    uint16_t live[HL_TILE];
} tile_backward;

/* Vectors that are summed over rows, one per lane. */
typedef struct splat_sums {
    vf h0, h1, h2; /* alpha dL/dalpha times 1, dy, dy^2 */
    vf c0, c1, c2;
    vf ax, ay;    /* |.| of the mean's gradient / 1 px, before the factor */
    vf d1, d2, w; /* dL/dalpha, its square, w                             */
    int32_t n;
} splat_sums;

/* Sums of eight vectors of eight lanes, in order. */
static ROW_ALWAYS_INLINE __m256 sum8(const __m256 v[8])
{
    const __m256 a = _mm256_hadd_ps(v[0], v[1]), b = _mm256_hadd_ps(v[2], v[3]);
    const __m256 c = _mm256_hadd_ps(v[4], v[5]), d = _mm256_hadd_ps(v[6], v[7]);
    const __m256 ab = _mm256_hadd_ps(a, b), cd = _mm256_hadd_ps(c, d);
    const __m256 lo = _mm256_permute2f128_ps(ab, cd, 0x20);
    const __m256 hi = _mm256_permute2f128_ps(ab, cd, 0x31);
    return _mm256_add_ps(lo, hi);
}

static ROW_ALWAYS_INLINE float sum1(vf x)
{
    const __m256 y = vf_fold(x);
    __m128 z = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
    z = _mm_add_ps(z, _mm_movehl_ps(z, z));
    return _mm_cvtss_f32(_mm_add_ss(z, _mm_shuffle_ps(z, z, 1)));
}

/* extra planes: colour . gradient of one row, and the sums of w times the gradient */
static ROW_ALWAYS_INLINE vf extra_value_row(const tile_backward *st, const float *value, int32_t y,
                                            const int extra, vf v)
{
    for (int p = 0; p < extra; p++)
        v = vf_fma(vf_set1(value[p]), vf_load(st->grad[3 + p] + y * HL_TILE), v);
    return v;
}

static ROW_ALWAYS_INLINE void store_row(const hl_cpu *r, const splat_row *k, const splat_sums *q,
                                        float *row, const int abs2d, const int stats)
{
    const vf h0x = vf_mul(q->h0, k->dx);
    const __m256 v[8] = {vf_fold(q->h0),
                         vf_fold(h0x),
                         vf_fold(q->h1),
                         vf_fold(vf_mul(h0x, k->dx)),
                         vf_fold(vf_mul(q->h1, k->dx)),
                         vf_fold(q->h2),
                         vf_fold(q->c0),
                         vf_fold(q->c1)};
    const __m256 scale = _mm256_setr_ps(-0.5f, -0.5f, -0.5f, -0.5f, -0.5f, -0.5f, 1, 1);
    _mm256_storeu_ps(row, _mm256_mul_ps(sum8(v), scale));
    row[8] = sum1(q->c2);
    if (abs2d) { /* |2 (a g dx + b g dy)| with g = -h / 2 */
        row[r->row.abs2d] = sum1(q->ax);
        row[r->row.abs2d + 1] = sum1(q->ay);
    }
    if (stats) {
        row[r->row.stats] = (float)q->n;
        row[r->row.stats + 1] = sum1(q->d1);
        row[r->row.stats + 2] = sum1(q->d2);
        row[r->row.stats + 3] = sum1(q->w);
    }
}

/* One splat over the tile, into its gradient row. */
static ROW_ALWAYS_INLINE int backward_splat(const hl_cpu *r, const tile_area *a, tile_backward *st,
                                            const hl_cpu_instance *inst, const int extra,
                                            const int window, const int abs2d, const int stats)
{
    const hl_cpu_record *s = &r->record[inst->splat];
    const float *value = r->extra_value + (size_t)inst->splat * (size_t)extra;
    const vf alpha_min = vf_set1((float)HL_ALPHA_MIN), alpha_max = vf_set1((float)HL_ALPHA_MAX);
    const vf t_stop = vf_set1((float)HL_T_STOP), one = vf_set1(1), zero = vf_set1(0);
    const vf c0 = vf_set1(s->rgb[0]), c1 = vf_set1(s->rgb[1]), c2 = vf_set1(s->rgb[2]);
    float *row = r->rows + (size_t)inst->row * (size_t)r->row.floats;
    splat_sums q = {zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, 0};
    vf extra_sum[EXTRA_MAX];
    splat_row k;
    int stopped = 0;
    splat_row_init(s, a, &k);
    for (int p = 0; p < extra; p++)
        extra_sum[p] = zero;
    for (int32_t y = inst->first; y <= inst->last; y++) {
        const float dy = k.dy + (float)y;
        const vf full = row_alpha(&k, dy);
        vm m = vm_and(vf_ge(full, alpha_min), vm_from_bits(st->live[y]));
        if (window)
            m = vm_and(m, window_row(r, a, y, s->depth));
        float *t_row = st->t + y * HL_TILE, *rest_row = st->rest + y * HL_TILE;
        const vf t = vf_load(t_row), alpha = vf_min(full, alpha_max);
        vf w = vf_mul(alpha, t);
        const vm stop = vm_and(m, vf_lt(vf_sub(t, w), t_stop));
        if (vm_bits(stop)) {
            st->live[y] = (uint16_t)(st->live[y] & ~vm_bits(stop));
            m = vm_andnot(m, stop);
            stopped = 1;
        }
        w = vf_keep(m, w);
        const vf g0 = vf_load(st->grad[0] + y * HL_TILE), g1 = vf_load(st->grad[1] + y * HL_TILE),
                 g2 = vf_load(st->grad[2] + y * HL_TILE);
        vf v = vf_fma(c2, g2, vf_fma(c1, g1, vf_mul(c0, g0)));
        v = extra_value_row(st, value, y, extra, v);
        const vf rest = vf_fnma(w, v, vf_load(rest_row));
        vf_store(rest_row, rest);
        vf_store(t_row, vf_sub(t, w));
        const vf d_alpha = vf_fnma(rest, vf_rcp(vf_sub(one, alpha)), vf_mul(t, v));
        const vf h = vf_keep(vm_and(m, vf_le(full, alpha_max)), vf_mul(alpha, d_alpha));
        const vf h_dy = vf_mul(h, vf_set1(dy));
        q.h0 = vf_add(q.h0, h);
        q.h1 = vf_add(q.h1, h_dy);
        q.h2 = vf_fma(h_dy, vf_set1(dy), q.h2);
        q.c0 = vf_fma(w, g0, q.c0);
        q.c1 = vf_fma(w, g1, q.c1);
        q.c2 = vf_fma(w, g2, q.c2);
        for (int p = 0; p < extra; p++)
            extra_sum[p] = vf_fma(w, vf_load(st->grad[3 + p] + y * HL_TILE), extra_sum[p]);
        if (abs2d) {
            const vf h_dx = vf_mul(h, k.dx);
            const vf gx = vf_fma(vf_set1(s->conic[0]), h_dx, vf_mul(vf_set1(s->conic[1]), h_dy));
            const vf gy = vf_fma(vf_set1(s->conic[1]), h_dx, vf_mul(vf_set1(s->conic[2]), h_dy));
            q.ax = vf_add(q.ax, vf_abs(gx));
            q.ay = vf_add(q.ay, vf_abs(gy));
        }
        if (stats) {
            const vf d = vf_keep(m, d_alpha);
            q.d1 = vf_add(q.d1, d);
            q.d2 = vf_fma(d, d, q.d2);
            q.w = vf_add(q.w, w);
            q.n += __builtin_popcount(vm_bits(m));
        }
    }
    store_row(r, &k, &q, row, abs2d, stats);
    for (int p = 0; p < extra; p++)
        row[9 + p] = sum1(extra_sum[p]);
    return stopped;
}

/* Loads dL/dplane (0 where absent) and the sum behind all pairs. */
static ROW_ALWAYS_INLINE void backward_load(const hl_cpu *r, const tile_area *a, tile_backward *st,
                                            const int extra)
{
    const hl_raster_frame_grad *g = r->frame_grad;
    for (int32_t y = 0; y < HL_TILE; y++) {
        const size_t at = a->first + (size_t)y * a->stride;
        const vm inside = vm_from_bits(y < a->height ? a->inside : 0);
        st->live[y] = (uint16_t)(y < a->height ? a->inside : 0);
        vf rest = vf_set1(0);
        if (g->alpha)
            rest = vf_fnma(vf_load(r->frame.transmittance + at), vf_load(g->alpha + at), rest);
        for (int p = 0; p < 3 + extra; p++) {
            const vf d = g->plane[p] ? vf_load(g->plane[p] + at) : vf_set1(0);
            vf_store(st->grad[p] + y * HL_TILE, vf_keep(inside, d));
            rest = vf_fma(d, vf_load(r->frame.plane[p] + at), rest);
        }
        vf_store(st->rest + y * HL_TILE, vf_keep(inside, rest));
        vf_store(st->t + y * HL_TILE, vf_set1(1));
    }
}

static ROW_ALWAYS_INLINE void backward_tile(hl_cpu *r, int32_t tile, const int extra,
                                            const int window, const int abs2d, const int stats)
{
    const tile_area a = tile_area_of(r, tile);
    const int64_t first = r->tile_first[tile], end = first + r->tile_end[tile];
    tile_backward st;
    backward_load(r, &a, &st, extra);
    for (int64_t j = first; j < end; j++)
        backward_splat(r, &a, &st, &r->instance[j], extra, window, abs2d, stats);
    for (int64_t j = end; j < r->tile_first[tile + 1]; j++)
        memset(r->rows + (size_t)r->instance[j].row * (size_t)r->row.floats, 0,
               (size_t)r->row.floats * sizeof(float));
}

static void blend_bwd_simd(hl_cpu *r, int32_t tile)
{
    const int window = r->options.depth_window != NULL, abs2d = r->row.abs2d >= 0;
    const int stats = r->row.stats >= 0;
    if (r->extra || window)
        backward_tile(r, tile, r->extra, window, abs2d, stats);
    else if (abs2d)
        backward_tile(r, tile, 0, 0, 1, stats);
    else if (stats)
        backward_tile(r, tile, 0, 0, 0, 1);
    else
        backward_tile(r, tile, 0, 0, 0, 0);
}

/* ---- Adam ----------------------------------------------------------------------------------- */

static void adam_row_simd(float *p, float *m, float *v, const float *g, int32_t count,
                          const float step[HL_ADAM_PATTERN], float inv_sqrt_bias2)
{
    const vf b1 = vf_set1((float)HL_ADAM_BETA1), b2 = vf_set1((float)HL_ADAM_BETA2);
    const vf a1 = vf_set1(1 - (float)HL_ADAM_BETA1), a2 = vf_set1(1 - (float)HL_ADAM_BETA2);
    const vf eps = vf_set1((float)HL_ADAM_EPS), bias = vf_set1(inv_sqrt_bias2);
    const vf rate = vf_load(step);
    int32_t i = 0;
    for (; i + HL_ADAM_PATTERN <= count; i += HL_ADAM_PATTERN) {
        const vf gi = vf_load(g + i);
        const vf mi = vf_fma(b1, vf_load(m + i), vf_mul(a1, gi));
        const vf vi = vf_fma(b2, vf_load(v + i), vf_mul(a2, vf_mul(gi, gi)));
        vf_store(m + i, mi);
        vf_store(v + i, vi);
        const vf denominator = vf_fma(vf_sqrt(vi), bias, eps);
        vf_store(p + i, vf_sub(vf_load(p + i), vf_div(vf_mul(rate, mi), denominator)));
    }
    hl_adam_row_plain(p + i, m + i, v + i, g + i, count - i, step, inv_sqrt_bias2);
}

#endif /* HL_SIMD */

#endif /* HL_RASTER_CPU_BLEND_SIMD_H */
