/* SPDX-License-Identifier: MIT */
/* After the iterations: materials alone, against light that is integrated once per pixel
 * (relight/fit/baked.h).  A step draws one photo's materials and compares all of its baked pixels,
 * without a ray and without noise of its own.
 */
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "relight/fit/baked.h"
#include "relight/fit/state.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 256,      /* pixels of a block of a step */
    BAKE_BLOCK = 64,  /* pixels of a block of baking */
    COSINE_SHARE = 4, /* one in so many rays ...     */
    LEVELS_SHARE = 3  /* three eighths for the levels, the rest for the environment */
};

/* Pixels [first[k], first[k + 1]) belong to photo k. */
struct hl_fit_refine {
    int64_t *first;     /* (views + 1)                                        */
    hl_baked *baked;    /* (first[views])                                     */
    int32_t *at;        /* (first[views]) pixel of the photo                  */
    double *block_loss; /* (blocks of the photo with most pixels)             */
};

void hl_fit_refine_release(hl_fit *fit)
{
    struct hl_fit_refine *r = fit->refine;
    if (!r)
        return;
    hl_free(r->first);
    hl_free(r->baked);
    hl_free(r->at);
    hl_free(r->block_loss);
    hl_free(r);
    fit->refine = NULL;
}

/* ---- which pixels --------------------------------------------------------------------------- */

/* Of `all` pixels in a row `most` at most are kept, evenly: true for those. */
static bool is_kept(int64_t i, int64_t all, int64_t most)
{
    return all <= most || (i + 1) * most / all > i * most / all;
}

static hl_status choose_pixels(const hl_fit *fit, struct hl_fit_refine *r)
{
    const int32_t views = fit->scene.view_count;
    int64_t all = 0, i = 0, count = 0, widest = 0;
    for (int32_t k = 0; k < views; k++)
        all += fit->view[k].pixel_count;
    const int64_t most = all < fit->c.bake_pixels ? all : fit->c.bake_pixels;
    r->first = hl_alloc((size_t)views + 1, sizeof *r->first);
    r->at = hl_alloc((size_t)most, sizeof *r->at);
    r->baked = hl_alloc((size_t)most, sizeof *r->baked);
    if (!r->first || !r->at || !r->baked)
        return HL_E_MEMORY;
    for (int32_t k = 0; k < views; k++) {
        const hl_fit_view *v = &fit->view[k];
        for (int32_t q = 0; q < v->pixel_count; q++, i++)
            if (is_kept(i, all, most))
                r->at[count++] = v->pixel[q];
        r->first[k + 1] = count;
        widest = count - r->first[k] > widest ? count - r->first[k] : widest;
    }
    r->block_loss = hl_alloc((size_t)hl_block_count(widest, BLOCK), sizeof *r->block_loss);
    return r->block_loss ? HL_OK : HL_E_MEMORY;
}

/* ---- baking --------------------------------------------------------------------------------- */

/* Rays of each kind: cosine, one level, environment. */
typedef struct shares {
    int32_t cosine, level, light;
} shares;

static shares shares_of(int32_t samples)
{
    shares s = {.cosine = samples / COSINE_SHARE};
    s.level = samples * LEVELS_SHARE / (8 * HL_BAKED_LEVELS);
    s.level = s.level > 0 ? s.level : 1;
    s.light = samples - s.cosine - s.level * HL_BAKED_LEVELS;
    return s;
}

/* Direction i of the set; each kind is evenly spread by itself. */
static void draw(const hl_estimate_scene *scene, const hl_estimate_point *p, const shares *n,
                 const float *shift, int32_t i, float direction[3])
{
    const int32_t lit = n->cosine + n->level * HL_BAKED_LEVELS;
    float u[2], pdf;
    if (i < n->cosine) {
        hl_sample_square((uint32_t)i, (uint32_t)n->cosine, shift, u);
        hl_sample_cosine(p->surface.normal, u[0], u[1], direction);
    } else if (i < lit) {
        const int32_t l = (i - n->cosine) / n->level, q = (i - n->cosine) % n->level;
        hl_sample_square((uint32_t)q, (uint32_t)n->level, shift + 4 + 2 * l, u);
        hl_sample_vndf(p->surface.normal, p->eye, hl_brdf_alpha2(hl_baked_roughness(l)), u[0], u[1],
                       direction);
    } else {
        hl_sample_square((uint32_t)(i - lit), (uint32_t)n->light, shift + 2, u);
        hl_environment_sample(scene->env, u, direction, &pdf);
    }
}

void hl_fit_bake_point(const hl_estimate_scene *scene, const hl_estimate_point *p, int32_t samples,
                       hl_rng *rng, hl_baked *out)
{
    const shares n = shares_of(samples);
    hl_baked_lobes lobes;
    float shift[4 + 2 * HL_BAKED_LEVELS];
    memset(out, 0, sizeof *out);
    for (size_t k = 0; k < sizeof shift / sizeof *shift; k++)
        shift[k] = hl_rng_uniform(rng);
    hl_baked_lobes_of(hl_dot3(p->surface.normal, p->eye), &lobes);
    for (int32_t i = 0; i < samples; i++) {
        float d[3], rgb[3], lobe[HL_BAKED_LEVELS];
        hl_brdf_angles a;
        draw(scene, p, &n, shift, i, d);
        if (!hl_brdf_angles_of(p->surface.normal, p->eye, d, &a))
            continue;
        const float pdf = (float)n.level * hl_baked_weights(&lobes, &a, lobe) +
                          (float)n.cosine * a.ni / HL_PI +
                          (float)n.light * hl_environment_pdf(scene->env, d);
        if (!(pdf > 0))
            continue;
        hl_estimate_look(scene, p, d, rgb);
        for (int c = 0; c < 3; c++)
            rgb[c] /= pdf;
        hl_baked_add(out, &a, lobe, rgb);
    }
    hl_baked_finish(out);
}

typedef struct bake_job {
    hl_fit *fit;
    const hl_estimate_scene *scene;
    const hl_raster_frame *frame; /* of the photo, NULL where places are those of the mesh */
    int32_t view;
} bake_job;

static void bake_pixel(const bake_job *j, int64_t q)
{
    hl_fit *fit = j->fit;
    struct hl_fit_refine *r = fit->refine;
    const hl_raster_view *view = &fit->scene.views[j->view];
    const int32_t i = r->at[q];
    hl_rng rng = hl_rng_at((uint64_t)fit->c.seed, (uint64_t)j->view, (uint64_t)i, HL_RNG_BAKE);
    hl_estimate_point p = {.surface = {.roughness = 1}};
    if (!j->frame) {
        hl_fit_point_at(fit->scene.mesh, view, i, &fit->view[j->view].hit[i], &p);
    } else {
        const size_t at =
            (size_t)(i / view->width) * (size_t)j->frame->stride + (size_t)(i % view->width);
        const float alpha = 1 - j->frame->transmittance[at];
        if (!(alpha >= HL_FIT_LEAST_ALPHA))
            return;
        hl_fit_point_blended(j->frame, view, i, at, alpha, &p);
    }
    hl_fit_bake_point(j->scene, &p, fit->c.bake_samples, &rng, &r->baked[q]);
}

static void bake_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const bake_job *j = ctx;
    const int64_t *first = j->fit->refine->first + j->view;
    const int64_t begin = first[0] + (int64_t)block * BAKE_BLOCK;
    const int64_t end = begin + BAKE_BLOCK < first[1] ? begin + BAKE_BLOCK : first[1];
    for (int64_t q = begin; q < end; q++)
        bake_pixel(j, q);
}

static hl_status bake(hl_fit *fit)
{
    const struct hl_fit_refine *r = fit->refine;
    const hl_estimate_scene scene = hl_fit_estimate_scene(fit, fit->c.bake_samples);
    for (int32_t k = 0; k < fit->scene.view_count; k++) {
        hl_raster_frame frame;
        bake_job j = {.fit = fit, .scene = &scene, .view = k};
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "stopped while the light of the photos was baked");
        if (r->first[k + 1] > r->first[k] && !fit->rules->on_mesh) {
            HL_TRY(hl_fit_draw(fit, k, &frame));
            j.frame = &frame;
        }
        hl_parallel_for(hl_block_count(r->first[k + 1] - r->first[k], BAKE_BLOCK), bake_block, &j);
        hl_log_progress(&(hl_progress){.stage = "bake",
                                       .done = k + 1,
                                       .total = fit->scene.view_count,
                                       .loss = nan(""),
                                       .splats = -1,
                                       .next_save = -1});
    }
    return HL_OK;
}

/* New moments: gradients have much less noise from here on. */
static void forget(hl_fit_set *set)
{
    hl_fit_adam *const all[] = {&set->albedo, &set->roughness, &set->metal};
    for (int k = 0; k < 3; k++) {
        memset(all[k]->m, 0, (size_t)all[k]->count * sizeof *all[k]->m);
        memset(all[k]->v, 0, (size_t)all[k]->count * sizeof *all[k]->v);
    }
}

/* What is baked depends on what is saved alone, so that a resumed run bakes it again. */
static hl_status start(hl_fit *fit)
{
    if (fit->step == fit->c.iterations) {
        forget(&fit->of_splats);
        hl_fit_refresh_light(fit, true);
        if (fit->c.indirect && fit->c.visibility)
            HL_TRY(hl_fit_bounces_solve(fit, &fit->bounces, &fit->env, fit->features,
                                        fit->vertex_splat));
    }
    fit->refine = hl_alloc(1, sizeof *fit->refine);
    if (!fit->refine)
        return HL_E_MEMORY;
    HL_TRY(choose_pixels(fit, fit->refine));
    return bake(fit);
}

/* ---- one step ------------------------------------------------------------------------------- */

typedef struct job {
    hl_fit *fit;
    const hl_raster_frame *frame;
    int32_t view;
} job;

/* Loss of one pixel; its gradient into its own place of plane_grad. */
static double pixel_loss(const job *j, int64_t q, float share, float gain)
{
    hl_fit *fit = j->fit;
    const hl_image8 *photo = &fit->scene.photos[j->view];
    const int32_t i = fit->refine->at[q];
    const size_t at =
        (size_t)(i / photo->width) * (size_t)j->frame->stride + (size_t)(i % photo->width);
    const uint8_t *shown = photo->data + (size_t)i * (size_t)photo->channels;
    hl_surface s, grad = {{0}, {0}, 0, 0};
    float radiance[3], d[3];
    double loss = 0;
    const float alpha = hl_fit_read_surface(j->frame, at, &s);
    if (alpha < HL_FIT_LEAST_ALPHA)
        return 0;
    hl_baked_radiance(&fit->refine->baked[q], &s, radiance);
    for (int c = 0; c < 3; c++) {
        loss += (double)hl_fit_channel_loss(gain * radiance[c], (float)shown[c] / 255, &d[c]);
        d[c] *= gain * share / (3 * alpha);
    }
    hl_baked_bwd(&fit->refine->baked[q], &s, d, &grad);
    float *out = fit->plane_grad + at;
    for (int c = 0; c < 3; c++)
        out[(size_t)c * fit->plane_floats] = grad.albedo[c];
    out[HL_FIT_ROUGHNESS * fit->plane_floats] = grad.roughness;
    out[HL_FIT_METAL * fit->plane_floats] = grad.metal;
    return loss / 3;
}

static void step_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const job *j = ctx;
    const int64_t *first = j->fit->refine->first + j->view;
    const int64_t begin = first[0] + (int64_t)block * BLOCK;
    const int64_t end = begin + BLOCK < first[1] ? begin + BLOCK : first[1];
    const float share = 1 / (float)(first[1] - first[0]);
    const float gain = j->fit->exposure.gain ? j->fit->exposure.gain[j->view] : 1;
    double loss = 0;
    for (int64_t q = begin; q < end; q++)
        loss += pixel_loss(j, q, share, gain);
    j->fit->refine->block_loss[block] = loss;
}

static int32_t next_view(const hl_fit *fit)
{
    int32_t k = hl_fit_next_view(fit);
    while (fit->refine->first[k + 1] == fit->refine->first[k])
        k = (k + 1) % fit->scene.view_count;
    return k;
}

hl_status hl_fit_refine_step(hl_fit *fit)
{
    hl_raster_frame frame;
    hl_fit_set_gather(&fit->of_splats, fit->features);
    if (!fit->refine) {
        const hl_status s = start(fit);
        if (s != HL_OK) {
            hl_fit_refine_release(fit);
            return s;
        }
    }
    const int32_t k = next_view(fit);
    const int64_t count = fit->refine->first[k + 1] - fit->refine->first[k];
    const int32_t blocks = hl_block_count(count, BLOCK);
    HL_TRY(hl_fit_draw(fit, k, &frame));
    job j = {.fit = fit, .frame = &frame, .view = k};
    hl_parallel_for(blocks, step_block, &j);
    fit->loss = hl_ordered_sum(fit->refine->block_loss, blocks) / (double)count;
    hl_fit_smooth(fit, k, &frame);
    HL_TRY(hl_fit_draw_bwd(fit, &frame));
    const int32_t n = fit->step - fit->c.iterations;
    const float rate = fit->c.lr_refine * powf(fit->c.lr_end, (float)n / (float)fit->c.refine);
    const hl_fit_rates rates = {.albedo = rate, .others = rate, .metal = fit->c.metal};
    fit->step++;
    hl_fit_move(fit, &fit->of_splats, &rates, n + 1);
    return HL_OK;
}
