/* SPDX-License-Identifier: MIT */
#include "viewer/light_cpu.h"

#include "core/color.h"
#include "core/memory.h"
#include "core/sh.h"
#include "relight/sampling.h"
#include "viewer/bake.h"

#include <math.h>
#include <string.h>

enum { TABLE_SIDE = 64, LAMP_SAMPLES = 16 }; /* as in shaders/ */

#define COSINE_LEAST 1e-3f

void hl_light_cpu_release(hl_light_cpu *light)
{
    hl_environment_release(&light->env);
    hl_prefilter_release(&light->mirror);
    hl_free(light->table);
    *light = (hl_light_cpu){.table = NULL};
}

hl_status hl_light_cpu_set(hl_light_cpu *light, const hl_environment *environment)
{
    const hl_image map = {environment->width, environment->height, 3, environment->radiance};
    const int32_t width = map.width < HL_PREFILTER_MAP_WIDTH ? map.width : HL_PREFILTER_MAP_WIDTH;
    const int32_t height =
        map.height < HL_PREFILTER_MAP_HEIGHT ? map.height : HL_PREFILTER_MAP_HEIGHT;
    hl_image small;
    HL_TRY(hl_image_resize(&small, &map, width, height));
    hl_environment_release(&light->env);
    light->env = (hl_environment){.width = width, .height = height, .radiance = small.data};
    light->filtered = light->turned = false;
    return HL_OK;
}

static hl_status filter(hl_light_cpu *light)
{
    const float white[3] = {1, 1, 1};
    if (!light->table) {
        light->table = hl_alloc((size_t)TABLE_SIDE * TABLE_SIDE * 2, sizeof(float));
        if (!light->table)
            return HL_E_MEMORY;
        hl_prefilter_table(light->table, TABLE_SIDE);
    }
    if (!light->env.radiance) {
        hl_environment even;
        HL_TRY(hl_environment_create_constant(&even, white));
        const hl_status s = hl_light_cpu_set(light, &even);
        hl_environment_release(&even);
        HL_TRY(s);
    }
    hl_prefilter_release(&light->mirror);
    HL_TRY(hl_prefilter_create(&light->mirror, &light->env));
    light->filtered = true;
    return HL_OK;
}

hl_status hl_light_cpu_prepare(hl_light_cpu *light, const hl_look *look)
{
    if (!light->filtered)
        HL_TRY(filter(light));
    bool same = light->turned && !(light->turn < look->turn) && !(light->turn > look->turn);
    for (int k = 0; k < 3; k++)
        same = same && !(light->up[k] < look->up[k]) && !(light->up[k] > look->up[k]);
    if (same)
        return HL_OK;
    hl_environment_orient(&light->env, look->up, (double)look->turn);
    hl_environment_irradiance_sh(&light->env, light->sh);
    memcpy(light->up, look->up, sizeof light->up);
    light->turn = look->turn;
    light->turned = true;
    return HL_OK;
}

void hl_light_cpu_far(const hl_light_cpu *light, const hl_look *look, const float d[3],
                      float rgb[3])
{
    hl_prefilter_radiance(&light->mirror, &light->env, d, 0, rgb);
    for (int c = 0; c < 3; c++)
        rgb[c] *= look->intensity;
}

/* Between texels of the table. */
static void split_sum(const float *table, float no, float roughness, float out[2])
{
    const float last = TABLE_SIDE - 1;
    const float x = hl_clamp(no * TABLE_SIDE - 0.5f, 0, last);
    const float y = hl_clamp(roughness * TABLE_SIDE - 0.5f, 0, last);
    const int32_t left = (int32_t)x, top = (int32_t)y;
    const int32_t right = left + (left < TABLE_SIDE - 1), below = top + (top < TABLE_SIDE - 1);
    const float *a = table + (ptrdiff_t)2 * TABLE_SIDE * top;
    const float *b = table + (ptrdiff_t)2 * TABLE_SIDE * below;
    const float fx = x - (float)left, fy = y - (float)top;
    for (int k = 0; k < 2; k++) {
        const float upper = a[2 * left + k] + fx * (a[2 * right + k] - a[2 * left + k]);
        const float lower = b[2 * left + k] + fx * (b[2 * right + k] - b[2 * left + k]);
        out[k] = upper + fy * (lower - upper);
    }
}

/* What of the environment around the mirrored direction is open where `open` of the hemisphere is
 * (Lagarde and de Rousiers 2014, "Moving Frostbite to PBR", 4.10.2). */
static float mirror_open(float no, float open, float roughness)
{
    return hl_clamp(powf(no + open, exp2f(-16 * roughness - 1)) - 1 + open, 0, 1);
}

/* Reflectance of both lobes under even light, channel c. */
static void reflectance(const hl_surface *s, const float split[2], int c, float *diffuse,
                        float *mirror)
{
    const float f0 = HL_F0_DIELECTRIC * (1 - s->metal) + s->metal * s->albedo[c];
    *diffuse = (1 - s->metal) * s->albedo[c];
    *mirror = f0 * split[0] + split[1];
}

static void add_environment(const hl_light_cpu *light, const hl_look *look, const hl_lit_point *p,
                            float rgb[3])
{
    const hl_surface *s = &p->surface;
    const float along = hl_dot3(s->normal, p->o), no = hl_clamp(along, COSINE_LEAST, 1);
    const bool direct = look->show != HL_SHOW_INDIRECT, indirect = look->show != HL_SHOW_DIRECT;
    const float open = p->baked ? hl_clamp(hl_luminance(p->sky), 0, 1) : 1;
    const float mirror_sky = mirror_open(no, open, s->roughness);
    float basis[9], split[2], mirrored[3], d[3];
    hl_sh_basis(2, s->normal, basis);
    split_sum(light->table, no, hl_max(s->roughness, HL_ROUGHNESS_MIN), split);
    for (int k = 0; k < 3; k++)
        d[k] = 2 * no * s->normal[k] - p->o[k];
    hl_normalize3(d, d);
    hl_prefilter_radiance(&light->mirror, &light->env, d, s->roughness, mirrored);
    for (int c = 0; c < 3; c++) {
        float even = 0, diffuse, mirror;
        for (int k = 0; k < 9; k++)
            even += basis[k] * light->sh[c][k];
        even = p->baked ? p->sky[c] * hl_max(even, HL_BAKE_FLOOR * basis[0] * light->sh[c][0])
                        : hl_max(even, 0);
        reflectance(s, split, c, &diffuse, &mirror);
        if (direct)
            rgb[c] += look->intensity * (diffuse * even + mirrored[c] * mirror * mirror_sky);
        if (indirect && p->baked)
            rgb[c] += (diffuse + mirror) * p->bounce[c];
    }
}

static bool hidden(const hl_lit_point *p, const hl_light_sample *s)
{
    hl_ray ray = {.t_min = 0, .t_max = (float)s->distance};
    for (int k = 0; k < 3; k++) {
        ray.origin[k] = p->x[k] + p->lift * p->surface.normal[k];
        ray.direction[k] = s->direction[k];
    }
    for (int i = 0; i < 2; i++)
        if (p->casters[i] && hl_bvh_any(p->casters[i], &ray))
            return true;
    return false;
}

static void add_lamp(const hl_look *look, int32_t number, const hl_lit_point *p, float rgb[3])
{
    hl_light l = look->lights[number];
    const bool small = l.kind == HL_LIGHT_SUN || l.kind == HL_LIGHT_POINT;
    const uint32_t draws = small ? 1 : LAMP_SAMPLES;
    const float shift[2] = {small ? 0 : 0.5f / LAMP_SAMPLES, 0};
    const float open =
        p->splats ? hl_tier_shadow_open(p->splats, number, p->x, p->surface.normal) : 1;
    if (l.kind == HL_LIGHT_SUN)
        l.radius = 0; /* its disc is seen as a point */
    for (uint32_t i = 0; i < draws && open > 0; i++) {
        float u[2], diffuse[3], specular[3];
        hl_light_sample s;
        hl_sample_square(i, draws, shift, u);
        if (!hl_light_sample_at(&l, p->x, u, &s))
            continue;
        if (l.kind == HL_LIGHT_SUN)
            memcpy(s.direction, l.at, sizeof s.direction);
        if (!hl_brdf(&p->surface, HL_BRDF_SMITH, p->o, s.direction, diffuse, specular) ||
            hidden(p, &s))
            continue;
        for (int c = 0; c < 3; c++)
            rgb[c] += open * s.color[c] * (diffuse[c] + specular[c]) / (float)draws;
    }
}

void hl_light_cpu_shade(const hl_light_cpu *light, const hl_look *look, const hl_lit_point *p,
                        float rgb[3])
{
    rgb[0] = rgb[1] = rgb[2] = 0;
    add_environment(light, look, p, rgb);
    if (look->show == HL_SHOW_INDIRECT)
        return;
    hl_lit_point turned = *p; /* blended normals may look away: seen from the side then */
    const float no = hl_dot3(p->surface.normal, p->o);
    if (no < COSINE_LEAST) {
        for (int k = 0; k < 3; k++)
            turned.surface.normal[k] += (COSINE_LEAST - no) * p->o[k];
        hl_normalize3(turned.surface.normal, turned.surface.normal);
    }
    for (int32_t i = 0; i < look->light_count; i++)
        add_lamp(look, i, &turned, rgb);
}
