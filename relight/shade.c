/* SPDX-License-Identifier: MIT */
#include "relight/shade.h"

#include "core/color.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64, SAMPLES_DEFAULT = 64, SAMPLES_MAX = 65536, LAMP_DRAWS = 8 };

static const float far_away = 1e30f;

typedef struct job {
    const hl_light_scene *scene;
    const hl_shade_input *in;
    hl_shade_options o;
    hl_shade_result *out;
} job;

/* One pixel while it is being lit. */
typedef struct pixel {
    hl_surface surface;
    float wo[3];
    float start[2][3]; /* ray origin for directions along and against the geometric normal */
    float geometric[3];
    float alpha2;
    uint32_t n[3]; /* samples of cosine, GGX, environment */
    hl_rng rng;
    double sum[HL_SHADE_PARTS][3];
    double square[HL_SHADE_PARTS]; /* of the luminance of samples */
    double seen, all;              /* light towards the surface, with and without occluders */
} pixel;

static hl_ray ray_towards(const pixel *p, const float d[3], float t_max)
{
    const float *o = p->start[hl_dot3(d, p->geometric) < 0 ? 1 : 0];
    const hl_ray ray = {{o[0], o[1], o[2]}, {d[0], d[1], d[2]}, 0, t_max};
    return ray;
}

/* Where rays of the pixel start: on the mesh if it is near, lifted along the geometric normal. */
static void place_origin(const job *j, int64_t i, pixel *p)
{
    float point[3];
    memcpy(point, j->in->position + 3 * i, sizeof point);
    memcpy(p->geometric, p->surface.normal, sizeof p->geometric);
    float offset = j->scene->offset;
    hl_ray ray = {.t_min = 0};
    hl_hit hit;
    float distance = 0;
    for (int k = 0; k < 3; k++) {
        ray.origin[k] = j->in->eye[k];
        ray.direction[k] = -p->wo[k];
        distance += (point[k] - ray.origin[k]) * ray.direction[k];
    }
    ray.t_max = distance + j->o.snap;
    ray.t_min = hl_max(distance - j->o.snap, 0);
    if (j->o.snap > 0 && hl_bvh_closest(j->scene->bvh, &ray, &hit)) {
        const hl_mesh *m = j->scene->mesh;
        const uint32_t *v = m->triangles + 3 * (size_t)hit.triangle;
        float e[2][3];
        for (int k = 0; k < 3; k++) {
            const float a = m->positions[3 * (size_t)v[0] + (size_t)k];
            e[0][k] = m->positions[3 * (size_t)v[1] + (size_t)k] - a;
            e[1][k] = m->positions[3 * (size_t)v[2] + (size_t)k] - a;
            point[k] = a + hit.u * e[0][k] + hit.v * e[1][k];
        }
        hl_cross3(e[0], e[1], p->geometric);
        hl_normalize3(p->geometric, p->geometric);
    } else if (j->o.snap > 0) {
        offset = hl_max(offset, j->o.snap / 2);
    }
    const float side = hl_dot3(p->geometric, p->wo) < 0 ? -1.0f : 1.0f;
    for (int k = 0; k < 3; k++) {
        p->geometric[k] *= side;
        p->start[0][k] = p->start[1][k] = point[k] + offset * p->geometric[k];
    }
}

/* Diffuse light that the surface at a hit sends back. */
static void diffuse_sent(const job *j, const hl_hit *hit, const hl_surface *s, int front,
                         const float position[3], float rgb[3])
{
    rgb[0] = rgb[1] = rgb[2] = 0;
    if (!front || !j->o.indirect)
        return;
    hl_irradiance_point at = {.triangle = hit->triangle, .u = hit->u, .v = hit->v};
    memcpy(at.position, position, sizeof at.position);
    memcpy(at.normal, s->normal, sizeof at.normal);
    hl_irradiance_at(j->o.indirect, &at, rgb);
    for (int c = 0; c < 3; c++)
        rgb[c] *= (1 - s->metal) * s->albedo[c] / HL_PI;
}

/* A reflection at a hit: the surface, where it is looked at from, and GGX squared. */
typedef struct bounce {
    const hl_surface *s;
    float wo[3], origin[3];
    float alpha2;
    float rgb[3]; /* light so far */
} bounce;

/* f cos of the specular lobe and both densities; 0 below the surface. */
static int bounce_lobe(const job *j, const bounce *b, const float wi[3], float specular[3],
                       float *p_ggx, float *p_sky)
{
    hl_brdf_angles a;
    float diffuse[3];
    if (!hl_brdf_angles_of(b->s->normal, b->wo, wi, &a))
        return 0;
    hl_brdf(b->s, j->o.model, b->wo, wi, diffuse, specular);
    *p_ggx = hl_ggx_vndf_pdf(a.no, a.nh, b->alpha2);
    *p_sky = j->scene->environment ? hl_environment_pdf(j->scene->environment, wi) : 0;
    return 1;
}

static void add_scaled(bounce *b, const float specular[3], const float light[3], float weight)
{
    for (int c = 0; c < 3; c++)
        b->rgb[c] += specular[c] * light[c] * weight;
}

/* One direction by GGX: sky, or the diffuse light of what is there. */
static void bounce_by_ggx(const job *j, pixel *p, bounce *b)
{
    const float u1 = hl_rng_uniform(&p->rng), u2 = hl_rng_uniform(&p->rng);
    float wi[3], specular[3], seen[3] = {0, 0, 0}, position[3], p_ggx, p_sky;
    hl_sample_vndf(b->s->normal, b->wo, b->alpha2, u1, u2, wi);
    if (!bounce_lobe(j, b, wi, specular, &p_ggx, &p_sky))
        return;
    const hl_ray ray = {
        {b->origin[0], b->origin[1], b->origin[2]}, {wi[0], wi[1], wi[2]}, 0, far_away};
    hl_hit hit;
    if (hl_bvh_closest(j->scene->bvh, &ray, &hit)) {
        hl_surface z;
        const int front = hl_scene_surface(j->scene, &ray, &hit, &z, position);
        diffuse_sent(j, &hit, &z, front, position, seen);
        add_scaled(b, specular, seen, 1 / p_ggx);
    } else if (j->scene->environment) {
        hl_environment_radiance(j->scene->environment, wi, seen);
        add_scaled(b, specular, seen, 1 / (p_ggx + p_sky));
    }
}

/* One direction by the sky's brightness. */
static void bounce_by_sky(const job *j, pixel *p, bounce *b)
{
    const float u[2] = {hl_rng_uniform(&p->rng), hl_rng_uniform(&p->rng)};
    float wi[3], specular[3], seen[3], p_ggx, p_sky, unused;
    hl_environment_sample(j->scene->environment, u, wi, &unused);
    if (!bounce_lobe(j, b, wi, specular, &p_ggx, &p_sky) || !(p_sky > 0))
        return;
    const hl_ray ray = {
        {b->origin[0], b->origin[1], b->origin[2]}, {wi[0], wi[1], wi[2]}, 0, far_away};
    if (hl_bvh_any(j->scene->bvh, &ray))
        return;
    hl_environment_radiance(j->scene->environment, wi, seen);
    add_scaled(b, specular, seen, 1 / (p_ggx + p_sky));
}

/* The reflection at y, followed with chance q. */
static void add_reflection(const job *j, pixel *p, const hl_surface *s, const float wo[3],
                           const float y[3], float rgb[3])
{
    const float no = hl_dot3(s->normal, wo);
    if (!(no > 0) || !j->o.indirect)
        return;
    float f[3];
    hl_fresnel(s, hl_fresnel_weight(no), f);
    const float q = hl_clamp(hl_luminance(f), 0.05f, 1.0f);
    if (hl_rng_uniform(&p->rng) >= q)
        return;
    bounce b = {.s = s, .alpha2 = hl_brdf_alpha2(s->roughness)};
    for (int k = 0; k < 3; k++) {
        b.wo[k] = wo[k];
        b.origin[k] = y[k] + j->scene->offset * s->normal[k];
    }
    bounce_by_ggx(j, p, &b);
    if (j->scene->environment)
        bounce_by_sky(j, p, &b);
    for (int c = 0; c < 3; c++)
        rgb[c] += hl_min(b.rgb[c] / q, j->o.clamp);
}

/* Radiance that arrives along a ray which hit something. */
static void radiance_of_hit(const job *j, pixel *p, const hl_ray *ray, const hl_hit *hit,
                            float rgb[3])
{
    hl_surface s;
    float position[3];
    const int front = hl_scene_surface(j->scene, ray, hit, &s, position);
    diffuse_sent(j, hit, &s, front, position, rgb);
    const float wo[3] = {-ray->direction[0], -ray->direction[1], -ray->direction[2]};
    add_reflection(j, p, &s, wo, position, rgb);
}

/* Adds light `radiance` (3) with weight 1 / density to a pair of parts. */
static void add_sample(pixel *p, int indirect, const float diffuse[3], const float specular[3],
                       const float radiance[3], float weight)
{
    const int parts[2] = {indirect ? HL_SHADE_DIFFUSE_INDIRECT : HL_SHADE_DIFFUSE_DIRECT,
                          indirect ? HL_SHADE_SPECULAR_INDIRECT : HL_SHADE_SPECULAR_DIRECT};
    for (int lobe = 0; lobe < 2; lobe++) {
        const float *f = lobe ? specular : diffuse;
        float rgb[3];
        for (int c = 0; c < 3; c++) {
            rgb[c] = f[c] * radiance[c] * weight;
            p->sum[parts[lobe]][c] += (double)rgb[c];
        }
        const double luminance = (double)hl_luminance(rgb);
        p->square[parts[lobe]] += luminance * luminance;
    }
}

/* Balance heuristic: 1 / sum of densities times samples. */
static float mis_weight(const job *j, const pixel *p, const float wi[3])
{
    hl_brdf_angles a;
    if (!hl_brdf_angles_of(p->surface.normal, p->wo, wi, &a))
        return 0;
    float density =
        (float)p->n[0] * a.ni / HL_PI + (float)p->n[1] * hl_ggx_vndf_pdf(a.no, a.nh, p->alpha2);
    if (j->scene->environment)
        density += (float)p->n[2] * hl_environment_pdf(j->scene->environment, wi);
    return density > 0 ? 1 / density : 0;
}

/* The lobes with the diffuse one at albedo 1 and metal 0. */
static int lobes(const job *j, const pixel *p, const float wi[3], float diffuse[3],
                 float specular[3])
{
    float unused[3];
    hl_surface white = p->surface;
    white.albedo[0] = white.albedo[1] = white.albedo[2] = 1;
    white.metal = 0;
    return hl_brdf(&p->surface, j->o.model, p->wo, wi, unused, specular) &&
           hl_brdf(&white, j->o.model, p->wo, wi, diffuse, unused);
}

static void light_direction(const job *j, pixel *p, const float wi[3])
{
    float diffuse[3], specular[3], sky[3] = {0, 0, 0}, radiance[3];
    if (!lobes(j, p, wi, diffuse, specular))
        return;
    const float weight = mis_weight(j, p, wi);
    if (!(weight > 0))
        return;
    hl_hit hit = {.triangle = HL_HIT_NONE};
    const hl_ray ray = ray_towards(p, wi, far_away);
    const bool blocked =
        j->o.indirect ? hl_bvh_closest(j->scene->bvh, &ray, &hit) : hl_bvh_any(j->scene->bvh, &ray);
    if (j->scene->environment)
        hl_environment_radiance(j->scene->environment, wi, sky);
    const double light = (double)(hl_luminance(sky) * diffuse[0] * weight);
    p->all += light;
    if (!blocked) {
        p->seen += light;
        add_sample(p, 0, diffuse, specular, sky, weight);
    } else if (j->o.indirect) {
        radiance_of_hit(j, p, &ray, &hit, radiance);
        add_sample(p, 1, diffuse, specular, radiance, weight);
    }
}

static void light_by_lamps(const job *j, pixel *p)
{
    for (int32_t k = 0; k < j->scene->light_count; k++) {
        const float shift[2] = {hl_rng_uniform(&p->rng), hl_rng_uniform(&p->rng)};
        for (uint32_t i = 0; i < LAMP_DRAWS; i++) {
            hl_light_sample s;
            float u[2], diffuse[3], specular[3];
            hl_sample_square(i, LAMP_DRAWS, shift, u);
            if (!hl_light_sample_at(&j->scene->lights[k], p->start[0], u, &s) ||
                !lobes(j, p, s.direction, diffuse, specular))
                continue;
            const float weight = 1.0f / LAMP_DRAWS;
            const double light = (double)(hl_luminance(s.color) * diffuse[0] * weight);
            const hl_ray ray = ray_towards(p, s.direction, s.distance);
            p->all += light;
            if (hl_bvh_any(j->scene->bvh, &ray))
                continue;
            p->seen += light;
            add_sample(p, 0, diffuse, specular, s.color, weight);
        }
    }
}

static void light_by_sampling(const job *j, pixel *p)
{
    const hl_environment *env = j->scene->environment;
    float shift[3][2], wi[3], u[2], pdf;
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 2; c++)
            shift[k][c] = hl_rng_uniform(&p->rng);
    for (uint32_t i = 0; i < p->n[0]; i++) {
        hl_sample_square(i, p->n[0], shift[0], u);
        hl_sample_cosine(p->surface.normal, u[0], u[1], wi);
        light_direction(j, p, wi);
    }
    for (uint32_t i = 0; i < p->n[1]; i++) {
        hl_sample_square(i, p->n[1], shift[1], u);
        hl_sample_vndf(p->surface.normal, p->wo, p->alpha2, u[0], u[1], wi);
        light_direction(j, p, wi);
    }
    for (uint32_t i = 0; i < p->n[2]; i++) {
        hl_sample_square(i, p->n[2], shift[2], u);
        hl_environment_sample(env, u, wi, &pdf);
        light_direction(j, p, wi);
    }
}

/* A normal that looks away from the eye is bent until it does not. */
static void bend_normal(float n[3], const float wo[3])
{
    const float no = hl_dot3(n, wo), least = 0.02f;
    if (no >= least)
        return;
    for (int k = 0; k < 3; k++)
        n[k] += (least - no) * wo[k];
    hl_normalize3(n, n);
}

static void shade_pixel(const job *j, int64_t i)
{
    const hl_shade_input *in = j->in;
    pixel p = {.rng = hl_rng_at(j->o.seed, 3, (uint64_t)i, HL_RNG_LIGHT)};
    for (int k = 0; k < 3; k++) {
        p.surface.normal[k] = in->normal[3 * i + k];
        p.surface.albedo[k] = hl_clamp(in->albedo[3 * i + k], 0, 1);
        p.wo[k] = in->eye[k] - in->position[3 * i + k];
    }
    p.surface.roughness = hl_clamp(in->roughness[i], 0, 1);
    p.surface.metal = hl_clamp(in->metal[i], 0, 1);
    hl_normalize3(p.wo, p.wo);
    hl_normalize3(p.surface.normal, p.surface.normal);
    bend_normal(p.surface.normal, p.wo);
    p.alpha2 = hl_brdf_alpha2(p.surface.roughness);
    place_origin(j, i, &p);
    const uint32_t quarter = (uint32_t)j->o.samples / 4;
    const bool env = j->scene->environment != NULL;
    p.n[0] = env ? quarter : 2 * quarter;
    p.n[1] = p.n[0];
    p.n[2] = env ? 2 * quarter : 0;
    light_by_sampling(j, &p);
    light_by_lamps(j, &p);
    for (int part = 0; part < HL_SHADE_PARTS; part++) {
        float *rgb = j->out->part[part] + 3 * i;
        for (int c = 0; c < 3; c++)
            rgb[c] = (float)p.sum[part][c];
        /* of the sum of n weighted samples, taken as independent */
        const double mean = (double)hl_luminance(rgb) / (double)j->o.samples;
        const double v = p.square[part] - mean * mean * (double)j->o.samples;
        j->out->variance[part][i] = (float)fmax(v, 0);
    }
    j->out->shadow[i] = p.all > 0 ? (float)(p.seen / p.all) : 0;
}

static void shade_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const job *j = ctx;
    const int64_t begin = (int64_t)block * BLOCK, n = (int64_t)j->in->width * j->in->height;
    if (hl_interrupt_requested())
        return;
    for (int64_t i = begin; i < begin + BLOCK && i < n; i++)
        if (j->in->alpha[i] > 0)
            shade_pixel(j, i);
}

hl_status hl_shade_result_create(hl_shade_result *r, int32_t width, int32_t height)
{
    const size_t n = (size_t)width * (size_t)height;
    memset(r, 0, sizeof *r);
    r->width = width;
    r->height = height;
    r->shadow = hl_alloc(n, sizeof(float));
    bool complete = r->shadow != NULL;
    for (int k = 0; k < HL_SHADE_PARTS; k++) {
        r->part[k] = hl_alloc(n, 3 * sizeof(float));
        r->variance[k] = hl_alloc(n, sizeof(float));
        complete = complete && r->part[k] && r->variance[k];
    }
    if (!complete)
        hl_shade_release(r);
    return complete ? HL_OK : HL_E_MEMORY;
}

hl_status hl_shade(hl_shade_result *result, const hl_light_scene *scene,
                   const hl_shade_input *input, const hl_shade_options *options)
{
    const int32_t samples = options->samples ? options->samples : SAMPLES_DEFAULT;
    if (samples < 4 || samples > SAMPLES_MAX || samples % 4)
        return hl_fail(HL_E_ARG, "shading: %d samples are not a multiple of 4 in 4..%d",
                       (int)samples, (int)SAMPLES_MAX);
    if (input->width < 1 || input->height < 1 ||
        (int64_t)input->width * input->height > HL_IMAGE_PIXELS_MAX)
        return hl_fail(HL_E_ARG, "shading: %d x %d pixels", (int)input->width, (int)input->height);
    hl_shade_result made;
    job j = {scene, input, *options, &made};
    j.o.samples = samples;
    j.o.clamp = options->clamp > 0 ? options->clamp : 50;
    hl_status s = hl_shade_result_create(&made, input->width, input->height);
    if (s == HL_OK) {
        const int64_t n = (int64_t)input->width * input->height;
        hl_parallel_for(hl_block_count(n, BLOCK), shade_block, &j);
        if (hl_interrupt_requested())
            s = hl_fail(HL_E_INTERRUPT, "stopped while shading");
    }
    if (s != HL_OK) {
        hl_shade_release(&made);
        return s;
    }
    *result = made;
    return HL_OK;
}

void hl_shade_release(hl_shade_result *result)
{
    for (int k = 0; k < HL_SHADE_PARTS; k++) {
        hl_free(result->part[k]);
        hl_free(result->variance[k]);
    }
    hl_free(result->shadow);
    memset(result, 0, sizeof *result);
}

hl_status hl_shade_compose(hl_image *out, const hl_shade_result *result,
                           const hl_shade_input *input, int which)
{
    HL_TRY(hl_image_create(out, result->width, result->height, 4));
    const int64_t n = (int64_t)result->width * result->height;
    const bool direct = which & HL_SHADE_DIRECT, indirect = which & HL_SHADE_INDIRECT;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < 3; c++) {
            const int64_t k = 3 * i + c;
            const float a = (1 - input->metal[i]) * input->albedo[k];
            float x = 0;
            if (direct)
                x += a * result->part[HL_SHADE_DIFFUSE_DIRECT][k] +
                     result->part[HL_SHADE_SPECULAR_DIRECT][k];
            if (indirect)
                x += a * result->part[HL_SHADE_DIFFUSE_INDIRECT][k] +
                     result->part[HL_SHADE_SPECULAR_INDIRECT][k];
            out->data[4 * i + c] = x;
        }
        out->data[4 * i + 3] = input->alpha[i];
    }
    return HL_OK;
}
