/* SPDX-License-Identifier: MIT */

#include "relight/fit/estimate.h"

#include <string.h>

void hl_estimate_face(const hl_mesh *mesh, uint32_t triangle, float normal[3])
{
    const uint32_t *t = mesh->triangles + 3 * (size_t)triangle;
    const float *a = mesh->positions + 3 * (size_t)t[0];
    float u[3], v[3];
    for (int k = 0; k < 3; k++) {
        u[k] = mesh->positions[3 * (size_t)t[1] + (size_t)k] - a[k];
        v[k] = mesh->positions[3 * (size_t)t[2] + (size_t)k] - a[k];
    }
    hl_cross3(u, v, normal);
    hl_normalize3(normal, normal);
}

void hl_estimate_bounce(const hl_estimate_scene *scene, const hl_ray *ray, const hl_hit *hit,
                        float rgb[3])
{
    float normal[3];
    rgb[0] = rgb[1] = rgb[2] = 0;
    if (!scene->bounce)
        return;
    hl_estimate_face(scene->mesh, hit->triangle, normal);
    if (hl_dot3(normal, ray->direction) >= 0)
        return;
    const uint32_t *t = scene->mesh->triangles + 3 * (size_t)hit->triangle;
    const float w[3] = {1 - hit->u - hit->v, hit->u, hit->v};
    for (int c = 0; c < 3; c++)
        for (int k = 0; k < 3; k++)
            rgb[c] += scene->bounce_weight * w[k] * scene->bounce[3 * (size_t)t[k] + (size_t)c];
}

int32_t hl_estimate_look(const hl_estimate_scene *scene, const hl_estimate_point *p,
                         const float direction[3], float rgb[3])
{
    hl_ray ray = {.t_min = 0, .t_max = 1e30f};
    hl_hit hit;
    for (int k = 0; k < 3; k++) {
        ray.origin[k] = p->x[k] + scene->offset * p->geometric[k];
        ray.direction[k] = direction[k];
    }
    const bool below = hl_dot3(p->geometric, direction) <= 0;
    bool blocked = scene->visibility && below;
    rgb[0] = rgb[1] = rgb[2] = 0;
    if (scene->visibility && !below) {
        blocked =
            scene->bounce ? hl_bvh_closest(scene->bvh, &ray, &hit) : hl_bvh_any(scene->bvh, &ray);
        if (blocked && scene->bounce)
            hl_estimate_bounce(scene, &ray, &hit, rgb);
    }
    if (blocked)
        return -1;
    const int32_t texel = (int32_t)hl_environment_texel(scene->env, direction);
    memcpy(rgb, scene->env->radiance + 3 * (size_t)texel, 3 * sizeof *rgb);
    return texel;
}

/* Light from one direction: what the environment or the hit sends. */
static void look(const hl_estimate_scene *scene, const hl_estimate_point *p, hl_estimate_sample *s,
                 float weight)
{
    float rgb[3];
    const int32_t texel = hl_estimate_look(scene, p, s->direction, rgb);
    s->texel = texel < 0 ? 0 : texel;
    s->weight = texel < 0 ? 0 : weight;
    for (int c = 0; c < 3; c++)
        s->light[c] = rgb[c] * weight;
}

static void draw(const hl_estimate_scene *scene, const hl_estimate_point *p, const float shift[6],
                 int32_t index, hl_estimate_sample *s)
{
    const hl_surface *m = &p->surface;
    const int32_t c = scene->cosine, v = scene->vndf;
    float u[2];
    if (index < c) {
        hl_sample_square((uint32_t)index, (uint32_t)c, shift, u);
        hl_sample_cosine(m->normal, u[0], u[1], s->direction);
    } else if (index < c + v) {
        hl_sample_square((uint32_t)(index - c), (uint32_t)v, shift + 2, u);
        hl_sample_vndf(m->normal, p->eye, hl_brdf_alpha2(m->roughness), u[0], u[1], s->direction);
    } else {
        float pdf;
        hl_sample_square((uint32_t)(index - c - v), (uint32_t)scene->light, shift + 4, u);
        hl_environment_sample(scene->env, u, s->direction, &pdf);
    }
}

int32_t hl_estimate(const hl_estimate_scene *scene, const hl_estimate_point *p, hl_rng *rng,
                    hl_estimate_sample *samples, float radiance[3])
{
    const hl_surface *m = &p->surface;
    const int32_t total = scene->cosine + scene->vndf + scene->light;
    const float alpha2 = hl_brdf_alpha2(m->roughness);
    float shift[6];
    int32_t count = 0;
    for (int k = 0; k < 6; k++)
        shift[k] = hl_rng_uniform(rng);
    radiance[0] = radiance[1] = radiance[2] = 0;
    for (int32_t i = 0; i < total; i++) {
        hl_estimate_sample *s = &samples[count];
        hl_brdf_angles a;
        float diffuse[3], specular[3];
        draw(scene, p, shift, i, s);
        if (!hl_brdf_angles_of(m->normal, p->eye, s->direction, &a))
            continue;
        const float pdf = (float)scene->cosine * a.ni / HL_PI +
                          (float)scene->vndf * hl_ggx_vndf_pdf(a.no, a.nh, alpha2) +
                          (float)scene->light * hl_environment_pdf(scene->env, s->direction);
        if (!(pdf > 0))
            continue;
        look(scene, p, s, 1 / pdf);
        hl_brdf(m, HL_BRDF_SMITH, p->eye, s->direction, diffuse, specular);
        for (int c = 0; c < 3; c++)
            radiance[c] += (diffuse[c] + specular[c]) * s->light[c];
        count++;
    }
    return count;
}

void hl_estimate_bwd(const hl_estimate_point *p, const hl_estimate_sample *samples, int32_t count,
                     const float d_radiance[3], hl_surface *grad, float *env_grad)
{
    for (int32_t i = 0; i < count; i++) {
        const hl_estimate_sample *s = &samples[i];
        float d_out[3];
        for (int c = 0; c < 3; c++)
            d_out[c] = d_radiance[c] * s->light[c];
        hl_brdf_bwd(&p->surface, p->eye, s->direction, d_out, grad);
        if (!env_grad || s->weight == 0)
            continue;
        float diffuse[3], specular[3];
        hl_brdf(&p->surface, HL_BRDF_SMITH, p->eye, s->direction, diffuse, specular);
        for (int c = 0; c < 3; c++)
            env_grad[3 * (size_t)s->texel + (size_t)c] +=
                d_radiance[c] * (diffuse[c] + specular[c]) * s->weight;
    }
}
