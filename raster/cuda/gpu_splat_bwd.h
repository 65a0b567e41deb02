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
    HL_GPU_IN_FLIGHT = 4 /* quads of a lane on their way from memory at a time */
};

typedef struct hl_gpu_splat_shared {
    HL_ALIGN_QUAD float mean[HL_LANES * 3]; /* gradients, as in memory          */
    float log_scale[HL_LANES * 3];
    float quat[HL_LANES * 4];
    float logit_opa[HL_LANES];
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

/* The gradients of a lane's splat beside colour to their places. */
HL_GPU_FN void hl_gpu_put_geometry(hl_gpu_splat_shared *shared, int lane, const hl_geometry_grad *d)
{
    for (int k = 0; k < 3; k++) {
        shared->mean[3 * lane + k] = d->mean[k];
        shared->log_scale[3 * lane + k] = d->log_scale[k];
    }
    for (int k = 0; k < 4; k++)
        shared->quat[4 * lane + k] = d->quat[k];
    shared->logit_opa[lane] = d->logit_opa;
}

/* Splat i's gradients to *d and over its coefficients in sh; pose (6): added to. */
HL_GPU_FN void hl_gpu_splat_gradient(const hl_gpu_work *w, int64_t i, float *sh,
                                     hl_geometry_grad *d, float pose[6], int general)
{
    const hl_gpu_record rec = w->record[i];
    const hl_projector *p = &w->step->projector;
    float m[6], d_rgb[3], d_rq[9], d_x[3] = {0, 0, 0};
    hl_geometry g;
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
    if (general)
        hl_gpu_extra_bwd(w, i, &rec, &g, &d_f, d_rq, d_x);
    hl_sh_color_bwd(w->sh_degree, g.mean, p->eye, sh, rec.flags & 7, d_rgb, sh, d_x);
    hl_project_bwd(p, &g, &f, &d_f, general ? d_rq : 0, d_x, d, general ? pose : 0);
    if (w->step->collect)
        hl_gpu_add_stats(w, i, &rec, d_f.mu);
}

/* The regularisers of raster/adam.h, for one splat. */
HL_GPU_FN void hl_gpu_regularise(const hl_gpu_work *w, int64_t i, hl_geometry_grad *d)
{
    const float per_splat = 1 / (float)w->count;
    if (w->step->scale_reg > 0)
        for (int k = 0; k < 3; k++)
            d->log_scale[k] +=
                w->step->scale_reg * per_splat / 3 * hl_exp(w->p.log_scale[3 * i + k]);
    if (w->step->opacity_reg > 0) {
        const float o = hl_sigmoid(w->p.logit_opa[i]);
        d->logit_opa += w->step->opacity_reg * per_splat * o * (1 - o);
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

/* A field of a warp's splats: quads of gradients, here one behind the other, or SH in rows of
 * HL_GPU_SH_PITCH; what becomes of them; rates of the first of 16 values and of the others. */
typedef struct hl_gpu_field {
    const float *grad;
    int components;
    float *out; /* gradients, or NULL */
    float *p, *m, *v;
    float lr, rest;
} hl_gpu_field;

HL_GPU_FN hl_quad hl_gpu_field_grad(const hl_gpu_field *f, int q)
{
    if (f->components != HL_SPLAT_DIM_sh)
        return hl_quad_load(f->grad + 4 * q);
    const float *g = f->grad + q / HL_GPU_SH_QUADS * HL_GPU_SH_PITCH + 4 * (q % HL_GPU_SH_QUADS);
    const hl_quad quad = {g[0], g[1], g[2], g[3]};
    return quad;
}

/* Quads q, q + 32, ..., HL_GPU_IN_FLIGHT of them: all on their way before the first is needed. */
HL_GPU_FN void hl_gpu_adam_quads(const hl_gpu_field *f, int q, int quads, const hl_gpu_rate *rate)
{
    hl_quad p[HL_GPU_IN_FLIGHT], m[HL_GPU_IN_FLIGHT], v[HL_GPU_IN_FLIGHT];
    const float lr = f->lr * rate->bias1, rest = f->rest * rate->bias1;
    const float inv = rate->inv_sqrt_bias2;
    HL_UNROLL
    for (int u = 0; u < HL_GPU_IN_FLIGHT; u++) {
        const int at = q + u * HL_LANES < quads ? 4 * (q + u * HL_LANES) : 0;
        p[u] = hl_quad_load(f->p + at);
        m[u] = hl_quad_load(f->m + at);
        v[u] = hl_quad_load(f->v + at);
    }
    HL_UNROLL
    for (int u = 0; u < HL_GPU_IN_FLIGHT; u++) {
        const int here = q + u * HL_LANES;
        if (here < quads) {
            const hl_quad g = hl_gpu_field_grad(f, here);
            const float first = here % (HL_ADAM_PATTERN / 4) ? rest : lr;
            hl_adam_update(&p[u].x, &m[u].x, &v[u].x, g.x, first, inv);
            hl_adam_update(&p[u].y, &m[u].y, &v[u].y, g.y, rest, inv);
            hl_adam_update(&p[u].z, &m[u].z, &v[u].z, g.z, rest, inv);
            hl_adam_update(&p[u].w, &m[u].w, &v[u].w, g.w, rest, inv);
            hl_quad_store(f->p + 4 * here, p[u]);
            hl_quad_store(f->m + 4 * here, m[u]);
            hl_quad_store(f->v + 4 * here, v[u]);
        }
    }
}

/* All values of a field of the splats from `first` on; the last quad may reach up to three values
 * beyond the last splat, into what no splat owns. */
HL_GPU_FN void hl_gpu_step_field(const hl_gpu_work *w, int64_t first, const hl_gpu_field *field,
                                 const hl_gpu_rate *rate)
{
    const int64_t left = w->count - first, base = first * field->components;
    const int quads = ((int)(left < HL_LANES ? left : HL_LANES) * field->components + 3) / 4;
    hl_gpu_field f = *field;
    f.out = f.out ? f.out + base : 0;
    if (rate) {
        f.p += base;
        f.m += base;
        f.v += base;
    }
    HL_EACH_LANE(l)
    {
        for (int q = l; f.out && q < quads; q += HL_LANES)
            hl_quad_store(f.out + 4 * q, hl_gpu_field_grad(&f, q));
        for (int q = l; rate && q < quads; q += HL_GPU_IN_FLIGHT * HL_LANES)
            hl_gpu_adam_quads(&f, q, quads, rate);
    }
}

HL_GPU_FN void hl_gpu_step_all(const hl_gpu_work *w, int64_t first,
                               const hl_gpu_splat_shared *shared, const hl_gpu_rate *rate)
{
    const hl_gpu_step *s = w->step;
#define FIELD(name, from, first_rate, rest_rate)                                        \
    {                                                                                   \
        const hl_gpu_field f = {from,      HL_SPLAT_DIM_##name, w->d.name,  w->p.name,  \
                                w->m.name, w->v.name,           first_rate, rest_rate}; \
        hl_gpu_step_field(w, first, &f, rate);                                          \
    }
    FIELD(mean, shared->mean, s->lr_mean, s->lr_mean)
    FIELD(log_scale, shared->log_scale, s->lr_log_scale, s->lr_log_scale)
    FIELD(quat, shared->quat, s->lr_quat, s->lr_quat)
    FIELD(logit_opa, shared->logit_opa, s->lr_logit_opa, s->lr_logit_opa)
    FIELD(sh, &shared->sh[0][0], s->lr_sh_dc, s->lr_sh_rest)
#undef FIELD
}

/* Lane l's splat: gradients, or zeros where it was not seen or is none. */
HL_GPU_FN void hl_gpu_splat_lane(const hl_gpu_work *w, int64_t i, int lane,
                                 hl_gpu_splat_shared *shared, int steps, float pose[6], int general)
{
    float *sh = shared->sh[lane];
    hl_geometry_grad d = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0, 0}, 0};
    if (i < w->count && w->record[i].tiles) {
        hl_gpu_splat_gradient(w, i, sh, &d, pose, general);
    } else {
        for (int k = 0; k < HL_SPLAT_DIM_sh; k++)
            sh[k] = 0;
        for (int k = 0; general && k < w->feature_count && w->feature_grad && i < w->count; k++)
            w->feature_grad[i * w->feature_count + k] = 0;
    }
    if (steps && i < w->count)
        hl_gpu_regularise(w, i, &d);
    hl_gpu_put_geometry(shared, lane, &d);
}

/* The warp's share of dL/dpose. */
HL_GPU_FN void hl_gpu_sum_pose(const hl_gpu_work *w, int64_t warp, hl_lane_f v[HL_FOLD_VALUES])
{
    hl_warp_fold16(v);
    HL_EACH_LANE(l)
    {
        if (l % 2 == 0 && l < 12)
            w->pose_partial[6 * warp + l / 2] = v[0][HL_SLOT(l)];
    }
}

/* general: planes beyond colour, gradients of the pose. */
HL_GPU_FN void hl_gpu_splats_bwd(const hl_gpu_work *w, int64_t warp, hl_gpu_splat_shared *shared,
                                 int general)
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
            hl_gpu_splat_lane(w, first + l, l, shared, steps, pose, general);
        HL_UNROLL
        for (int q = 0; q < HL_FOLD_VALUES; q++)
            v[q][HL_SLOT(l)] = q < 6 ? pose[q < 6 ? q : 0] : 0;
    }
    if (general && w->want_pose)
        hl_gpu_sum_pose(w, warp, v);
    if (!steps && !w->d.mean)
        return;
    hl_warp_sync();
    hl_gpu_rate rate = {1, 1};
    if (steps)
        rate = hl_gpu_bias(w->adam_steps[cluster] + 1);
    hl_gpu_step_all(w, first, shared, steps ? &rate : 0);
}

HL_GPU_FN void hl_gpu_k_splat_bwd(const hl_gpu_work *w, int64_t warp, hl_gpu_splat_shared *shared)
{
    hl_gpu_splats_bwd(w, warp, shared, 0);
}

HL_GPU_FN void hl_gpu_k_splat_bwd_general(const hl_gpu_work *w, int64_t warp,
                                          hl_gpu_splat_shared *shared)
{
    hl_gpu_splats_bwd(w, warp, shared, 1);
}

#endif /* HL_RASTER_CUDA_GPU_SPLAT_BWD_H */
