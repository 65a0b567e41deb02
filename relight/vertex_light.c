/* SPDX-License-Identifier: MIT */
/* The rays of a vertex are traced once; what they hit is kept, so that every bounce is a sum over
 * stored hits. */
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "relight/irradiance.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64, SAMPLES_DEFAULT = 128, SAMPLES_MAX = 65536, BOUNCES_MAX = 1000 };

/* Where a cosine sample of a vertex ended. */
typedef struct stored_hit {
    uint32_t triangle; /* HL_HIT_NONE: the sky, or the back of something */
    uint16_t u, v;     /* 65535 is 1 */
} stored_hit;

struct hl_vertex_light {
    hl_light_scene scene;
    hl_vertex_light_options options;
    stored_hit *hits; /* (vertices, samples) */
    float *open;      /* (vertices, 3) from the environment, with nothing in the way */
    float *sky;       /* (vertices, 3) what of it arrives */
    float *direct;    /* (vertices, 3) and from the lamps */
    float *sent;      /* (vertices, 3) rho E of the last bounce */
    float *total;     /* (vertices, 3) */
};

static bool vertex_frame(const hl_vertex_light *l, int64_t vertex, float origin[3], float n[3])
{
    const hl_mesh *m = l->scene.mesh;
    for (int k = 0; k < 3; k++) {
        n[k] = m->normals[3 * vertex + k];
        origin[k] = m->positions[3 * vertex + k] + l->scene.offset * n[k];
    }
    return hl_dot3(n, n) > 0.5f;
}

/* The i-th cosine direction; the same in every pass. */
static void cosine_direction(const hl_vertex_light *l, int64_t vertex, uint32_t i, const float n[3],
                             float d[3])
{
    hl_rng rng = hl_rng_at(l->options.seed, 0, (uint64_t)vertex, HL_RNG_LIGHT);
    const float shift[2] = {hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
    float u[2];
    hl_sample_square(i, (uint32_t)l->options.samples, shift, u);
    hl_sample_cosine(n, u[0], u[1], d);
}

static hl_ray ray_from(const float origin[3], const float d[3], float t_max)
{
    const hl_ray ray = {{origin[0], origin[1], origin[2]}, {d[0], d[1], d[2]}, 0, t_max};
    return ray;
}

static void trace_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_vertex_light *l = ctx;
    const int64_t begin = (int64_t)block * BLOCK, samples = l->options.samples;
    for (int64_t v = begin; v < begin + BLOCK && v < l->scene.mesh->vertex_count; v++) {
        float origin[3], n[3], d[3], position[3];
        const bool valid = vertex_frame(l, v, origin, n);
        for (uint32_t i = 0; i < (uint32_t)samples; i++) {
            stored_hit *out = &l->hits[v * samples + (int64_t)i];
            hl_hit hit;
            hl_surface s;
            out->triangle = HL_HIT_NONE;
            out->u = 1; /* nothing there: the sky */
            if (!valid)
                continue;
            cosine_direction(l, v, i, n, d);
            const hl_ray ray = ray_from(origin, d, 1e30f);
            if (!hl_bvh_closest(l->scene.bvh, &ray, &hit))
                continue;
            out->u = 0;
            if (!hl_scene_surface(&l->scene, &ray, &hit, &s, position))
                continue;
            out->triangle = hit.triangle;
            out->u = (uint16_t)lrintf(hl_clamp(hit.u, 0, 1) * 65535);
            out->v = (uint16_t)lrintf(hl_clamp(hit.v, 0, 1) * 65535);
        }
    }
}

static bool saw_sky(const stored_hit *hit)
{
    return hit->triangle == HL_HIT_NONE && hit->u == 1;
}

/* open (3), and rgb (3) where it arrives. */
static void add_direction(const hl_environment *env, const float d[3], float weight, bool arrives,
                          float open[3], float rgb[3])
{
    float radiance[3];
    hl_environment_radiance(env, d, radiance);
    for (int c = 0; c < 3; c++) {
        open[c] += weight * radiance[c];
        rgb[c] += arrives ? weight * radiance[c] : 0;
    }
}

/* Cosine and environment samples under the balance heuristic; adds to open and to rgb. */
static void add_environment(const hl_vertex_light *l, int64_t vertex, const float origin[3],
                            const float n[3], float open[3], float rgb[3])
{
    const hl_environment *env = l->scene.environment;
    const int64_t samples = l->options.samples;
    const float pi = HL_PI;
    float d[3];
    for (uint32_t i = 0; i < (uint32_t)samples; i++) {
        cosine_direction(l, vertex, i, n, d);
        const float cosine = hl_dot3(n, d);
        if (!(cosine > 0))
            continue;
        const float weight = cosine / ((float)samples * (cosine / pi + hl_environment_pdf(env, d)));
        add_direction(env, d, weight, saw_sky(&l->hits[vertex * samples + (int64_t)i]), open, rgb);
    }
    hl_rng rng = hl_rng_at(l->options.seed, 1, (uint64_t)vertex, HL_RNG_LIGHT);
    const float shift[2] = {hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
    for (int64_t i = 0; i < samples; i++) {
        float pdf, u[2];
        hl_sample_square((uint32_t)i, (uint32_t)samples, shift, u);
        hl_environment_sample(env, u, d, &pdf);
        const float cosine = hl_dot3(n, d);
        if (!(cosine > 0))
            continue;
        const hl_ray ray = ray_from(origin, d, 1e30f);
        const float weight = cosine / ((float)samples * (cosine / pi + pdf));
        add_direction(env, d, weight, !hl_bvh_any(l->scene.bvh, &ray), open, rgb);
    }
}

static void add_lamps(const hl_vertex_light *l, int64_t vertex, const float origin[3],
                      const float n[3], float rgb[3])
{
    enum { DRAWS = 16 };
    hl_rng rng = hl_rng_at(l->options.seed, 2, (uint64_t)vertex, HL_RNG_LIGHT);
    for (int32_t k = 0; k < l->scene.light_count; k++) {
        const float shift[2] = {hl_rng_uniform(&rng), hl_rng_uniform(&rng)};
        for (uint32_t i = 0; i < DRAWS; i++) {
            hl_light_sample s;
            float u[2];
            hl_sample_square(i, DRAWS, shift, u);
            if (!hl_light_sample_at(&l->scene.lights[k], origin, u, &s))
                continue;
            const float cosine = hl_dot3(n, s.direction);
            if (!(cosine > 0))
                continue;
            const hl_ray ray = ray_from(origin, s.direction, s.distance);
            if (hl_bvh_any(l->scene.bvh, &ray))
                continue;
            for (int c = 0; c < 3; c++)
                rgb[c] += cosine * s.color[c] / DRAWS;
        }
    }
}

static void direct_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_vertex_light *l = ctx;
    const int64_t begin = (int64_t)block * BLOCK;
    for (int64_t v = begin; v < begin + BLOCK && v < l->scene.mesh->vertex_count; v++) {
        float origin[3], n[3], *rgb = l->direct + 3 * v, *open = l->open + 3 * v;
        rgb[0] = rgb[1] = rgb[2] = 0;
        open[0] = open[1] = open[2] = 0;
        const bool valid = vertex_frame(l, v, origin, n);
        if (valid && l->scene.environment)
            add_environment(l, v, origin, n, open, rgb);
        memcpy(l->sky + 3 * v, rgb, 3 * sizeof *rgb);
        if (valid)
            add_lamps(l, v, origin, n, rgb);
        memcpy(l->total + 3 * v, rgb, 3 * sizeof *rgb);
    }
}

static void send_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_vertex_light *l = ctx;
    const hl_mesh *m = l->scene.mesh;
    const int64_t begin = (int64_t)block * BLOCK;
    for (int64_t v = begin; v < begin + BLOCK && v < m->vertex_count; v++) {
        const float diffuse = 1 - (m->metal ? m->metal[v] : HL_MATERIAL_METAL);
        for (int64_t c = 3 * v; c < 3 * v + 3; c++)
            l->sent[c] = diffuse * (m->albedo ? m->albedo[c] : HL_MATERIAL_ALBEDO) * l->total[c];
    }
}

/* rgb (3): the corners' values at a hit, mixed. */
static void mix_corners(const hl_mesh *m, const float *values, uint32_t triangle, float u, float v,
                        float rgb[3])
{
    const uint32_t *corner = m->triangles + 3 * (size_t)triangle;
    for (size_t c = 0; c < 3; c++)
        rgb[c] = (1 - u - v) * values[3 * (size_t)corner[0] + c] +
                 u * values[3 * (size_t)corner[1] + c] + v * values[3 * (size_t)corner[2] + c];
}

static void gather_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_vertex_light *l = ctx;
    const int64_t begin = (int64_t)block * BLOCK, samples = l->options.samples;
    for (int64_t v = begin; v < begin + BLOCK && v < l->scene.mesh->vertex_count; v++) {
        float sum[3] = {0, 0, 0}, rgb[3];
        for (int64_t i = 0; i < samples; i++) {
            const stored_hit *h = &l->hits[v * samples + i];
            if (h->triangle == HL_HIT_NONE)
                continue;
            mix_corners(l->scene.mesh, l->sent, h->triangle, (float)h->u / 65535,
                        (float)h->v / 65535, rgb);
            for (int c = 0; c < 3; c++)
                sum[c] += rgb[c];
        }
        for (int c = 0; c < 3; c++)
            l->total[3 * v + c] = l->direct[3 * v + c] + sum[c] / (float)samples;
    }
}

static hl_status solve(hl_vertex_light *l)
{
    const int32_t blocks = hl_block_count(l->scene.mesh->vertex_count, BLOCK);
    hl_parallel_for(blocks, direct_block, l);
    for (int32_t k = 0; k < l->options.bounces; k++) {
        if (hl_interrupt_requested())
            return hl_fail(HL_E_INTERRUPT, "stopped at bounce %d of %d", (int)k,
                           (int)l->options.bounces);
        hl_parallel_for(blocks, send_block, l);
        hl_parallel_for(blocks, gather_block, l);
    }
    return HL_OK;
}

hl_status hl_vertex_light_create(hl_vertex_light **out, const hl_light_scene *scene,
                                 const hl_vertex_light_options *options)
{
    const int32_t samples = options->samples ? options->samples : SAMPLES_DEFAULT;
    if (!scene->mesh->normals)
        return hl_fail(HL_E_ARG, "irradiance: the mesh has no normals");
    if (samples < 1 || samples > SAMPLES_MAX || options->bounces < 0 ||
        options->bounces > BOUNCES_MAX)
        return hl_fail(HL_E_ARG, "irradiance: %d samples and %d bounces are not in 1..%d and 0..%d",
                       (int)samples, (int)options->bounces, (int)SAMPLES_MAX, (int)BOUNCES_MAX);
    hl_vertex_light *l = hl_alloc(1, sizeof *l);
    if (!l)
        return HL_E_MEMORY;
    const size_t n = (size_t)scene->mesh->vertex_count;
    l->scene = *scene;
    l->options = *options;
    l->options.samples = samples;
    l->hits = hl_alloc(n, (size_t)samples * sizeof *l->hits);
    l->open = hl_alloc(n, 3 * sizeof(float));
    l->sky = hl_alloc(n, 3 * sizeof(float));
    l->direct = hl_alloc(n, 3 * sizeof(float));
    l->sent = hl_alloc(n, 3 * sizeof(float));
    l->total = hl_alloc(n, 3 * sizeof(float));
    hl_status s =
        l->hits && l->open && l->sky && l->direct && l->sent && l->total ? HL_OK : HL_E_MEMORY;
    if (s == HL_OK) {
        hl_parallel_for(hl_block_count((int64_t)n, BLOCK), trace_block, l);
        s = solve(l);
    }
    if (s != HL_OK) {
        hl_vertex_light_destroy(&l);
        return s;
    }
    *out = l;
    return HL_OK;
}

void hl_vertex_light_destroy(hl_vertex_light **light)
{
    if (!*light)
        return;
    hl_free((*light)->hits);
    hl_free((*light)->open);
    hl_free((*light)->sky);
    hl_free((*light)->direct);
    hl_free((*light)->sent);
    hl_free((*light)->total);
    hl_free(*light);
    *light = NULL;
}

hl_status hl_vertex_light_relight(hl_vertex_light *light, const hl_environment *environment,
                                  const hl_light *lights, int32_t light_count)
{
    light->scene.environment = environment;
    light->scene.lights = lights;
    light->scene.light_count = light_count;
    return solve(light);
}

static void irradiance_at(const void *self, const hl_irradiance_point *p, float rgb[3])
{
    const hl_vertex_light *l = self;
    const uint32_t *corner = l->scene.mesh->triangles + 3 * (size_t)p->triangle;
    float n[3] = {0, 0, 0};
    for (int k = 0; k < 3; k++)
        for (size_t c = 0; c < 3; c++)
            n[c] += l->scene.mesh->normals[3 * (size_t)corner[k] + c];
    if (hl_dot3(n, p->normal) <= 0)
        rgb[0] = rgb[1] = rgb[2] = 0;
    else
        mix_corners(l->scene.mesh, l->total, p->triangle, p->u, p->v, rgb);
}

hl_irradiance hl_vertex_light_irradiance(const hl_vertex_light *light)
{
    const hl_irradiance door = {irradiance_at, light};
    return door;
}

const float *hl_vertex_light_values(const hl_vertex_light *light)
{
    return light->total;
}

const float *hl_vertex_light_direct(const hl_vertex_light *light)
{
    return light->direct;
}

const float *hl_vertex_light_open(const hl_vertex_light *light)
{
    return light->open;
}

const float *hl_vertex_light_sky(const hl_vertex_light *light)
{
    return light->sky;
}
