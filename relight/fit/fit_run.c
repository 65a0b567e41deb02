/* SPDX-License-Identifier: MIT */
#include "core/color.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/sh.h"
#include "relight/fit/state.h"

#include <math.h>
#include <string.h>

enum {
    TABLES_EVERY = 32,  /* steps between new sampling tables of the light */
    BOUNCES_EVERY = 250 /* steps between new bounces                      */
};

#define BOUNCES_FROM 0.05f /* of the iterations: no indirect light before  */
#define BOUNCES_FULL 0.10f /* and all of it from here                      */
#define LOG_LEAST    -9.0f /* of the logarithm of the light                */
#define LOG_MOST     HL_FIT_LOG_MOST
#define ALBEDO_LEAST 0.005f
#define START_ALBEDO 0.35f /* luminance */
#define KNOWN_RATE   0.25f /* of the light's steps where the start has a sun */
#define ALBEDO_FULL  0.2f  /* of the iterations: until then its steps grow from a tenth */

/* ---- set-up --------------------------------------------------------------------------------- */

hl_status hl_fit_adam_create(hl_fit_adam *a, int32_t count)
{
    a->count = count;
    a->p = hl_alloc((size_t)count, sizeof *a->p);
    a->m = hl_alloc((size_t)count, sizeof *a->m);
    a->v = hl_alloc((size_t)count, sizeof *a->v);
    a->g = hl_alloc((size_t)count, sizeof *a->g);
    return a->p && a->m && a->v && a->g ? HL_OK : HL_E_MEMORY;
}

void hl_fit_adam_release(hl_fit_adam *a)
{
    hl_free(a->p);
    hl_free(a->m);
    hl_free(a->v);
    hl_free(a->g);
}

hl_status hl_fit_set_create(hl_fit_set *set, int32_t count)
{
    HL_TRY(hl_fit_adam_create(&set->albedo, 3 * count));
    HL_TRY(hl_fit_adam_create(&set->roughness, count));
    return hl_fit_adam_create(&set->metal, count);
}

void hl_fit_set_release(hl_fit_set *set)
{
    hl_fit_adam_release(&set->albedo);
    hl_fit_adam_release(&set->roughness);
    hl_fit_adam_release(&set->metal);
}

void hl_fit_set_clear(hl_fit_set *set)
{
    hl_fit_adam *const all[] = {&set->albedo, &set->roughness, &set->metal};
    for (int k = 0; k < 3; k++)
        memset(all[k]->g, 0, (size_t)all[k]->count * sizeof *all[k]->g);
}

void hl_fit_set_gather(const hl_fit_set *set, float *features)
{
    for (int32_t i = 0; i < set->roughness.count; i++) {
        float *f = features + (size_t)i * HL_FIT_CHANNELS;
        memcpy(f, set->albedo.p + 3 * (size_t)i, 3 * sizeof *f);
        f[HL_FIT_ROUGHNESS] = set->roughness.p[i];
        f[HL_FIT_METAL] = set->metal.p[i];
    }
}

/* Hue of the splat at one luminance: what is dark may be in shadow, which is for the light to
 * explain. */
static void start_values(hl_fit *fit)
{
    const hl_splats *s = fit->scene.splats;
    for (int32_t i = 0; i < s->count; i++) {
        const float *given = fit->scene.materials;
        if (given) {
            given += (size_t)i * HL_FIT_CHANNELS;
            memcpy(fit->of_splats.albedo.p + 3 * (size_t)i, given, 3 * sizeof *given);
            fit->of_splats.roughness.p[i] = given[HL_FIT_ROUGHNESS];
            fit->of_splats.metal.p[i] = given[HL_FIT_METAL];
            continue;
        }
        float rgb[3];
        for (int c = 0; c < 3; c++) {
            const float shown =
                0.5f + HL_SH_C0 * s->sh[((size_t)i * 3 + (size_t)c) * HL_SH_COEFFS_MAX];
            rgb[c] = hl_linear_from_srgb(hl_clamp(shown, 0, 1));
        }
        const float even = START_ALBEDO / fmaxf(hl_luminance(rgb), 0.02f);
        for (int c = 0; c < 3; c++)
            fit->of_splats.albedo.p[3 * i + c] = hl_clamp(rgb[c] * even, 0.05f, 0.9f);
        fit->of_splats.roughness.p[i] = fit->c.init_roughness;
        fit->of_splats.metal.p[i] = fit->c.metal ? fit->c.init_metal : 0;
    }
}

static hl_status start_light(hl_fit *fit)
{
    const hl_image *given = fit->scene.light;
    hl_image start = {0};
    const int32_t h = fit->c.env_height;
    hl_status s =
        given ? hl_image_resize(&start, given, 2 * h, h) : hl_image_create(&start, 2 * h, h, 3);
    if (s == HL_OK && start.channels < 3)
        s = hl_fail(HL_E_ARG, "fit: the light has %d channels, expected 3", start.channels);
    for (int32_t i = 0; i < 2 * h * h && s == HL_OK; i++)
        for (int c = 0; c < 3; c++) {
            const float x = given ? start.data[i * start.channels + c] : fit->c.init_light;
            fit->light.p[3 * i + c] = hl_clamp(logf(fmaxf(x, 1e-6f)), LOG_LEAST, LOG_MOST);
        }
    hl_image plain = {2 * h, h, 3, fit->light.g}; /* any numbers: replaced below */
    if (s == HL_OK)
        s = hl_environment_create(&fit->env, &plain);
    hl_image_release(&start);
    if (s == HL_OK)
        hl_fit_refresh_light(fit, true);
    return s;
}

static hl_status make_buffers(hl_fit *fit)
{
    const size_t n = (size_t)fit->scene.splats->count, pixels = (size_t)fit->c.pixels;
    const size_t blocks = (size_t)hl_block_count(fit->c.pixels, HL_FIT_BLOCK);
    size_t most = 0;
    for (int32_t k = 0; k < fit->scene.view_count; k++) {
        const hl_raster_view *v = &fit->scene.views[k];
        const size_t floats = (size_t)(v->width + 64) * (size_t)(v->height + 64);
        most = floats > most ? floats : most;
    }
    const int32_t texels = 2 * fit->c.env_height * fit->c.env_height;
    HL_TRY(hl_fit_set_create(&fit->of_splats, fit->scene.splats->count));
    HL_TRY(hl_fit_adam_create(&fit->light, 3 * texels));
    HL_TRY(hl_fit_exposure_create(fit));
    fit->plane_floats = most;
    fit->table = hl_alloc((size_t)fit->light.count, sizeof *fit->table);
    fit->features = hl_alloc(n, HL_FIT_CHANNELS * sizeof *fit->features);
    fit->feature_grad = hl_alloc(n, HL_FIT_CHANNELS * sizeof *fit->feature_grad);
    fit->window = hl_alloc(2 * most, sizeof *fit->window);
    fit->plane_grad = hl_alloc(HL_FIT_CHANNELS * most, sizeof *fit->plane_grad);
    fit->block_light = hl_alloc(blocks * (size_t)fit->light.count, sizeof *fit->block_light);
    fit->block_loss = hl_alloc(blocks, sizeof *fit->block_loss);
    fit->pixel_grad = hl_alloc(pixels, HL_FIT_CHANNELS * sizeof *fit->pixel_grad);
    fit->pixel_at = hl_alloc(pixels, sizeof *fit->pixel_at);
    fit->vertex_splat = hl_alloc((size_t)fit->scene.mesh->vertex_count, sizeof(int32_t));
    fit->splat_vertex = hl_alloc(n, sizeof *fit->splat_vertex);
    fit->splat_share = hl_alloc(n, sizeof *fit->splat_share);
    const bool all = fit->table && fit->features && fit->feature_grad && fit->window &&
                     fit->plane_grad && fit->block_light && fit->block_loss && fit->pixel_grad &&
                     fit->pixel_at && fit->vertex_splat && fit->splat_vertex && fit->splat_share;
    return all ? HL_OK : HL_E_MEMORY;
}

static hl_status check_scene(const hl_fit_scene *s)
{
    if (!s->splats || s->splats->count < 1 || !s->mesh || s->mesh->triangle_count < 1)
        return hl_fail(HL_E_ARG, "fit: the scene needs splats and a mesh");
    if (!s->mesh->normals)
        return hl_fail(HL_E_ARG, "fit: the mesh has no normals");
    if (s->view_count < 1)
        return hl_fail(HL_E_ARG, "fit: no photo to fit to");
    for (int32_t k = 0; k < s->view_count; k++)
        if (s->photos[k].width != s->views[k].width || s->photos[k].height != s->views[k].height ||
            s->photos[k].channels < 3)
            return hl_fail(HL_E_ARG, "fit: photo %d is %d x %d x %d, its view %d x %d", k,
                           s->photos[k].width, s->photos[k].height, s->photos[k].channels,
                           s->views[k].width, s->views[k].height);
    return HL_OK;
}

static hl_status set_up(hl_fit *fit, const char *backend, hl_isa isa)
{
    const hl_mesh *mesh = fit->scene.mesh;
    float low[3], high[3], half[3];
    HL_TRY(hl_bvh_create(&fit->bvh, mesh));
    HL_TRY(hl_raster_create(&fit->raster, backend, isa));
    hl_mesh_bounds(mesh, low, high);
    for (int k = 0; k < 3; k++)
        half[k] = (high[k] - low[k]) / 2;
    fit->edge = hl_mesh_mean_edge(mesh);
    fit->offset = fmaxf(1e-4f * hl_length3(half), 0.5f * fit->edge);
    fit->reach = fit->rules->windowed ? fit->c.window * fit->edge : 0;
    HL_TRY(make_buffers(fit));
    HL_TRY(hl_fit_trace_views(fit));
    HL_TRY(hl_fit_nearest(mesh->positions, mesh->vertex_count, fit->splats.mean, fit->splats.count,
                          fit->vertex_splat));
    HL_TRY(hl_fit_nearest(fit->splats.mean, fit->splats.count, mesh->positions, mesh->vertex_count,
                          fit->splat_vertex));
    start_values(fit);
    HL_TRY(hl_fit_surface_create(fit));
    if (fit->rules->per_splat)
        HL_TRY(hl_fit_forward_create(fit));
    HL_TRY(start_light(fit));
    hl_fit_set_gather(&fit->of_splats, fit->features);
    HL_TRY(hl_fit_guess(fit));
    hl_fit_set_gather(&fit->of_splats, fit->features);
    return HL_OK;
}

hl_status hl_fit_create(hl_fit **out, const hl_fit_config *config, const hl_fit_scene *scene,
                        const char *backend, hl_isa isa)
{
    HL_TRY(hl_fit_config_check(config));
    HL_TRY(check_scene(scene));
    hl_fit *fit = hl_alloc(1, sizeof *fit);
    if (!fit)
        return HL_E_MEMORY;
    fit->c = *config;
    fit->rules = hl_hybrid_rules_of(config->hybrid);
    fit->scene = *scene;
    fit->splats = *scene->splats;
    const hl_status s = set_up(fit, backend, isa);
    if (s != HL_OK) {
        hl_fit_destroy(&fit);
        return s;
    }
    *out = fit;
    return HL_OK;
}

void hl_fit_destroy(hl_fit **out)
{
    hl_fit *fit = *out;
    if (!fit)
        return;
    for (int32_t k = 0; fit->view && k < fit->scene.view_count; k++) {
        hl_free(fit->view[k].hit);
        hl_free(fit->view[k].pixel);
        hl_free(fit->view[k].splat);
    }
    hl_free(fit->view);
    hl_raster_destroy(&fit->raster);
    hl_bvh_release(&fit->bvh);
    hl_fit_bounces_release(&fit->bounces);
    hl_environment_release(&fit->env);
    hl_fit_set_release(&fit->of_splats);
    hl_fit_surface_release(fit);
    hl_fit_exposure_release(fit);
    hl_fit_forward_release(fit);
    hl_fit_refine_release(fit);
    hl_free(fit->splat_vertex);
    hl_free(fit->splat_share);
    hl_fit_adam_release(&fit->light);
    hl_free(fit->table);
    hl_free(fit->features);
    hl_free(fit->feature_grad);
    hl_free(fit->window);
    hl_free(fit->plane_grad);
    hl_free(fit->block_light);
    hl_free(fit->block_loss);
    hl_free(fit->pixel_grad);
    hl_free(fit->pixel_at);
    hl_free(fit->vertex_splat);
    hl_free(fit);
    *out = NULL;
}

/* ---- what a step reads ---------------------------------------------------------------------- */

hl_status hl_fit_gather_features(hl_fit *fit)
{
    if (fit->step <= hl_fit_surface_steps(fit) && fit->vertex_features) {
        hl_fit_set_gather(&fit->of_vertices, fit->vertex_features);
        HL_TRY(hl_fit_surface_spread(fit));
    }
    hl_fit_set_gather(&fit->of_splats, fit->features);
    return HL_OK;
}

/* Between two refreshes of the tables the density stays what it was: it is still exact. */
void hl_fit_refresh_light(hl_fit *fit, bool tables)
{
    for (int32_t i = 0; i < fit->light.count; i++)
        fit->env.radiance[i] = expf(fit->light.p[i]);
    if (!tables)
        return;
    memcpy(fit->table, fit->light.p, (size_t)fit->light.count * sizeof *fit->table);
    hl_environment_refresh(&fit->env);
}

void hl_fit_split_samples(hl_estimate_scene *s, int32_t samples)
{
    s->cosine = samples / 4;
    s->vndf = samples / 4;
    s->light = samples - s->cosine - s->vndf;
}

hl_estimate_scene hl_fit_estimate_scene(const hl_fit *fit, int32_t samples)
{
    const float t = (float)fit->step / (float)fit->c.iterations;
    hl_estimate_scene s = {.bvh = &fit->bvh,
                           .mesh = fit->scene.mesh,
                           .env = &fit->env,
                           .offset = fit->offset * fit->rules->lift,
                           .visibility = fit->c.visibility};
    hl_fit_split_samples(&s, samples);
    if (fit->c.indirect && fit->c.visibility && t >= BOUNCES_FROM) {
        s.bounce = fit->bounces.radiance;
        s.bounce_weight = hl_clamp((t - BOUNCES_FROM) / (BOUNCES_FULL - BOUNCES_FROM), 0, 1);
    }
    return s;
}

/* ---- one step ------------------------------------------------------------------------------- */

static void take_step(hl_fit_adam *a, float lr, int32_t t, float least, float most)
{
    hl_adam_step_array(a->p, a->m, a->v, a->g, a->count, lr, t);
    for (int32_t i = 0; i < a->count; i++)
        a->p[i] = hl_clamp(a->p[i], least, most);
}

static void scatter_gradients(hl_fit *fit)
{
    hl_fit_set *set = &fit->of_splats;
    for (int32_t i = 0; i < fit->scene.splats->count; i++) {
        const float *g = fit->feature_grad + (size_t)i * HL_FIT_CHANNELS;
        memcpy(set->albedo.g + 3 * i, g, 3 * sizeof *g);
        set->roughness.g[i] = g[HL_FIT_ROUGHNESS];
        set->metal.g[i] = g[HL_FIT_METAL];
    }
}

hl_status hl_fit_draw(hl_fit *fit, int32_t k, hl_raster_frame *frame)
{
    const hl_raster_view *view = &fit->scene.views[k];
    hl_raster_options o = {.sh_degree = 0,
                           .antialiased = fit->scene.splats->antialiased,
                           .feature_count = HL_FIT_CHANNELS,
                           .features = fit->features};
    if (!fit->rules->on_mesh)
        o.outputs = HL_RASTER_DEPTH | HL_RASTER_NORMAL;
    if (fit->reach > 0) {
        hl_fit_window(fit->scene.mesh, view, fit->view[k].hit, fit->reach, fit->window);
        o.depth_window = fit->window;
    }
    HL_TRY(hl_raster_forward(fit->raster, &fit->splats, view, &o, frame));
    if ((size_t)frame->rows * (size_t)frame->stride > fit->plane_floats)
        return hl_fail(HL_E_ARG, "fit: view %d: the frame is padded to %d x %d", k, frame->stride,
                       frame->rows);
    memset(fit->plane_grad, 0, HL_FIT_CHANNELS * fit->plane_floats * sizeof *fit->plane_grad);
    return HL_OK;
}

hl_status hl_fit_draw_bwd(hl_fit *fit, const hl_raster_frame *frame)
{
    hl_raster_frame_grad grad = {0};
    hl_raster_sink sink = {.feature_grad = fit->feature_grad};
    for (int c = 0; c < HL_FIT_CHANNELS; c++)
        grad.plane[frame->feature_plane + c] = fit->plane_grad + (size_t)c * fit->plane_floats;
    HL_TRY(hl_raster_backward(fit->raster, &fit->splats, &grad, &sink));
    scatter_gradients(fit);
    return HL_OK;
}

int32_t hl_fit_next_view(const hl_fit *fit)
{
    hl_rng rng = hl_rng_at((uint64_t)fit->c.seed, (uint64_t)fit->step, 0, HL_RNG_VIEW_ORDER);
    int32_t k = (int32_t)hl_rng_below(&rng, (uint32_t)fit->scene.view_count);
    while (!fit->view[k].pixel_count) /* some view has one: hl_fit_create made sure */
        k = (k + 1) % fit->scene.view_count;
    return k;
}

/* Gradients of the splats' materials and of the light. */
static hl_status splat_step(hl_fit *fit)
{
    hl_raster_frame frame;
    const int32_t k = hl_fit_next_view(fit);
    if (fit->rules->per_splat) {
        HL_TRY(hl_fit_forward_step(fit, k));
        scatter_gradients(fit);
        return HL_OK;
    }
    HL_TRY(hl_fit_draw(fit, k, &frame));
    hl_fit_shade(fit, k, &frame);
    hl_fit_smooth(fit, k, &frame);
    return hl_fit_draw_bwd(fit, &frame);
}

void hl_fit_move(hl_fit *fit, hl_fit_set *set, const hl_fit_rates *rates, int32_t n)
{
    if (rates->metal)
        hl_fit_metal_prior(fit, set);
    take_step(&set->albedo, fit->c.lr_albedo * rates->albedo, n, ALBEDO_LEAST, 1);
    take_step(&set->roughness, fit->c.lr_roughness * rates->others, n, HL_ROUGHNESS_MIN, 1);
    if (rates->metal)
        take_step(&set->metal, fit->c.lr_metal * rates->others, n, 0, 1);
}

static void move_materials(hl_fit *fit, hl_fit_set *set, float t, int32_t n)
{
    const float decay = powf(fit->c.lr_end, t);
    const hl_fit_rates rates = {.albedo = decay * hl_clamp(0.1f + 0.9f * t / ALBEDO_FULL, 0, 1),
                                .others = decay,
                                .metal = fit->c.metal && t >= fit->c.metal_from};
    hl_fit_move(fit, set, &rates, n);
}

hl_status hl_fit_step(hl_fit *fit)
{
    if (fit->step >= fit->c.iterations && fit->step < hl_fit_steps_in_all(fit))
        return hl_fit_refine_step(fit);
    const int32_t begin = hl_fit_surface_steps(fit);
    const bool surface = fit->step < begin;
    hl_fit_set *set = surface ? &fit->of_vertices : &fit->of_splats;
    float *features = surface ? fit->vertex_features : fit->features;
    if (fit->step == begin) /* of the surface: spread to the splats */
        HL_TRY(hl_fit_gather_features(fit));
    hl_fit_set_gather(set, features);
    if (fit->step % BOUNCES_EVERY == 0 && fit->c.indirect && fit->c.visibility)
        HL_TRY(hl_fit_bounces_solve(fit, &fit->bounces, &fit->env, features,
                                    surface ? NULL : fit->vertex_splat));
    memset(fit->light.g, 0, (size_t)fit->light.count * sizeof *fit->light.g);
    if (surface)
        hl_fit_surface_step(fit);
    else
        HL_TRY(splat_step(fit));

    const float t = (float)fit->step / (float)fit->c.iterations;
    const int32_t n = ++fit->step;
    move_materials(fit, set, t, surface ? n : n - begin);
    const float decay = powf(fit->c.lr_end, t);
    if (t < fit->c.freeze_light)
        hl_fit_exposure_step(fit, fit->c.lr_exposure * decay, n);
    if (!fit->c.fixed_light && t < fit->c.freeze_light) {
        hl_fit_light_prior(fit);
        const float lr = fit->c.lr_light * decay * (fit->known ? KNOWN_RATE : 1);
        take_step(&fit->light, lr, n, LOG_LEAST, LOG_MOST);
        hl_fit_refresh_light(fit, n % TABLES_EVERY == 0);
    }
    return HL_OK;
}

hl_status hl_fit_run(hl_fit *fit, const hl_fit_events *events)
{
    double smooth = nan("");
    const int32_t total = hl_fit_steps_in_all(fit);
    while (fit->step < total) {
        HL_TRY(hl_fit_step(fit));
        smooth = isnan(smooth) ? fit->loss : 0.98 * smooth + 0.02 * fit->loss;
        const bool stop = hl_interrupt_requested();
        const bool end = fit->step == total || fit->step == fit->c.iterations;
        const int32_t every = events ? events->save_every : 0;
        hl_log_progress(&(hl_progress){.stage = fit->refine ? "refine" : "fit",
                                       .done = fit->step,
                                       .total = total,
                                       .loss = smooth,
                                       .splats = fit->scene.splats->count,
                                       .next_save = every ? (fit->step / every + 1) * every : -1});
        if (events && events->save && (stop || end || (every && fit->step % every == 0))) {
            HL_TRY(hl_fit_gather_features(fit));
            HL_TRY(events->save(events->ctx, fit));
        }
        if (stop && fit->step < total)
            return hl_fail(HL_E_INTERRUPT, "stopped after %d of %d steps", fit->step, total);
    }
    return HL_OK;
}

int32_t hl_fit_steps_in_all(const hl_fit *fit)
{
    return fit->c.iterations + (fit->rules->per_splat ? 0 : fit->c.refine);
}

int32_t hl_fit_steps(const hl_fit *fit)
{
    return fit->step;
}

double hl_fit_loss(const hl_fit *fit)
{
    return fit->loss;
}

const float *hl_fit_materials(const hl_fit *fit)
{
    return fit->features;
}

const float *hl_fit_exposures(const hl_fit *fit)
{
    return fit->exposure.gain;
}

const hl_environment *hl_fit_environment(const hl_fit *fit)
{
    return &fit->env;
}
