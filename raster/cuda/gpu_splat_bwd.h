/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_splat_bwd.h -- gradients of footprints to those of parameters, straight into
 * Adam: one warp per 32 splats.
 *
 * A lane carries one splat's sums through colour and projection into shared memory; then all
 * lanes walk the 32 x 59 parameters together, so that parameters and moments stream through in
 * full sectors and no gradient buffer exists (unless one was asked for).
 */
#ifndef HL_RASTER_CUDA_GPU_SPLAT_BWD_H
#define HL_RASTER_CUDA_GPU_SPLAT_BWD_H

#include "raster/adam.h"
#include "raster/cuda/gpu_blend_bwd.h"
#include "raster/cuda/gpu_project.h"

enum {
    HL_GPU_GEOMETRY = 11, /* mean 3, log_scale 3, quat 4, logit_opa 1               */
    HL_GPU_IN_FLIGHT = 8  /* parameters of a lane on their way from memory at a time */
};

typedef struct hl_gpu_splat_shared {
    float geometry[HL_LANES][HL_GPU_GEOMETRY];
    float sh[HL_LANES][HL_GPU_SH_PITCH]; /* parameters, then their gradients */
} hl_gpu_splat_shared;

/* Sum q of splat i: added up by the tiles' atomics, or here in the order of the tiles. */
HL_GPU_FN float hl_gpu_row_sum(const hl_gpu_work *w, int64_t i, const hl_gpu_record *rec, int q)
{
    const size_t n = (size_t)w->row.floats;
    if (!w->row_splat)
        return w->rows[(size_t)i * n + (size_t)q];
    float sum = 0;
    for (uint32_t k = 0; k < rec->tiles; k++)
        sum += w->rows[((size_t)rec->first + k) * n + (size_t)q];
    return sum;
}

HL_GPU_FN void hl_gpu_footprint(const hl_gpu_work *w, const hl_gpu_record *rec,
                                const hl_geometry *g, hl_footprint *f)
{
    if (w->step->projector.antialiased) { /* the compensation needs the covariance without loss */
        hl_project(&w->step->projector, g, f);
        return;
    }
    for (int k = 0; k < 2; k++)
        f->mu[k] = rec->mu[k];
    for (int k = 0; k < 3; k++)
        f->conic[k] = rec->conic[k];
    f->det = f->cov[0] = f->cov[1] = f->cov[2] = 0;
    f->depth = rec->depth;
    f->opacity = rec->opacity;
    f->rho2 = 1;
}

HL_GPU_FN void hl_gpu_add_stats(const hl_gpu_work *w, int64_t i, const hl_gpu_record *rec,
                                const float d_mu[2])
{
    const hl_raster_stats *st = &w->stats;
    const float sx = 0.5f * (float)w->width, sy = 0.5f * (float)w->height;
    if (st->seen)
        st->seen[i] += 1;
    if (st->grad_2d)
        st->grad_2d[i] += hypotf(d_mu[0] * sx, d_mu[1] * sy);
    if (st->grad_2d_abs)
        st->grad_2d_abs[i] += hypotf(hl_gpu_row_sum(w, i, rec, w->row.abs2d) * sx,
                                     hl_gpu_row_sum(w, i, rec, w->row.abs2d + 1) * sy);
    if (st->radius) {
        hl_ellipse e;
        int good;
        hl_gpu_ellipse(rec, &e, &good);
        if (good)
            st->radius[i] =
                hl_max(st->radius[i], hl_max(e.half[0], e.half[1]) / (2 * hl_max(sx, sy)));
    }
    if (st->fragments)
        st->fragments[i] += hl_gpu_row_sum(w, i, rec, w->row.stats);
    if (st->grad_alpha)
        st->grad_alpha[i] += hl_gpu_row_sum(w, i, rec, w->row.stats + 1);
    if (st->grad_alpha_2)
        st->grad_alpha_2[i] += hl_gpu_row_sum(w, i, rec, w->row.stats + 2);
    if (st->weight)
        st->weight[i] += hl_gpu_row_sum(w, i, rec, w->row.stats + 3);
}

/* Planes beyond colour: depth, normal and distance flow into geometry, features go out.  d_x (3):
 * added to. */
HL_GPU_FN void hl_gpu_extra_bwd(const hl_gpu_work *w, int64_t i, const hl_gpu_record *rec,
                                const hl_geometry *g, hl_footprint_grad *d_f, float d_rq[9],
                                float d_x[3])
{
    const float *eye = w->step->projector.eye;
    float d_n[3] = {0, 0, 0};
    if (w->depth_plane >= 0)
        d_f->depth += hl_gpu_row_sum(w, i, rec, 6 + w->depth_plane);
    if (w->row.median >= 0)
        d_f->depth += hl_gpu_row_sum(w, i, rec, w->row.median);
    if (w->depth_2_plane >= 0)
        d_f->depth += 2 * rec->depth * hl_gpu_row_sum(w, i, rec, 6 + w->depth_2_plane);
    for (int k = 0; k < 3 && w->normal_plane >= 0; k++)
        d_n[k] = hl_gpu_row_sum(w, i, rec, 6 + w->normal_plane + k);
    if (w->distance_plane >= 0) {
        float q[4], n[3];
        hl_quat_unit(g->quat, q);
        hl_splat_normal(g->log_scale, q, g->mean, eye, n);
        hl_plane_distance_bwd(hl_gpu_row_sum(w, i, rec, 6 + w->distance_plane), n, g->mean, eye,
                              d_n, d_x);
    }
    if (w->normal_plane >= 0 || w->distance_plane >= 0)
        hl_splat_normal_bwd(rec->flags >> 4, d_n, d_rq);
    for (int k = 0; k < w->feature_count && w->feature_grad; k++)
        w->feature_grad[i * w->feature_count + k] =
            hl_gpu_row_sum(w, i, rec, 6 + w->feature_plane + k);
}

/* Splat i's gradients into its rows of shared memory; sh: has the parameters; pose (6): added to.
 */
HL_GPU_FN void hl_gpu_splat_gradient(const hl_gpu_work *w, int64_t i, float *geometry, float *sh,
                                     float pose[6])
{
    const hl_gpu_record rec = w->record[i];
    const hl_projector *p = &w->step->projector;
    float m[6], d_rgb[3], d_rq[9], d_x[3] = {0, 0, 0};
    hl_geometry g;
    hl_geometry_grad d;
    hl_footprint f;
    hl_footprint_grad d_f;
    hl_gpu_geometry(w, i, &g);
    hl_gpu_footprint(w, &rec, &g, &f);
    for (int q = 0; q < 6; q++)
        m[q] = hl_gpu_row_sum(w, i, &rec, q);
    for (int c = 0; c < 3; c++)
        d_rgb[c] = hl_gpu_row_sum(w, i, &rec, 6 + c);
    for (int q = 0; q < 9; q++)
        d_rq[q] = 0;
    d_f.depth = 0;
    hl_moments_bwd(m, f.conic, f.opacity, d_f.mu, d_f.conic, &d_f.opacity);
    hl_gpu_extra_bwd(w, i, &rec, &g, &d_f, d_rq, d_x);
    hl_sh_color_bwd(w->sh_degree, g.mean, p->eye, sh, rec.flags & 7, d_rgb, sh, d_x);
    hl_project_bwd(p, &g, &f, &d_f, d_rq, d_x, &d, w->want_pose ? pose : 0);
    for (int k = 0; k < 3; k++) {
        geometry[k] = d.mean[k];
        geometry[3 + k] = d.log_scale[k];
    }
    for (int k = 0; k < 4; k++)
        geometry[6 + k] = d.quat[k];
    geometry[10] = d.logit_opa;
    if (w->step->collect)
        hl_gpu_add_stats(w, i, &rec, d_f.mu);
}

/* The regularisers of raster/adam.h, for one splat. */
HL_GPU_FN void hl_gpu_regularise(const hl_gpu_work *w, int64_t i, float *geometry)
{
    const float per_splat = 1 / (float)w->count;
    if (w->step->scale_reg > 0)
        for (int k = 0; k < 3; k++)
            geometry[3 + k] +=
                w->step->scale_reg * per_splat / 3 * hl_exp(w->p.log_scale[3 * i + k]);
    if (w->step->opacity_reg > 0) {
        const float o = hl_sigmoid(w->p.logit_opa[i]);
        geometry[10] += w->step->opacity_reg * per_splat * o * (1 - o);
    }
}

typedef struct hl_gpu_rate {
    float bias1, inv_sqrt_bias2; /* of step t: 1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t) */
} hl_gpu_rate;

/* expm1 keeps what 1 - beta^t loses. */
HL_GPU_FN hl_gpu_rate hl_gpu_bias(int32_t t)
{
    hl_gpu_rate rate;
    rate.bias1 = -1 / expm1f((float)t * -0.105360516f);                  /* ln 0.9   */
    rate.inv_sqrt_bias2 = 1 / sqrtf(-expm1f((float)t * -1.0005003e-3f)); /* ln 0.999 */
    return rate;
}

/* Values e, e + 32, ... of a field, HL_GPU_IN_FLIGHT of them: all on their way before the first is
 * needed. */
HL_GPU_FN void hl_gpu_adam_some(int e, int values, int components, const float *grad, int pitch,
                                float *const pmv[3], const float lr[2], float inv_sqrt_bias2)
{
    float p[HL_GPU_IN_FLIGHT], m[HL_GPU_IN_FLIGHT], v[HL_GPU_IN_FLIGHT];
    HL_UNROLL
    for (int u = 0; u < HL_GPU_IN_FLIGHT; u++) {
        const int at = e + u * HL_LANES, inside = at < values;
        p[u] = inside ? pmv[0][at] : 0;
        m[u] = inside ? pmv[1][at] : 0;
        v[u] = inside ? pmv[2][at] : 0;
    }
    HL_UNROLL
    for (int u = 0; u < HL_GPU_IN_FLIGHT; u++) {
        const int at = e + u * HL_LANES, splat = at / components, k = at % components;
        if (at < values) {
            hl_adam_update(&p[u], &m[u], &v[u], grad[splat * pitch + k],
                           lr[k % HL_ADAM_PATTERN > 0], inv_sqrt_bias2);
            pmv[0][at] = p[u];
            pmv[1][at] = m[u];
            pmv[2][at] = v[u];
        }
    }
}

/* The warp's values of one field: gradient (32, pitch) to the sinks.  rest: rate of components
 * k % 16 > 0 where it differs (SH), else lr itself. */
HL_GPU_FN void hl_gpu_step_field(const hl_gpu_work *w, int64_t first, int components,
                                 const float *grad, int pitch, float *const out[4], float lr,
                                 float rest, const hl_gpu_rate *rate)
{
    const int64_t left = w->count - first;
    const int values = (int)(left < HL_LANES ? left : HL_LANES) * components;
    const int64_t base = first * components;
    HL_EACH_LANE(l)
    {
        for (int e = l; out[0] && e < values; e += HL_LANES)
            out[0][base + e] = grad[e / components * pitch + e % components];
        if (rate) {
            float *const pmv[3] = {out[1] + base, out[2] + base, out[3] + base};
            const float rates[2] = {lr * rate->bias1, rest * rate->bias1};
            for (int e = l; e < values; e += HL_GPU_IN_FLIGHT * HL_LANES)
                hl_gpu_adam_some(e, values, components, grad, pitch, pmv, rates,
                                 rate->inv_sqrt_bias2);
        }
    }
}

HL_GPU_FN void hl_gpu_step_all(const hl_gpu_work *w, int64_t first,
                               const hl_gpu_splat_shared *shared, const hl_gpu_rate *rate)
{
    const hl_gpu_step *s = w->step;
    const float *g = &shared->geometry[0][0];
    float *const mean[4] = {w->d.mean, w->p.mean, w->m.mean, w->v.mean};
    float *const scale[4] = {w->d.log_scale, w->p.log_scale, w->m.log_scale, w->v.log_scale};
    float *const quat[4] = {w->d.quat, w->p.quat, w->m.quat, w->v.quat};
    float *const opa[4] = {w->d.logit_opa, w->p.logit_opa, w->m.logit_opa, w->v.logit_opa};
    float *const sh[4] = {w->d.sh, w->p.sh, w->m.sh, w->v.sh};
    const int pitch = HL_GPU_GEOMETRY;
    hl_gpu_step_field(w, first, 3, g, pitch, mean, s->lr_mean, s->lr_mean, rate);
    hl_gpu_step_field(w, first, 3, g + 3, pitch, scale, s->lr_log_scale, s->lr_log_scale, rate);
    hl_gpu_step_field(w, first, 4, g + 6, pitch, quat, s->lr_quat, s->lr_quat, rate);
    hl_gpu_step_field(w, first, 1, g + 10, pitch, opa, s->lr_logit_opa, s->lr_logit_opa, rate);
    hl_gpu_step_field(w, first, HL_SPLAT_DIM_sh, &shared->sh[0][0], HL_GPU_SH_PITCH, sh,
                      s->lr_sh_dc, s->lr_sh_rest, rate);
}

/* Lane l's splat: gradients, or zeros where it was not seen. */
HL_GPU_FN void hl_gpu_splat_lane(const hl_gpu_work *w, int64_t i, int lane,
                                 hl_gpu_splat_shared *shared, int steps, float pose[6])
{
    float *geometry = shared->geometry[lane], *sh = shared->sh[lane];
    if (i >= w->count)
        return;
    if (w->record[i].tiles) {
        hl_gpu_splat_gradient(w, i, geometry, sh, pose);
    } else {
        for (int k = 0; k < HL_GPU_GEOMETRY; k++)
            geometry[k] = 0;
        for (int k = 0; k < HL_SPLAT_DIM_sh; k++)
            sh[k] = 0;
        for (int k = 0; k < w->feature_count && w->feature_grad; k++)
            w->feature_grad[i * w->feature_count + k] = 0;
    }
    if (steps)
        hl_gpu_regularise(w, i, geometry);
}

HL_GPU_FN void hl_gpu_k_splat_bwd(const hl_gpu_work *w, int64_t warp, hl_gpu_splat_shared *shared)
{
    const int64_t first = warp * HL_LANES, cluster = first / HL_CLUSTER;
    if (w->state->halted)
        return;
    const int seen = w->cluster_seen[cluster] == w->step->stamp;
    const int steps = w->m.mean && (seen || !w->adam_cluster);
    hl_lane_f v[HL_FOLD_VALUES];
    if (seen)
        hl_gpu_load_sh(w, first, shared->sh);
    HL_EACH_LANE(l)
    {
        float pose[6] = {0, 0, 0, 0, 0, 0};
        if (seen || steps || w->d.mean || w->feature_grad)
            hl_gpu_splat_lane(w, first + l, l, shared, steps, pose);
        HL_UNROLL
        for (int q = 0; q < HL_FOLD_VALUES; q++)
            v[q][HL_SLOT(l)] = q < 6 ? pose[q < 6 ? q : 0] : 0;
    }
    if (w->want_pose) {
        hl_warp_fold16(v);
        HL_EACH_LANE(l)
        {
            if (l % 2 == 0 && l < 12)
                w->pose_partial[6 * warp + l / 2] = v[0][HL_SLOT(l)];
        }
    }
    if (!steps && !w->d.mean)
        return;
    hl_warp_sync();
    hl_gpu_rate rate = {1, 1};
    if (steps)
        rate = hl_gpu_bias(w->adam_steps[cluster] + 1);
    hl_gpu_step_all(w, first, shared, steps ? &rate : 0);
}

/* ---- the end of a step ---- */

typedef struct hl_gpu_finish_shared {
    double sum[HL_LANES];
} hl_gpu_finish_shared;

enum { HL_GPU_FINISH_SUMS = HL_GPU_SUMS + 6 + 3 };

/* Sum of count values that are `pitch` apart, in an order of its own: lane by lane. */
HL_GPU_FN double hl_gpu_ordered_sum(const double *d, const float *f, int64_t count, int pitch,
                                    hl_gpu_finish_shared *shared)
{
    HL_EACH_LANE(l)
    {
        double sum[HL_GPU_IN_FLIGHT] = {0};
        for (int64_t i = l; i < count; i += HL_GPU_IN_FLIGHT * HL_LANES) {
            HL_UNROLL
            for (int u = 0; u < HL_GPU_IN_FLIGHT; u++) {
                const int64_t at = (i + u * HL_LANES) * pitch;
                if (i + u * HL_LANES < count)
                    sum[u] += d ? d[at] : (double)f[at];
            }
        }
        shared->sum[l] =
            ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
    }
    hl_warp_sync();
    double all = 0;
    for (int l = 0; l < HL_LANES; l++)
        all += shared->sum[l];
    return all;
}

/* What sum q of the loss means: its mean over what counts, and its part in the loss. */
HL_GPU_FN void hl_gpu_close_term(const hl_gpu_work *w, int q, double sum)
{
    const hl_gpu_step *s = w->step;
    const float ws = s->ssim_weight;
    const float counts[HL_GPU_TERMS] = {3 * s->photo.pixels_kept,
                                        3 * s->photo.pixels_kept,
                                        3 * s->photo.windows_kept,
                                        s->photo.pixels_kept,
                                        s->photo.depth_known,
                                        s->photo.normal_known,
                                        1};
    const float weight[HL_GPU_TERMS] = {1 - ws,           0, ws, s->alpha_weight, s->depth_weight,
                                        s->normal_weight, 1};
    double mean = counts[q] > 0 ? sum / (double)counts[q] : 0;
    if (q == HL_GPU_SUM_SSIM && !(counts[q] > 0))
        mean = 1;
    w->state->mean_total[q] += mean;
    w->state->loss_total[q] += (double)weight[q] * (q == HL_GPU_SUM_SSIM ? 1 - mean : mean);
}

/* Counts of Adam for 32 clusters. */
HL_GPU_FN void hl_gpu_count_steps(const hl_gpu_work *w, int64_t first)
{
    HL_EACH_LANE(l)
    {
        const int64_t c = first + l;
        if (c * HL_CLUSTER < w->count && (!w->adam_cluster || w->cluster_seen[c] == w->step->stamp))
            w->adam_steps[c]++;
    }
}

/* Items: one for each sum, then one for each 32 clusters. */
HL_GPU_FN void hl_gpu_k_finish(const hl_gpu_work *w, int64_t item, hl_gpu_finish_shared *shared)
{
    const int q = (int)item;
    if (w->state->halted)
        return;
    if (item >= HL_GPU_FINISH_SUMS) {
        if (w->m.mean)
            hl_gpu_count_steps(w, (item - HL_GPU_FINISH_SUMS) * HL_LANES);
        return;
    }
    double sum = 0;
    if (q < HL_GPU_SUMS && w->partial && (q != HL_GPU_SUM_SURFACE || w->surface))
        sum = hl_gpu_ordered_sum(w->partial + q, 0, w->squares, HL_GPU_SUMS, shared);
    else if (q >= HL_GPU_SUMS && q < HL_GPU_SUMS + 6 && w->want_pose)
        sum = hl_gpu_ordered_sum(0, w->pose_partial + (q - HL_GPU_SUMS),
                                 (w->count + HL_LANES - 1) / HL_LANES, 6, shared);
    else if (q >= HL_GPU_SUMS + 6)
        sum = hl_gpu_ordered_sum(0, w->background_partial + (q - HL_GPU_SUMS - 6), w->tiles, 3,
                                 shared);
    HL_EACH_LANE(l)
    {
        if (l == 0) {
            if (q < HL_GPU_SUMS)
                w->state->sum[q] = sum;
            else if (q < HL_GPU_SUMS + 6)
                w->state->pose[q - HL_GPU_SUMS] = (float)sum;
            else
                w->state->background[q - HL_GPU_SUMS - 6] = (float)sum;
            if (q < HL_GPU_TERMS && w->partial)
                hl_gpu_close_term(w, q, sum);
            if (q == 0) {
                w->state->pictures += 1;
                w->state->views += w->step->collect;
                w->state->done_step = w->step->index;
            }
        }
    }
}

#endif /* HL_RASTER_CUDA_GPU_SPLAT_BWD_H */
