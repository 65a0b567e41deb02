/* SPDX-License-Identifier: MIT */
#define HL_REAL double

#include "core/vec.h"
#include "datasets/synth/synth_scene.h"

#include <math.h>

#define LIFT        1e-5 /* length: rays leave a surface this far above it */
#define T_MIN       1e-7
#define T_MAX       1e6
#define SAMPLE_BITS 8      /* 256 samples, then it repeats */
#define A_MIN       2.5e-3 /* alpha of the lobe: roughness 0.05 */

static const double pi = 3.141592653589793;

void hl_synth_sample(int32_t i, int32_t set, double uv[2])
{
    /* Relabelling base-4 digits keeps every prefix of 4^k points whole. */
    static const uint8_t digit[3][4] = {{0, 1, 2, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}};
    uint32_t k = 0;
    for (int b = 0; b < SAMPLE_BITS; b += 2)
        k |= (uint32_t)digit[set][(uint32_t)i >> b & 3] << b;
    /* Van der Corput and the second Sobol' dimension: a (0, 2)-sequence. */
    uint32_t x = 0, y = 0, direction = 1u << 31;
    for (int b = 0; b < SAMPLE_BITS; b++, direction ^= direction >> 1)
        if (k >> b & 1) {
            x |= 1u << (31 - b);
            y ^= direction;
        }
    uv[0] = x / 4294967296.0 + 0.5 / (1 << SAMPLE_BITS);
    uv[1] = y / 4294967296.0 + 0.5 / (1 << SAMPLE_BITS);
    /* Centre the strata: the first point is the middle of the square. */
    uv[0] = uv[0] + 0.5 - floor(uv[0] + 0.5);
    uv[1] = uv[1] + 0.5 - floor(uv[1] + 0.5);
}

/* Two unit vectors at right angles to n and each other (Duff et al. 2017). */
static void frame(const double n[3], double t[3], double b[3])
{
    const double sign = n[2] < 0 ? -1 : 1, a = -1 / (sign + n[2]), c = n[0] * n[1] * a;
    t[0] = 1 + sign * n[0] * n[0] * a;
    t[1] = sign * c;
    t[2] = -sign * n[0];
    b[0] = c;
    b[1] = sign + n[1] * n[1] * a;
    b[2] = -n[1];
}

static void lift(const hl_synth_surface *s, double origin[3])
{
    for (int i = 0; i < 3; i++)
        origin[i] = s->position[i] + LIFT * s->normal[i];
}

static bool has_sun(const hl_synth_light *light)
{
    return light->sun[0] > 0 || light->sun[1] > 0 || light->sun[2] > 0;
}

bool hl_synth_sun_visible(const hl_synth_scene *scene, const hl_synth_surface *surface,
                          int32_t sample)
{
    const hl_synth_light *l = &scene->light;
    hl_synth_ray ray;
    double uv[2], t[3], b[3];
    hl_synth_sample(sample, 1, uv);
    const double r = l->sun_radius * sqrt(uv[0]), phi = 2 * pi * uv[1];
    const double x = r * cos(phi), y = r * sin(phi);
    frame(l->sun_dir, t, b);
    for (int i = 0; i < 3; i++)
        ray.dir[i] = l->sun_dir[i] + x * t[i] + y * b[i];
    hl_normalize3(ray.dir, ray.dir);
    if (hl_dot3(ray.dir, surface->normal) <= 0)
        return false;
    lift(surface, ray.origin);
    return !hl_synth_scene_blocked(scene, &ray, T_MIN, T_MAX);
}

/* Smith's Lambda for GGX. */
static double lambda(double cosine, double alpha)
{
    const double c2 = cosine * cosine, tan2 = (1 - c2) / c2;
    return (sqrt(1 + alpha * alpha * tan2) - 1) / 2;
}

static double fresnel(double f0, double cosine)
{
    const double m = 1 - cosine, m2 = m * m;
    return f0 + (1 - f0) * m2 * m2 * m;
}

static void reflectance(const hl_synth_surface *s, double f0[3])
{
    for (int i = 0; i < 3; i++)
        f0[i] = s->metallic > 0 ? s->albedo[i] : s->specular;
}

/* f(l, v) cos(l) of the lobe, per channel.  Zero below the surface. */
static void lobe(const hl_synth_surface *s, const double v[3], const double l[3], double out[3])
{
    const double nv = hl_dot3(s->normal, v), nl = hl_dot3(s->normal, l);
    out[0] = out[1] = out[2] = 0;
    if (nv <= 0 || nl <= 0)
        return;
    double h[3] = {v[0] + l[0], v[1] + l[1], v[2] + l[2]};
    hl_normalize3(h, h);
    const double alpha = hl_max(A_MIN, s->roughness * s->roughness), a2 = alpha * alpha;
    const double nh = hl_dot3(s->normal, h), vh = hl_dot3(v, h);
    const double q = nh * nh * (a2 - 1) + 1, d = a2 / (pi * q * q);
    const double g = 1 / (1 + lambda(nv, alpha) + lambda(nl, alpha));
    double f0[3];
    reflectance(s, f0);
    for (int i = 0; i < 3; i++)
        out[i] = d * g * fresnel(f0[i], vh) / (4 * nv);
}

/* Diffuse radiance leaving a surface point: what second rays see. */
static void diffuse(const hl_synth_scene *scene, const hl_synth_surface *s, bool sun, double rgb[3])
{
    hl_synth_scene_irradiance(scene, s, rgb);
    const double nl = hl_max(0, hl_dot3(s->normal, scene->light.sun_dir));
    for (int i = 0; i < 3; i++) {
        rgb[i] += sun ? scene->light.sun[i] * nl : 0;
        rgb[i] *= (1 - s->metallic) * s->albedo[i] / pi;
    }
}

/* The normal of a visible microfacet (Heitz 2018), in the world. */
static void visible_normal(const hl_synth_surface *s, const double v[3], const double uv[2],
                           double h[3])
{
    const double alpha = hl_max(A_MIN, s->roughness * s->roughness);
    double t[3], b[3], x[3] = {1, 0, 0}, y[3];
    frame(s->normal, t, b);
    double w[3] = {alpha * hl_dot3(v, t), alpha * hl_dot3(v, b), hl_dot3(v, s->normal)};
    hl_normalize3(w, w);
    const double flat = w[0] * w[0] + w[1] * w[1];
    if (flat > 0) {
        x[0] = -w[1] / sqrt(flat);
        x[1] = w[0] / sqrt(flat);
    }
    hl_cross3(w, x, y);
    const double r = sqrt(uv[0]), phi = 2 * pi * uv[1], p = r * cos(phi);
    const double blend = (1 + w[2]) / 2;
    const double q = (1 - blend) * sqrt(1 - p * p) + blend * r * sin(phi);
    const double up = sqrt(hl_max(0, 1 - p * p - q * q));
    double n[3];
    for (int i = 0; i < 3; i++)
        n[i] = p * x[i] + q * y[i] + up * w[i];
    n[0] *= alpha;
    n[1] *= alpha;
    n[2] = hl_max(1e-9, n[2]);
    hl_normalize3(n, n);
    for (int i = 0; i < 3; i++)
        h[i] = n[0] * t[i] + n[1] * b[i] + n[2] * s->normal[i];
}

/* Light of everything but the sun that the lobe reflects, by one ray. */
static void reflect(const hl_synth_scene *scene, const hl_synth_surface *s, const double v[3],
                    int32_t sample, double rgb[3])
{
    hl_synth_ray ray;
    double uv[2], h[3], f0[3];
    rgb[0] = rgb[1] = rgb[2] = 0;
    hl_synth_sample(sample, 2, uv);
    visible_normal(s, v, uv, h);
    const double vh = hl_dot3(v, h);
    for (int i = 0; i < 3; i++)
        ray.dir[i] = 2 * vh * h[i] - v[i];
    const double nl = hl_dot3(ray.dir, s->normal), nv = hl_dot3(v, s->normal);
    if (nl <= 0 || nv <= 0 || vh <= 0)
        return;
    lift(s, ray.origin);
    hl_synth_hit hit;
    if (hl_synth_scene_hit(scene, &ray, T_MIN, T_MAX, &hit)) {
        hl_synth_surface far;
        /* A rough lobe sees a wide patch: filter the texture to its width. */
        const double width = hit.t * (0.02 + s->roughness * s->roughness);
        hl_synth_scene_surface(scene, &ray, &hit, width, &far);
        diffuse(scene, &far, has_sun(&scene->light) && hl_synth_sun_visible(scene, &far, sample),
                rgb);
    } else {
        hl_synth_sky(&scene->light, ray.dir, rgb);
    }
    const double alpha = hl_max(A_MIN, s->roughness * s->roughness);
    const double lv = lambda(nv, alpha), weight = (1 + lv) / (1 + lv + lambda(nl, alpha));
    reflectance(s, f0);
    for (int i = 0; i < 3; i++)
        rgb[i] *= weight * fresnel(f0[i], vh);
}

void hl_synth_radiance(const hl_synth_scene *scene, const hl_synth_ray *ray, double spread,
                       int32_t sample, double rgb[3], hl_synth_surface *surface)
{
    hl_synth_hit hit;
    if (!hl_synth_scene_hit(scene, ray, T_MIN, T_MAX, &hit)) {
        surface->object = -1;
        hl_synth_sky(&scene->light, ray->dir, rgb);
        return;
    }
    hl_synth_scene_surface(scene, ray, &hit, hit.t * spread, surface);
    const bool lit = has_sun(&scene->light) && hl_synth_sun_visible(scene, surface, sample);
    diffuse(scene, surface, lit, rgb);
    if (surface->specular <= 0 && surface->metallic <= 0)
        return;
    const double v[3] = {-ray->dir[0], -ray->dir[1], -ray->dir[2]};
    double f[3], mirrored[3];
    lobe(surface, v, scene->light.sun_dir, f);
    reflect(scene, surface, v, sample, mirrored);
    for (int i = 0; i < 3; i++)
        rgb[i] += mirrored[i] + (lit ? scene->light.sun[i] * f[i] : 0);
}
