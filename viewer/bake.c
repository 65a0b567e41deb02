/* SPDX-License-Identifier: MIT */
#include "viewer/bake.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/sh.h"
#include "viewer/bake_scene.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

enum { RAYS = 1 << 22, SAMPLES_LEAST = 16, SAMPLES_MOST = 256, BOUNCES = 3 };

/* One wish for light. */
typedef struct wish {
    hl_environment environment; /* owned */
    hl_light lights[HL_BAKE_LAMPS];
    int32_t light_count;
} wish;

struct hl_bake {
    pthread_mutex_t lock;
    pthread_cond_t change;
    pthread_t thread;
    bool running, stop, busy;
    hl_bake_scene *next_scene; /* owned; NULL: as before */
    wish next;
    bool asked;            /* `next` is to be solved  */
    hl_bake_result result; /* owned                   */
    bool ready;

    /* Of the solver alone. */
    hl_bake_scene *scene;
    hl_vertex_light *solver;
    wish now;

    /* Of the owner alone: what was asked for last. */
    uint64_t asked_hash;
    bool has_surfaces;
};

static void release_wish(wish *w)
{
    hl_environment_release(&w->environment);
    *w = (wish){.light_count = 0};
}

void hl_bake_result_release(hl_bake_result *result)
{
    hl_free(result->vertices);
    hl_free(result->splats);
    hl_free(result->places);
    *result = (hl_bake_result){.vertices = NULL};
}

void hl_bake_unpack(uint32_t bits, float rgb[3])
{
    const float unit = ldexpf(1, (int)(bits >> 27) - 24);
    for (int c = 0; c < 3; c++)
        rgb[c] = unit * (float)(bits >> 9 * c & 511);
}

uint32_t hl_bake_pack(const float rgb[3])
{
    float most = 0, unit = 1;
    uint32_t bits = 0;
    int exponent;
    for (int c = 0; c < 3; c++)
        most = rgb[c] > most ? rgb[c] : most;
    most = hl_min(most, 65408.0f);
    (void)frexpf(most, &exponent); /* most < 2^exponent */
    exponent = exponent < -15 ? -15 : exponent;
    unit = ldexpf(1, exponent - 9);
    if (most / unit > 511.4999f)
        unit = ldexpf(1, ++exponent - 9);
    for (int c = 0; c < 3; c++) {
        const float v = hl_clamp(rgb[c], 0, 65408.0f) / unit;
        bits |= (uint32_t)(v + 0.5f) << 9 * c;
    }
    return bits | (uint32_t)(exponent + 15) << 27;
}

/* ---- the solver ----------------------------------------------------------------------------- */

static hl_status solve_light(hl_bake *b)
{
    const hl_bake_scene *s = b->scene;
    if (b->solver)
        return hl_vertex_light_relight(b->solver, &b->now.environment, b->now.lights,
                                       b->now.light_count);
    const int32_t fit = RAYS / (s->mesh.vertex_count + 1);
    const hl_vertex_light_options options = {
        .samples = fit < SAMPLES_LEAST ? SAMPLES_LEAST : (fit > SAMPLES_MOST ? SAMPLES_MOST : fit),
        .bounces = BOUNCES};
    const hl_light_scene scene = {.mesh = &s->mesh,
                                  .bvh = &s->bvh,
                                  .environment = &b->now.environment,
                                  .lights = b->now.lights,
                                  .light_count = b->now.light_count,
                                  .offset = s->offset};
    return hl_vertex_light_create(&b->solver, &scene, &options);
}

/* Irradiance over pi by all of an environment, in its own directions, texel by texel: spherical
 * harmonics know a bright sun only roughly. */
static hl_status make_open_sky(hl_image *out, const hl_environment *env)
{
    enum { WIDTH = 64, HEIGHT = 32 };
    const hl_image map = {env->width, env->height, 3, env->radiance};
    float d[WIDTH * HEIGHT][4]; /* direction, solid angle over pi */
    hl_image small, sky;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        const float phi = (0.5f - ((float)(i % WIDTH) + 0.5f) / WIDTH) * 2 * HL_PI;
        const float top = (0.5f - (float)(i / WIDTH) / HEIGHT) * HL_PI, low = top - HL_PI / HEIGHT;
        const float z = 0.5f * (top + low);
        d[i][0] = cosf(z) * cosf(phi);
        d[i][1] = cosf(z) * sinf(phi);
        d[i][2] = sinf(z);
        d[i][3] = (sinf(top) - sinf(low)) * 2 / WIDTH;
    }
    HL_TRY(hl_image_resize(&small, &map, WIDTH, HEIGHT));
    const hl_status s = hl_image_create(&sky, WIDTH, HEIGHT, 3);
    for (int i = 0; s == HL_OK && i < WIDTH * HEIGHT; i++) {
        float sum[3] = {0, 0, 0}, weight = 0;
        for (int j = 0; j < WIDTH * HEIGHT; j++) {
            const float w = hl_max(hl_dot3(d[i], d[j]), 0) * d[j][3];
            weight += w;
            for (int c = 0; c < 3; c++)
                sum[c] += w * small.data[3 * j + c];
        }
        for (int c = 0; c < 3; c++)
            sky.data[3 * i + c] = sum[c] / weight;
    }
    hl_image_release(&small);
    if (s == HL_OK)
        *out = sky;
    return s;
}

/* Between texels, around the map. */
static void open_sky_at(const hl_image *sky, const hl_environment *env, const float n[3],
                        float rgb[3])
{
    float d[3];
    hl_mul3(env->env_from_world, n, d);
    const float x = (0.5f - atan2f(d[1], d[0]) / (2 * HL_PI)) * (float)sky->width - 0.5f;
    const float y =
        hl_clamp((0.5f - asinf(hl_clamp(d[2], -1, 1)) / HL_PI) * (float)sky->height - 0.5f, 0,
                 (float)sky->height - 1);
    const float u = x - floorf(x), v = y - floorf(y);
    const int left = (int)floorf(x) + sky->width, top = (int)y;
    const int bottom = top + 1 < sky->height ? top + 1 : top;
    for (int c = 0; c < 3; c++) {
        const float *row[2] = {sky->data + 3 * top * sky->width + c,
                               sky->data + 3 * bottom * sky->width + c};
        float mixed[2];
        for (int k = 0; k < 2; k++)
            mixed[k] = (1 - u) * row[k][3 * (left % sky->width)] +
                       u * row[k][3 * ((left + 1) % sky->width)];
        rgb[c] = (1 - v) * mixed[0] + v * mixed[1];
    }
}

/* (vertex_count, 6): share of the open sky and bounces over pi. */
static void fill_values(const hl_bake *b, const hl_image *open_sky, float *values)
{
    const hl_mesh *m = &b->scene->mesh;
    const float *unhindered = hl_vertex_light_open(b->solver);
    const float *sky = hl_vertex_light_sky(b->solver), *all = hl_vertex_light_values(b->solver);
    const float *direct = hl_vertex_light_direct(b->solver);
    float sh[3][9];
    hl_environment_irradiance_sh(&b->now.environment, sh);
    for (size_t v = 0; v < (size_t)m->vertex_count; v++) {
        float basis[HL_SH_COEFFS_MAX], all_of_it[3];
        open_sky_at(open_sky, &b->now.environment, m->normals + 3 * v, all_of_it);
        hl_sh_basis(2, m->normals + 3 * v, basis);
        for (size_t c = 0; c < 3; c++) {
            float open = 0;
            for (int k = 0; k < 9; k++)
                open += basis[k] * sh[c][k];
            open = hl_max(open, HL_BAKE_FLOOR * (float)HL_SH_C0 * sh[c][0]);
            const float most = unhindered[3 * v + c];
            values[6 * v + c] =
                open > 0 && most > 0 ? sky[3 * v + c] / most * all_of_it[c] / open : 1;
            values[6 * v + 3 + c] = hl_max(all[3 * v + c] - direct[3 * v + c], 0) / HL_PI;
        }
    }
}

static void pack_pair(const float value[6], uint32_t out[HL_BAKE_WORDS])
{
    out[0] = hl_bake_pack(value);
    out[1] = hl_bake_pack(value + 3);
}

static hl_status make_result(const hl_bake *b, hl_bake_result *out)
{
    const hl_bake_scene *s = b->scene;
    hl_bake_result r = {.vertex_count = s->seen_vertices,
                        .splat_count = s->splat_count,
                        .place_count = s->mesh.vertex_count - s->seen_vertices};
    float *values = hl_alloc((size_t)s->mesh.vertex_count, 6 * sizeof *values);
    r.vertices = hl_alloc((size_t)r.vertex_count, HL_BAKE_WORDS * sizeof *r.vertices);
    r.places = hl_alloc((size_t)r.place_count, HL_BAKE_WORDS * sizeof *r.places);
    r.splats = hl_alloc((size_t)r.splat_count, HL_BAKE_WORDS * sizeof *r.splats);
    hl_status status = values && r.vertices && r.places && r.splats ? HL_OK : HL_E_MEMORY;
    hl_image open_sky = {0};
    if (status == HL_OK)
        status = make_open_sky(&open_sky, &b->now.environment);
    if (status != HL_OK) {
        hl_free(values);
        hl_bake_result_release(&r);
        return status;
    }
    fill_values(b, &open_sky, values);
    hl_image_release(&open_sky);
    for (size_t v = 0; v < (size_t)r.vertex_count; v++)
        pack_pair(values + 6 * v, r.vertices + HL_BAKE_WORDS * v);
    for (size_t v = 0; v < (size_t)r.place_count; v++)
        pack_pair(values + 6 * ((size_t)r.vertex_count + v), r.places + HL_BAKE_WORDS * v);
    for (size_t i = 0; i < (size_t)r.splat_count; i++) {
        const hl_bake_place *p = &s->places[i];
        float value[6] = {1, 1, 1, 0, 0, 0};
        const float weight[3] = {1 - p->u - p->v, p->u, p->v};
        for (size_t c = 0; c < 6 && p->triangle != HL_HIT_NONE; c++) {
            value[c] = 0;
            for (size_t k = 0; k < 3; k++)
                value[c] +=
                    weight[k] * values[6 * (size_t)s->mesh.triangles[3 * p->triangle + k] + c];
        }
        pack_pair(value, r.splats + HL_BAKE_WORDS * i);
    }
    hl_free(values);
    *out = r;
    return HL_OK;
}

/* With the lock held: takes what was asked for. */
static void take_wish(hl_bake *b)
{
    if (b->next_scene) {
        hl_vertex_light_destroy(&b->solver);
        hl_bake_scene_destroy(&b->scene);
        b->scene = b->next_scene;
        b->next_scene = NULL;
    }
    release_wish(&b->now);
    b->now = b->next;
    b->next = (wish){.light_count = 0};
    b->asked = false;
    b->busy = true;
}

static hl_status solve(hl_bake *b, hl_bake_result *out)
{
    HL_TRY(hl_bake_scene_prepare(b->scene));
    hl_environment_refresh(&b->now.environment);
    HL_TRY(solve_light(b));
    return make_result(b, out);
}

static void keep_result(hl_bake *b, hl_status s, const hl_bake_result *made)
{
    if (s != HL_OK)
        hl_log(HL_LOG_WARN, "%s: without shadows of the sky and bounces", hl_last_error());
    else {
        hl_bake_result_release(&b->result);
        b->result = *made;
        b->ready = true;
    }
    b->busy = false;
}

static void *run(void *argument)
{
    hl_bake *b = argument;
    hl_parallel_keep_serial();
    pthread_mutex_lock(&b->lock);
    while (!b->stop) {
        if (!b->asked) {
            pthread_cond_wait(&b->change, &b->lock);
            continue;
        }
        hl_bake_result made = {.vertices = NULL};
        take_wish(b);
        pthread_mutex_unlock(&b->lock);
        const hl_status s = solve(b, &made);
        pthread_mutex_lock(&b->lock);
        keep_result(b, s, &made);
        pthread_cond_broadcast(&b->change);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* ---- the owner ------------------------------------------------------------------------------ */

hl_status hl_bake_create(hl_bake **bake)
{
    hl_bake *b = hl_alloc(1, sizeof *b);
    if (!b)
        return HL_E_MEMORY;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->change, NULL);
    *bake = b;
    return HL_OK;
}

void hl_bake_destroy(hl_bake **bake)
{
    hl_bake *b = *bake;
    *bake = NULL;
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->stop = true;
    pthread_cond_broadcast(&b->change);
    pthread_mutex_unlock(&b->lock);
    if (b->running)
        pthread_join(b->thread, NULL);
    hl_vertex_light_destroy(&b->solver);
    hl_bake_scene_destroy(&b->scene);
    hl_bake_scene_destroy(&b->next_scene);
    release_wish(&b->next);
    release_wish(&b->now);
    hl_bake_result_release(&b->result);
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->change);
    hl_free(b);
}

hl_status hl_bake_set_scene(hl_bake *bake, const hl_mesh *seen, const hl_mesh *stand_in,
                            const hl_splats *splats, const float *materials)
{
    hl_bake_scene *made = NULL;
    bake->has_surfaces = seen || stand_in;
    bake->asked_hash = 0;
    if (bake->has_surfaces)
        HL_TRY(hl_bake_scene_create(&made, seen, stand_in, splats, materials));
    pthread_mutex_lock(&bake->lock);
    hl_bake_scene_destroy(&bake->next_scene);
    bake->next_scene = made;
    bake->asked = false;
    bake->ready = false; /* of other surfaces */
    hl_bake_result_release(&bake->result);
    pthread_mutex_unlock(&bake->lock);
    return HL_OK;
}

/* FNV-1a (Fowler, Noll, Vo 1991). */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

static uint64_t hash_light(const hl_bake_light *l)
{
    const hl_environment *e = l->environment;
    uint64_t h = 14695981039346656037u;
    h = hash_bytes(h, e->radiance, (size_t)e->width * (size_t)e->height * 3 * sizeof *e->radiance);
    h = hash_bytes(h, e->env_from_world, sizeof e->env_from_world);
    h = hash_bytes(h, &l->intensity, sizeof l->intensity);
    return hash_bytes(h, l->lights, (size_t)l->light_count * sizeof l->lights[0]) | 1;
}

static hl_status make_wish(wish *out, const hl_bake_light *light)
{
    const hl_environment *e = light->environment;
    const hl_image map = {e->width, e->height, 3, e->radiance};
    wish w = {.light_count = light->light_count};
    HL_TRY(hl_environment_create(&w.environment, &map));
    for (size_t i = 0; i < (size_t)e->width * (size_t)e->height * 3; i++)
        w.environment.radiance[i] *= light->intensity;
    memcpy(w.environment.env_from_world, e->env_from_world, sizeof e->env_from_world);
    memcpy(w.lights, light->lights, (size_t)light->light_count * sizeof light->lights[0]);
    *out = w;
    return HL_OK;
}

/* In the calling thread, and with all of them. */
static void solve_here(hl_bake *b)
{
    hl_bake_result made = {.vertices = NULL};
    take_wish(b);
    const hl_status s = solve(b, &made);
    keep_result(b, s, &made);
}

void hl_bake_wait(hl_bake *bake)
{
    hl_bake *b = bake;
    pthread_mutex_lock(&b->lock);
    while (b->asked || b->busy)
        pthread_cond_wait(&b->change, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

hl_status hl_bake_set_light(hl_bake *bake, const hl_bake_light *light, bool wait)
{
    wish w;
    if (!bake->has_surfaces)
        return HL_OK;
    const uint64_t hash = hash_light(light);
    if (hash != bake->asked_hash) {
        HL_TRY(make_wish(&w, light));
        pthread_mutex_lock(&bake->lock);
        release_wish(&bake->next);
        bake->next = w;
        bake->asked = true;
        if (!wait && !bake->running)
            bake->running = pthread_create(&bake->thread, NULL, run, bake) == 0;
        pthread_cond_broadcast(&bake->change);
        pthread_mutex_unlock(&bake->lock);
        bake->asked_hash = hash;
    }
    if (!bake->running && bake->asked)
        solve_here(bake);
    else if (wait)
        hl_bake_wait(bake);
    return HL_OK;
}

bool hl_bake_take(hl_bake *bake, hl_bake_result *out)
{
    pthread_mutex_lock(&bake->lock);
    const bool ready = bake->ready;
    if (ready) {
        *out = bake->result;
        bake->result = (hl_bake_result){.vertices = NULL};
        bake->ready = false;
    }
    pthread_mutex_unlock(&bake->lock);
    return ready;
}

bool hl_bake_ready(hl_bake *bake)
{
    pthread_mutex_lock(&bake->lock);
    const bool ready = bake->ready;
    pthread_mutex_unlock(&bake->lock);
    return ready;
}
