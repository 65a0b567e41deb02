/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "core/memory.h"
#include "core/vec.h"
#include "datasets/synth/synth_scene.h"

#include <math.h>

#define GLOW_SHARPNESS 18.0 /* exponent of the cosine lobe around the sun */
#define HORIZON_BAND   0.15 /* z over which the sky turns into the ground */

static double mix(double a, double b, double t)
{
    return a + t * (b - a);
}

void hl_synth_sky(const hl_synth_light *light, const double dir[3], double rgb[3])
{
    const double z = dir[2];
    if (z >= 0) {
        const double t = sqrt(z);
        for (int i = 0; i < 3; i++)
            rgb[i] = mix(light->horizon[i], light->zenith[i], t);
    } else {
        const double t = hl_min(1, -z / HORIZON_BAND);
        for (int i = 0; i < 3; i++)
            rgb[i] = mix(light->horizon[i], light->ground[i], t);
    }
    const double c = hl_dot3(dir, light->sun_dir);
    if (light->glow > 0 && c > 0) {
        const double g = light->glow * pow(c, GLOW_SHARPNESS);
        for (int i = 0; i < 3; i++)
            rgb[i] += g * light->horizon[i];
    }
}

bool hl_synth_scene_hit(const hl_synth_scene *scene, const hl_synth_ray *ray, double t_min,
                        double t_max, hl_synth_hit *hit)
{
    hit->object = -1;
    hit->t = t_max;
    for (int32_t i = 0; i < scene->count; i++) {
        const hl_synth_shape *s = &scene->objects[i].shape;
        if (hl_synth_shape_near(s, ray, t_min, hit->t) &&
            hl_synth_shape_hit(s, ray, t_min, hit->t, &hit->t))
            hit->object = i;
    }
    if (hit->object < 0)
        return false;
    const double p[3] = {ray->origin[0] + hit->t * ray->dir[0],
                         ray->origin[1] + hit->t * ray->dir[1],
                         ray->origin[2] + hit->t * ray->dir[2]};
    hl_synth_to_local(&scene->objects[hit->object].shape, p, hit->local);
    return true;
}

bool hl_synth_scene_blocked(const hl_synth_scene *scene, const hl_synth_ray *ray, double t_min,
                            double t_max)
{
    double t;
    for (int32_t i = 0; i < scene->count; i++) {
        const hl_synth_shape *s = &scene->objects[i].shape;
        if (hl_synth_shape_near(s, ray, t_min, t_max) &&
            hl_synth_shape_hit(s, ray, t_min, t_max, &t))
            return true;
    }
    return false;
}

void hl_synth_scene_surface(const hl_synth_scene *scene, const hl_synth_ray *ray,
                            const hl_synth_hit *hit, double width, hl_synth_surface *surface)
{
    const hl_synth_object *o = &scene->objects[hit->object];
    double n[3];
    hl_synth_shape_normal(&o->shape, hit->local, n);
    hl_mul3(o->shape.axes, n, surface->normal);
    for (int i = 0; i < 3; i++)
        surface->position[i] = ray->origin[i] + hit->t * ray->dir[i];
    /* The footprint is an ellipse, longer by 1 / cos; its geometric mean filters both ways. */
    const double cosine = hl_abs(hl_dot3(surface->normal, ray->dir));
    const double stretched = width / sqrt(hl_max(cosine, 0.1));
    hl_synth_texture_at(&o->texture, &o->shape, hit->local, stretched, surface->albedo);
    surface->roughness = o->roughness;
    surface->metallic = o->metallic;
    surface->specular = o->specular;
    surface->object = hit->object;
}

void hl_synth_scene_release(hl_synth_scene *scene)
{
    hl_free(scene->map);
    scene->map = NULL;
    scene->texels = 0;
}
