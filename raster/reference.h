/* SPDX-License-Identifier: MIT */
/* raster/reference.h -- the whole rasterizer as a textbook would write it, in float or double.
 *
 * Every pixel walks every splat in depth order: no tiles, no radix sort, no SIMD, no shortcuts.
 * It shares only the HD headers with the backends, so it checks tiling, sorting, reductions and
 * layouts; the HD headers themselves are checked by differences in double and by closed forms.
 * Compile with HL_REAL=double for the gradient reference.  Slow: small pictures only.
 *
 * Memory is the caller's: hl_reference holds pointers to arrays of the stated shapes.
 */
#ifndef HL_RASTER_REFERENCE_H
#define HL_RASTER_REFERENCE_H

#include "raster/blend.h"
#include "raster/project.h"
#include "raster/sh_color.h"

#include <stddef.h>
#include <stdint.h>

#define HL_REFERENCE_PLANES 25 /* 3 colour, 1 depth, 3 normal, 16 features, depth_2, distance */

typedef struct hl_reference {
    /* in: N splats, raw parameters */
    int32_t count;
    const hl_real *mean, *log_scale, *quat, *logit_opa, *sh; /* (N, 3|3|4|1|48)          */
    const hl_real *features;                                 /* (N, feature_count)        */
    const hl_real *filter_3d;                                /* (N) or NULL               */
    int32_t feature_count, sh_degree;
    hl_projector projector;
    int32_t width, height;
    hl_real background[3];
    const hl_real *depth_window; /* (2, H, W) or NULL                                     */
    /* work: N entries each */
    hl_footprint *footprint;
    hl_real *value; /* (N, HL_REFERENCE_PLANES): rgb, depth, normal, features, z^2, dist. */
    int32_t *flags; /* colour clamp bits | normal axis << 4; -1: not drawn                */
    int32_t *order;
    /* out */
    hl_real *planes;        /* (9 + feature_count, H, W)                                  */
    hl_real *transmittance; /* (H, W)                                                     */
    hl_real *median;        /* (H, W)                                                     */
    hl_real *max_weight;    /* (N)                                                        */
    int32_t *max_pixel;     /* (N)                                                        */
    /* backward in: NULL means zero */
    const hl_real *d_planes, *d_alpha, *d_median, *d_max_weight;
    /* backward out */
    hl_real *d_mean, *d_log_scale, *d_quat, *d_logit_opa, *d_sh, *d_features;
    hl_real d_pose[6], d_background[3];
    /* backward work: (N, 6 + HL_REFERENCE_PLANES + 1) */
    hl_real *rows;
} hl_reference;

#define HL_REFERENCE_ROW (6 + HL_REFERENCE_PLANES + 1)

HL_HD int32_t hl_reference_planes(const hl_reference *r)
{
    return 9 + r->feature_count;
}

HL_HD void hl_reference_geometry(const hl_reference *r, int32_t i, hl_geometry *g)
{
    for (int k = 0; k < 3; k++) {
        g->mean[k] = r->mean[3 * i + k];
        g->log_scale[k] = r->log_scale[3 * i + k];
    }
    for (int k = 0; k < 4; k++)
        g->quat[k] = r->quat[4 * i + k];
    g->logit_opa = r->logit_opa[i];
    g->filter = r->filter_3d ? r->filter_3d[i] : 0;
}

HL_HD void hl_reference_project(hl_reference *r)
{
    int32_t drawn = 0;
    for (int32_t i = 0; i < r->count; i++) {
        hl_geometry g;
        hl_real q[4], *value = r->value + (size_t)i * HL_REFERENCE_PLANES;
        hl_reference_geometry(r, i, &g);
        r->flags[i] = -1;
        if (!hl_project(&r->projector, &g, &r->footprint[i]))
            continue;
        r->flags[i] = hl_sh_color(r->sh_degree, g.mean, r->projector.eye, r->sh + 48 * i, value);
        if (r->flags[i] & HL_COLOR_BAD) {
            r->flags[i] = -1;
            continue;
        }
        value[3] = r->footprint[i].depth;
        hl_quat_unit(g.quat, q);
        r->flags[i] |= hl_splat_normal(g.log_scale, q, g.mean, r->projector.eye, value + 4) << 4;
        for (int32_t k = 0; k < r->feature_count; k++)
            value[7 + k] = r->features[i * r->feature_count + k];
        value[7 + r->feature_count] = value[3] * value[3];
        value[8 + r->feature_count] = hl_plane_distance(value + 4, g.mean, r->projector.eye);
        int32_t at = drawn++; /* insertion sort by depth: stable, obvious */
        while (at > 0 && r->footprint[r->order[at - 1]].depth > r->footprint[i].depth) {
            r->order[at] = r->order[at - 1];
            at--;
        }
        r->order[at] = i;
    }
    for (int32_t k = drawn; k < r->count; k++)
        r->order[k] = -1;
}

/* alpha of splat i at pixel (x, y), window included. */
HL_HD hl_real hl_reference_alpha(const hl_reference *r, int32_t i, int32_t x, int32_t y,
                                 hl_real d[2], int *clamped)
{
    const hl_footprint *f = &r->footprint[i];
    const size_t at = (size_t)y * (size_t)r->width + (size_t)x;
    const size_t plane = (size_t)r->width * (size_t)r->height;
    d[0] = (hl_real)x + (hl_real)0.5 - f->mu[0];
    d[1] = (hl_real)y + (hl_real)0.5 - f->mu[1];
    *clamped = 0;
    if (r->depth_window &&
        !(f->depth >= r->depth_window[at] && f->depth <= r->depth_window[plane + at]))
        return 0;
    return hl_pair_alpha(d[0], d[1], f->conic, f->opacity, clamped);
}

HL_HD void hl_reference_forward(hl_reference *r)
{
    const int32_t planes = hl_reference_planes(r);
    const size_t plane = (size_t)r->width * (size_t)r->height;
    hl_reference_project(r);
    for (int32_t i = 0; i < r->count; i++) {
        r->max_weight[i] = 0;
        r->max_pixel[i] = -1;
    }
    for (int32_t y = 0; y < r->height; y++)
        for (int32_t x = 0; x < r->width; x++) {
            const size_t at = (size_t)y * (size_t)r->width + (size_t)x;
            hl_real t = 1, d[2];
            int clamped;
            r->median[at] = 0;
            for (int32_t p = 0; p < planes; p++)
                r->planes[(size_t)p * plane + at] = 0;
            for (int32_t k = 0; k < r->count && r->order[k] >= 0; k++) {
                const int32_t i = r->order[k];
                const hl_real alpha = hl_reference_alpha(r, i, x, y, d, &clamped);
                if (!(alpha > 0))
                    continue;
                if (hl_pair_stops(t, alpha))
                    break;
                const hl_real w = alpha * t, next = t * (1 - alpha);
                for (int32_t p = 0; p < planes; p++)
                    r->planes[(size_t)p * plane + at] +=
                        w * r->value[(size_t)i * HL_REFERENCE_PLANES + (size_t)p];
                if (t > (hl_real)HL_MEDIAN_T && next <= (hl_real)HL_MEDIAN_T)
                    r->median[at] = r->footprint[i].depth;
                if (w > r->max_weight[i]) {
                    r->max_weight[i] = w;
                    r->max_pixel[i] = y * r->width + x;
                }
                t = next;
            }
            r->transmittance[at] = t;
            for (int32_t c = 0; c < 3; c++)
                r->planes[(size_t)c * plane + at] += t * r->background[c];
        }
}

HL_HD hl_real hl_reference_pair_value(const hl_reference *r, int32_t i, size_t at)
{
    const size_t plane = (size_t)r->width * (size_t)r->height;
    hl_real v = 0;
    for (int32_t p = 0; r->d_planes && p < hl_reference_planes(r); p++)
        v += r->value[(size_t)i * HL_REFERENCE_PLANES + (size_t)p] *
             r->d_planes[(size_t)p * plane + at];
    if (r->d_max_weight && r->max_pixel[i] == (int32_t)at)
        v += r->d_max_weight[i];
    return v;
}

/* One pixel, twice over its splats: first the sum of w v, then the gradients. */
HL_HD void hl_reference_pixel_bwd(hl_reference *r, int32_t x, int32_t y)
{
    const int32_t planes = hl_reference_planes(r);
    const size_t plane = (size_t)r->width * (size_t)r->height;
    const size_t at = (size_t)y * (size_t)r->width + (size_t)x;
    const hl_real t_end = r->transmittance[at];
    hl_real d_t_end = r->d_alpha ? -r->d_alpha[at] : 0, rest = 0;
    for (int c = 0; r->d_planes && c < 3; c++) {
        d_t_end += r->background[c] * r->d_planes[(size_t)c * plane + at];
        r->d_background[c] += t_end * r->d_planes[(size_t)c * plane + at];
    }
    for (int pass = 0; pass < 2; pass++) {
        hl_real t = 1, d[2];
        int clamped;
        if (pass == 1)
            rest += t_end * d_t_end;
        for (int32_t k = 0; k < r->count && r->order[k] >= 0; k++) {
            const int32_t i = r->order[k];
            const hl_real alpha = hl_reference_alpha(r, i, x, y, d, &clamped);
            if (!(alpha > 0))
                continue;
            if (hl_pair_stops(t, alpha))
                break;
            const hl_real w = alpha * t, next = t * (1 - alpha);
            const hl_real v = hl_reference_pair_value(r, i, at);
            if (pass == 0) {
                rest += w * v;
                t = next;
                continue;
            }
            hl_real *row = r->rows + (size_t)i * HL_REFERENCE_ROW;
            for (int32_t p = 0; r->d_planes && p < planes; p++)
                row[6 + p] += w * r->d_planes[(size_t)p * plane + at];
            if (r->d_median && t > (hl_real)HL_MEDIAN_T && next <= (hl_real)HL_MEDIAN_T)
                row[HL_REFERENCE_ROW - 1] += r->d_median[at];
            const hl_real d_alpha = hl_pair_alpha_bwd(t, alpha, v, &rest);
            t = next;
            if (clamped)
                continue;
            const hl_real g = -alpha * d_alpha / 2;
            row[0] += g;
            row[1] += g * d[0];
            row[2] += g * d[1];
            row[3] += g * d[0] * d[0];
            row[4] += g * d[0] * d[1];
            row[5] += g * d[1] * d[1];
        }
    }
}

HL_HD void hl_reference_splat_bwd(hl_reference *r, int32_t i)
{
    const hl_real *row = r->rows + (size_t)i * HL_REFERENCE_ROW;
    const hl_footprint *f = &r->footprint[i];
    hl_geometry g;
    hl_geometry_grad d;
    hl_footprint_grad d_f;
    hl_real d_rq[9] = {0}, d_x[3] = {0}, d_n[3];
    const hl_real *value = r->value + (size_t)i * HL_REFERENCE_PLANES;
    const int32_t last = 6 + 7 + r->feature_count; /* of the row: z^2, then distance */
    hl_reference_geometry(r, i, &g);
    hl_moments_bwd(row, f->conic, f->opacity, d_f.mu, d_f.conic, &d_f.opacity);
    d_f.depth = row[6 + 3] + row[HL_REFERENCE_ROW - 1] + 2 * f->depth * row[last];
    for (int k = 0; k < 3; k++)
        d_n[k] = row[6 + 4 + k];
    hl_plane_distance_bwd(row[last + 1], value + 4, g.mean, r->projector.eye, d_n, d_x);
    hl_splat_normal_bwd(r->flags[i] >> 4, d_n, d_rq);
    hl_sh_color_bwd(r->sh_degree, g.mean, r->projector.eye, r->sh + 48 * i, r->flags[i] & 7,
                    row + 6, r->d_sh + 48 * i, d_x);
    hl_project_bwd(&r->projector, &g, f, &d_f, d_rq, d_x, &d, r->d_pose);
    for (int k = 0; k < 3; k++) {
        r->d_mean[3 * i + k] = d.mean[k];
        r->d_log_scale[3 * i + k] = d.log_scale[k];
    }
    for (int k = 0; k < 4; k++)
        r->d_quat[4 * i + k] = d.quat[k];
    r->d_logit_opa[i] = d.logit_opa;
    for (int32_t k = 0; k < r->feature_count; k++)
        r->d_features[i * r->feature_count + k] = row[6 + 7 + k];
}

/* After hl_reference_forward; every d_ array is written. */
HL_HD void hl_reference_backward(hl_reference *r)
{
    for (size_t k = 0; k < (size_t)r->count * HL_REFERENCE_ROW; k++)
        r->rows[k] = 0;
    for (int k = 0; k < 6; k++)
        r->d_pose[k] = 0;
    for (int k = 0; k < 3; k++)
        r->d_background[k] = 0;
    for (int32_t y = 0; y < r->height; y++)
        for (int32_t x = 0; x < r->width; x++)
            hl_reference_pixel_bwd(r, x, y);
    for (int32_t i = 0; i < r->count; i++) {
        if (r->flags[i] >= 0) {
            hl_reference_splat_bwd(r, i);
            continue;
        }
        for (int k = 0; k < 3; k++)
            r->d_mean[3 * i + k] = r->d_log_scale[3 * i + k] = 0;
        for (int k = 0; k < 4; k++)
            r->d_quat[4 * i + k] = 0;
        for (int k = 0; k < 48; k++)
            r->d_sh[48 * i + k] = 0;
        r->d_logit_opa[i] = 0;
        for (int32_t k = 0; k < r->feature_count; k++)
            r->d_features[i * r->feature_count + k] = 0;
    }
}

#endif /* HL_RASTER_REFERENCE_H */
