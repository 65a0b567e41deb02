/* SPDX-License-Identifier: MIT */
#include "core/splat_stats.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>

const double hl_splat_quantile_at[HL_SPLAT_QUANTILES] = {0, 0.05, 0.5, 0.95, 1};

/* Left out of the core box at each end of each axis: strays far outside are common. */
static const double STRAY = 0.02;

static const double PI = 3.14159265358979323846;

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double quantile(const float *sorted, int32_t n, double p)
{
    return (double)sorted[(size_t)floor(p * (n - 1) + 0.5)];
}

static void measure_box(hl_splat_stats *st, const hl_splats *s, float *scratch)
{
    const int32_t n = s->count;
    for (int k = 0; k < 3; k++) {
        for (int32_t i = 0; i < n; i++)
            scratch[i] = s->mean[3 * i + k];
        qsort(scratch, (size_t)n, sizeof *scratch, ascending);
        st->low[k] = (double)scratch[0];
        st->high[k] = (double)scratch[n - 1];
        st->core_low[k] = quantile(scratch, n, STRAY);
        st->core_high[k] = quantile(scratch, n, 1 - STRAY);
    }
}

static double opacity_of(const hl_splats *s, int32_t i)
{
    return 1 / (1 + exp(-(double)s->logit_opa[i]));
}

static double axis_of(const hl_splats *s, int32_t i, bool largest)
{
    const float *a = s->log_scale + 3 * (size_t)i;
    const float pick = largest ? fmaxf(a[0], fmaxf(a[1], a[2])) : fminf(a[0], fminf(a[1], a[2]));
    return exp((double)pick);
}

static double smallest_axis(const hl_splats *s, int32_t i)
{
    return axis_of(s, i, false);
}

static double largest_axis(const hl_splats *s, int32_t i)
{
    return axis_of(s, i, true);
}

static void quantiles(double out[HL_SPLAT_QUANTILES], const hl_splats *s,
                      double (*value)(const hl_splats *, int32_t), float *scratch)
{
    for (int32_t i = 0; i < s->count; i++)
        scratch[i] = (float)value(s, i);
    qsort(scratch, (size_t)s->count, sizeof *scratch, ascending);
    for (int q = 0; q < HL_SPLAT_QUANTILES; q++)
        out[q] = quantile(scratch, s->count, hl_splat_quantile_at[q]);
}

static double fill_ratio(const hl_splat_stats *st, const hl_splats *s)
{
    double area = 0, side[3];
    for (int32_t i = 0; i < s->count; i++) {
        const float *a = s->log_scale + 3 * (size_t)i;
        const double sum = (double)a[0] + (double)a[1] + (double)a[2];
        area += opacity_of(s, i) * PI * exp(sum) / smallest_axis(s, i);
    }
    for (int k = 0; k < 3; k++)
        side[k] = st->core_high[k] - st->core_low[k];
    const double face = (side[0] * side[1] + side[1] * side[2] + side[2] * side[0]) / 3;
    return face > 0 && isfinite(area) ? area / face : 0;
}

hl_status hl_splats_measure(hl_splat_stats *stats, const hl_splats *splats)
{
    hl_splat_stats st = {0};
    if (splats->count) {
        float *scratch = hl_alloc((size_t)splats->count, sizeof *scratch);
        if (!scratch)
            return HL_E_MEMORY;
        measure_box(&st, splats, scratch);
        quantiles(st.opacity, splats, opacity_of, scratch);
        quantiles(st.largest, splats, largest_axis, scratch);
        quantiles(st.smallest, splats, smallest_axis, scratch);
        hl_free(scratch);
        st.fill_ratio = fill_ratio(&st, splats);
    }
    *stats = st;
    return HL_OK;
}
