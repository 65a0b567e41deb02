/* SPDX-License-Identifier: MIT */
/* raster/cpu/splat_bwd_kernel.h -- gradient rows to parameters: for a cluster of HL_CLUSTER splats,
 * rows are summed in order, carried through colour and projection, and either written out or fed
 * to Adam at once.  Included once per instruction set: only the compiler's flags differ. */
#ifndef HL_RASTER_CPU_SPLAT_BWD_KERNEL_H
#define HL_RASTER_CPU_SPLAT_BWD_KERNEL_H

#include "raster/blend.h"
#include "raster/cpu/raster_cpu.h"
#include "raster/sh_color.h"
#include "raster/tile.h"

#include <math.h>
#include <string.h>

enum { ROW_FLOATS_MAX = 6 + HL_PLANES_MAX + 2 + 4 + 1 };

static void sum_rows(const hl_cpu *r, const hl_cpu_record *s, float *sum)
{
    const int32_t n = r->row.floats;
    memset(sum, 0, (size_t)n * sizeof(float));
    for (int32_t k = 0; k < s->row_count; k++) {
        const float *row = r->rows + ((size_t)s->first_row + (size_t)k) * (size_t)n;
        for (int32_t q = 0; q < n; q++)
            sum[q] += row[q];
    }
}

static void footprint_of(const hl_cpu *r, const hl_cpu_record *s, const hl_geometry *g,
                         hl_footprint *f)
{
    memset(f, 0, sizeof *f);
    if (r->options.antialiased) { /* the compensation needs the covariance without loss */
        hl_project(&r->projector, g, f);
        return;
    }
    memcpy(f->mu, s->mu, sizeof f->mu);
    memcpy(f->conic, s->conic, sizeof f->conic);
    f->depth = s->depth;
    f->opacity = s->opacity;
    f->rho2 = 1;
}

static void add_stats(const hl_cpu *r, int32_t i, const float *sum, const float d_mu[2])
{
    const hl_raster_stats *st = r->sink->stats;
    const hl_cpu_record *s = &r->record[i];
    const float sx = 0.5f * (float)r->view.width, sy = 0.5f * (float)r->view.height;
    if (st->seen)
        st->seen[i] += 1;
    if (st->grad_2d)
        st->grad_2d[i] += hypotf(d_mu[0] * sx, d_mu[1] * sy);
    if (st->grad_2d_abs)
        st->grad_2d_abs[i] += hypotf(sum[r->row.abs2d] * sx, sum[r->row.abs2d + 1] * sy);
    if (st->radius) {
        hl_ellipse e;
        if (hl_ellipse_init(&e, s->mu, s->conic, s->det, hl_ln(s->opacity))) {
            const float side = 2 * hl_max(sx, sy);
            st->radius[i] = hl_max(st->radius[i], hl_max(e.half[0], e.half[1]) / side);
        }
    }
    float *const four[4] = {st->fragments, st->grad_alpha, st->grad_alpha_2, st->weight};
    for (int k = 0; k < 4; k++)
        if (four[k])
            four[k][i] += sum[r->row.stats + k];
}

/* Planes beyond colour: depth, normal and distance flow into geometry, features go out.  d_x (3):
 * added to. */
static void extra_bwd(const hl_cpu *r, int32_t i, const hl_geometry *g, const float *sum,
                      hl_footprint_grad *d_f, float d_rq[9], float d_x[3])
{
    const hl_cpu_record *s = &r->record[i];
    const float *plane = sum + 6;
    float d_n[3] = {0, 0, 0};
    memset(d_rq, 0, 9 * sizeof(float));
    if (r->frame.depth_plane >= 0)
        d_f->depth += plane[r->frame.depth_plane];
    if (r->row.median >= 0)
        d_f->depth += sum[r->row.median];
    if (r->frame.depth_2_plane >= 0)
        d_f->depth += 2 * s->depth * plane[r->frame.depth_2_plane];
    if (r->frame.normal_plane >= 0)
        memcpy(d_n, plane + r->frame.normal_plane, sizeof d_n);
    if (r->frame.distance_plane >= 0) {
        float q[4], n[3];
        hl_quat_unit(g->quat, q);
        hl_splat_normal(g->log_scale, q, g->mean, r->projector.eye, n);
        hl_plane_distance_bwd(plane[r->frame.distance_plane], n, g->mean, r->projector.eye, d_n,
                              d_x);
    }
    if (r->frame.normal_plane >= 0 || r->frame.distance_plane >= 0)
        hl_splat_normal_bwd(s->clamped >> 4, d_n, d_rq);
    const size_t n = (size_t)r->options.feature_count;
    if (n && r->sink->feature_grad)
        memcpy(r->sink->feature_grad + (size_t)i * n, plane + r->frame.feature_plane,
               n * sizeof(float));
}

/* Splat i into slot k of the cluster's gradients. */
static void splat_bwd(const hl_cpu *r, int32_t i, int32_t k, hl_cpu_cluster *out, float pose[6])
{
    const hl_cpu_record *s = &r->record[i];
    const hl_splats *p = r->splats;
    float sum[ROW_FLOATS_MAX], d_rq[9], d_x[3] = {0, 0, 0};
    sum_rows(r, s, sum);

    hl_geometry g;
    memcpy(g.mean, p->mean + 3 * (size_t)i, sizeof g.mean);
    memcpy(g.log_scale, p->log_scale + 3 * (size_t)i, sizeof g.log_scale);
    memcpy(g.quat, p->quat + 4 * (size_t)i, sizeof g.quat);
    g.logit_opa = p->logit_opa[i];
    g.filter = r->options.filter_3d ? r->options.filter_3d[i] : 0;

    hl_footprint f;
    hl_footprint_grad d_f;
    memset(&d_f, 0, sizeof d_f);
    footprint_of(r, s, &g, &f);
    hl_moments_bwd(sum, f.conic, f.opacity, d_f.mu, d_f.conic, &d_f.opacity);
    extra_bwd(r, i, &g, sum, &d_f, d_rq, d_x);
    hl_sh_color_bwd(r->options.sh_degree, g.mean, r->projector.eye,
                    p->sh + (size_t)i * HL_SPLAT_DIM_sh, s->clamped & 7, sum + 6,
                    out->sh + (size_t)k * HL_SPLAT_DIM_sh, d_x);
    hl_geometry_grad d;
    hl_project_bwd(&r->projector, &g, &f, &d_f, d_rq, d_x, &d, pose);
    memcpy(out->mean + 3 * k, d.mean, sizeof d.mean);
    memcpy(out->log_scale + 3 * k, d.log_scale, sizeof d.log_scale);
    memcpy(out->quat + 4 * k, d.quat, sizeof d.quat);
    out->logit_opa[k] = d.logit_opa;
    if (r->sink->stats)
        add_stats(r, i, sum, d_f.mu);
}

static void clear_slot(hl_cpu_cluster *out, int32_t k)
{
#define X(name, components) \
    memset(out->name + (size_t)k * (components), 0, (components) * sizeof(float));
    HL_SPLAT_FIELDS(X)
#undef X
}

static void write_out(hl_splats *grad, const hl_cpu_cluster *cg, int32_t first, int32_t n)
{
#define X(name, components)                                     \
    memcpy(grad->name + (size_t)first * (components), cg->name, \
           (size_t)n * (components) * sizeof(float));
    HL_SPLAT_FIELDS(X)
#undef X
}

static void cluster_bwd(hl_cpu *r, int32_t cluster, int32_t thread)
{
    hl_cpu_cluster *cg = (hl_cpu_cluster *)(void *)r->scratch + thread;
    const int32_t first = cluster * HL_CLUSTER;
    const int32_t n = r->splats->count - first < HL_CLUSTER ? r->splats->count - first : HL_CLUSTER;
    float pose[6] = {0};
    int32_t seen = 0;
    for (int32_t k = 0; k < n; k++) {
        if (r->record[first + k].row_count) {
            splat_bwd(r, first + k, k, cg, pose);
            seen++;
            continue;
        }
        clear_slot(cg, k);
        const size_t features = (size_t)r->options.feature_count;
        if (features && r->sink->feature_grad)
            memset(r->sink->feature_grad + (size_t)(first + k) * features, 0,
                   features * sizeof(float));
    }
    for (int32_t q = 0; q < CLUSTER_PARTIALS; q++)
        r->partial[(size_t)cluster * CLUSTER_PARTIALS + (size_t)q] = (double)pose[q];
    if (r->sink->grad)
        write_out(r->sink->grad, cg, first, n);
    if (r->sink->adam) {
        const hl_adam_fields grad = {cg->mean, cg->log_scale, cg->quat, cg->logit_opa, cg->sh};
        hl_adam_cluster(r->sink->adam, r->target, cluster, &grad, seen > 0, r->kernels->adam_row);
    }
}

#endif /* HL_RASTER_CPU_SPLAT_BWD_KERNEL_H */
