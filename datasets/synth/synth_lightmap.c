/* SPDX-License-Identifier: MIT */
/* The light map: irradiance of sky and diffuse bounces per surface texel.
 *
 *   E_0(x)     = pi / N  sum_k sky(w_k)                                rays that leave the scene
 *   E_p(x)     = E_0(x) + 1 / N  sum_k rho_k (E_{p-1}(x_k) + S(x_k))   rays that meet texel x_k
 *
 * with w_k cosine-distributed about the normal, rho = (1 - metallic) albedo and S the sun's
 * irradiance behind its own shadow.  Every texel uses the same N stratified directions in its own
 * frame, so there is no noise.  Each ray is traced once and remembered as the texel it met (the
 * radiosity method, Goral et al. 1984, with one-point form factors).  Passes read one map and
 * write another, so the order of threads cannot matter.
 */
#define HL_REAL double

#include "core/memory.h"
#include "core/parallel.h"
#include "core/vec.h"
#include "datasets/synth/synth_scene.h"

#include <math.h>

#define GATHER_SIDE 12   /* directions: side x side strata   */
#define TEXEL       0.05 /* length: default spacing          */
#define SIDE_MIN    3    /* texels along a side of a chart   */
#define SIDE_MAX    256
#define BLOCK       64   /* texels per block                 */
#define LIFT        1e-4 /* length: rays start this far off  */
#define T_MIN       1e-7
#define T_MAX       1e6
#define SUN_SAMPLES 4
#define DIRECTIONS  (GATHER_SIDE * GATHER_SIDE)
#define LINK_SKY    (-1)
#define LINK_DARK   (-2) /* the inside of a solid: where two of them touch */

static const double pi = 3.141592653589793;

typedef struct gather {
    const hl_synth_scene *scene;
    int32_t texels;
    double local_dirs[DIRECTIONS][3]; /* cosine-distributed about +z */
    float *source; /* (texels, 3): rho * S / 1, what the sun makes each texel send        */
    float *rho;    /* (texels, 3)                                                         */
    float *sky;    /* (texels, 3): E_0                                                    */
    int32_t *link; /* (texels, DIRECTIONS): texel met, LINK_SKY or LINK_DARK              */
    const float *from;
    float *to;
} gather;

/* inside (2): the place in the texel, [0, 1). */
static void texel_surface(const hl_synth_scene *scene, int32_t texel, const double inside[2],
                          hl_synth_surface *surface, double local[3])
{
    int32_t i = scene->count - 1, c = 0;
    while (scene->objects[i].charts[0].first > texel)
        i--;
    const hl_synth_object *o = &scene->objects[i];
    const int32_t charts = hl_synth_chart_count(&o->shape);
    while (c + 1 < charts && o->charts[c + 1].first <= texel)
        c++;
    const hl_synth_map_chart *m = &o->charts[c];
    const int32_t k = texel - m->first;
    const hl_synth_chart chart = {.index = c,
                                  .u = (k % m->nu + inside[0]) / m->nu,
                                  .v = ((double)(k / m->nu) + inside[1]) / m->nv};
    double normal[3];
    hl_synth_chart_point(&o->shape, &chart, local);
    hl_synth_shape_normal(&o->shape, local, normal);
    hl_synth_to_world(&o->shape, local, surface->position);
    hl_mul3(o->shape.axes, normal, surface->normal);
    surface->object = i;
}

static int32_t wrap_or_clamp(int32_t i, int32_t side, bool wraps)
{
    if (wraps)
        return (i % side + side) % side;
    return i < 0 ? 0 : i >= side ? side - 1 : i;
}

/* The texel that a ray met. */
static int32_t link_of(const hl_synth_object *o, const hl_synth_hit *hit, const double dir[3])
{
    double local_normal[3], normal[3];
    hl_synth_shape_normal(&o->shape, hit->local, local_normal);
    hl_mul3(o->shape.axes, local_normal, normal);
    if (hl_dot3(normal, dir) > 0)
        return LINK_DARK;
    const hl_synth_chart c = hl_synth_chart_of(&o->shape, hit->local);
    const hl_synth_map_chart *m = &o->charts[c.index];
    return m->first + wrap_or_clamp((int32_t)(c.v * m->nv), m->nv, false) * m->nu +
           wrap_or_clamp((int32_t)(c.u * m->nu), m->nu, false);
}

/* Sun and mean colour of one texel. */
static void light_texel(const gather *g, int32_t k)
{
    const hl_synth_scene *scene = g->scene;
    double sun = 0, albedo[3] = {0};
    double metallic = 0;
    for (int32_t i = 0; i < SUN_SAMPLES; i++) {
        hl_synth_surface s;
        double inside[2], local[3], rgb[3];
        hl_synth_sample(i, 0, inside);
        texel_surface(scene, k, inside, &s, local);
        const hl_synth_object *o = &scene->objects[s.object];
        const double nl = hl_dot3(s.normal, scene->light.sun_dir);
        if (nl > 0 && hl_synth_sun_visible(scene, &s, i))
            sun += nl / SUN_SAMPLES;
        hl_synth_texture_at(&o->texture, &o->shape, local, o->texel > 0 ? o->texel : TEXEL, rgb);
        for (int j = 0; j < 3; j++)
            albedo[j] += rgb[j] / SUN_SAMPLES;
        metallic = o->metallic;
    }
    for (int j = 0; j < 3; j++) {
        const double rho = (1 - metallic) * albedo[j];
        g->rho[3 * k + j] = (float)rho;
        g->source[3 * k + j] = (float)(rho * sun * scene->light.sun[j]);
    }
}

static void gather_texel(const gather *g, int32_t k)
{
    const hl_synth_scene *scene = g->scene;
    const double middle[2] = {0.5, 0.5};
    hl_synth_surface s;
    double local[3], t[3], b[3], sum[3] = {0};
    texel_surface(scene, k, middle, &s, local);
    const double axis[3] = {fabs(s.normal[0]) < 0.6, fabs(s.normal[0]) >= 0.6, 0};
    hl_cross3(s.normal, axis, t);
    hl_normalize3(t, t);
    hl_cross3(s.normal, t, b);
    for (int32_t i = 0; i < DIRECTIONS; i++) {
        const double *d = g->local_dirs[i];
        hl_synth_ray ray;
        hl_synth_hit hit;
        for (int j = 0; j < 3; j++) {
            ray.origin[j] = s.position[j] + LIFT * s.normal[j];
            ray.dir[j] = d[0] * t[j] + d[1] * b[j] + d[2] * s.normal[j];
        }
        int32_t *link = &g->link[(size_t)k * DIRECTIONS + (size_t)i];
        if (hl_synth_scene_hit(scene, &ray, T_MIN, T_MAX, &hit)) {
            *link = link_of(&scene->objects[hit.object], &hit, ray.dir);
        } else {
            double l[3];
            *link = LINK_SKY;
            hl_synth_sky(&scene->light, ray.dir, l);
            for (int j = 0; j < 3; j++)
                sum[j] += l[j];
        }
    }
    for (int j = 0; j < 3; j++)
        g->sky[3 * k + j] = (float)(sum[j] * pi / DIRECTIONS);
}

static void trace_block(void *ctx, int32_t block, int32_t thread)
{
    const gather *g = ctx;
    (void)thread;
    for (int32_t k = block * BLOCK; k < g->texels && k < (block + 1) * BLOCK; k++) {
        light_texel(g, k);
        gather_texel(g, k);
    }
}

static void bounce_block(void *ctx, int32_t block, int32_t thread)
{
    const gather *g = ctx;
    (void)thread;
    for (int32_t k = block * BLOCK; k < g->texels && k < (block + 1) * BLOCK; k++) {
        double sum[3] = {0};
        for (int32_t i = 0; i < DIRECTIONS; i++) {
            const int32_t met = g->link[(size_t)k * DIRECTIONS + (size_t)i];
            for (int j = 0; met >= 0 && j < 3; j++) {
                const int32_t at = 3 * met + j;
                sum[j] += (double)(g->source[at] + g->rho[at] * g->from[at]);
            }
        }
        for (int j = 0; j < 3; j++)
            g->to[3 * k + j] = (float)((double)g->sky[3 * k + j] + sum[j] / DIRECTIONS);
    }
}

static int32_t side_of(double extent, double texel)
{
    return (int32_t)fmin(SIDE_MAX, fmax(SIDE_MIN, ceil(extent / texel)));
}

static int32_t lay_out(hl_synth_scene *scene)
{
    int32_t texels = 0;
    for (int32_t i = 0; i < scene->count; i++) {
        hl_synth_object *o = &scene->objects[i];
        for (int32_t c = 0; c < hl_synth_chart_count(&o->shape); c++) {
            double extent[2];
            hl_synth_chart_extent(&o->shape, c, extent);
            const double texel = o->texel > 0 ? o->texel : TEXEL;
            const hl_synth_map_chart m = {side_of(extent[0], texel), side_of(extent[1], texel),
                                          texels};
            o->charts[c] = m;
            texels += m.nu * m.nv;
        }
    }
    return texels;
}

static void spread_directions(gather *g)
{
    for (int32_t i = 0; i < DIRECTIONS; i++) {
        const double u = (i % GATHER_SIDE + 0.5) / GATHER_SIDE;
        const double phi = 2 * pi * ((double)(i / GATHER_SIDE) + 0.5) / GATHER_SIDE;
        g->local_dirs[i][0] = sqrt(u) * cos(phi);
        g->local_dirs[i][1] = sqrt(u) * sin(phi);
        g->local_dirs[i][2] = sqrt(1 - u);
    }
}

hl_status hl_synth_scene_light(hl_synth_scene *scene, int32_t bounces)
{
    gather g = {.scene = scene, .texels = lay_out(scene)};
    const size_t n = (size_t)g.texels;
    float *map[3]; /* E_0 and two that take turns */
    for (int i = 0; i < 3; i++)
        map[i] = hl_alloc(n, 3 * sizeof(float));
    hl_status status = HL_OK;
    spread_directions(&g);
    g.source = hl_alloc(n, 3 * sizeof(float));
    g.rho = hl_alloc(n, 3 * sizeof(float));
    g.link = hl_alloc(n, DIRECTIONS * sizeof(int32_t));
    g.sky = map[0];
    if (!map[0] || !map[1] || !map[2] || !g.source || !g.rho || !g.link) {
        status = hl_fail_context(HL_E_MEMORY, "light map of %d texels", g.texels);
        goto done;
    }
    const int32_t blocks = hl_block_count(g.texels, BLOCK);
    hl_parallel_for(blocks, trace_block, &g);
    int last = 0;
    for (int32_t pass = 0; pass < bounces; pass++) {
        g.from = map[last];
        last = 1 + pass % 2;
        g.to = map[last];
        hl_parallel_for(blocks, bounce_block, &g);
    }
    hl_free(scene->map);
    scene->texels = g.texels;
    scene->map = map[last];
    map[last] = NULL;
done:
    for (int i = 0; i < 3; i++)
        hl_free(map[i]);
    hl_free(g.source);
    hl_free(g.rho);
    hl_free(g.link);
    return status;
}

void hl_synth_scene_irradiance(const hl_synth_scene *scene, const hl_synth_surface *surface,
                               double rgb[3])
{
    rgb[0] = rgb[1] = rgb[2] = 0;
    if (!scene->map)
        return;
    const hl_synth_object *o = &scene->objects[surface->object];
    double local[3];
    hl_synth_to_local(&o->shape, surface->position, local);
    const hl_synth_chart c = hl_synth_chart_of(&o->shape, local);
    const hl_synth_map_chart *m = &o->charts[c.index];
    const double x = c.u * m->nu - 0.5, y = c.v * m->nv - 0.5, x0 = floor(x), y0 = floor(y);
    const bool wrap_u = hl_synth_chart_wraps_u(&o->shape, c.index);
    const bool wrap_v = hl_synth_chart_wraps_v(&o->shape, c.index);
    for (int k = 0; k < 4; k++) {
        const int dx = k & 1, dy = k >> 1;
        const int32_t i = wrap_or_clamp((int32_t)x0 + dx, m->nu, wrap_u);
        const int32_t j = wrap_or_clamp((int32_t)y0 + dy, m->nv, wrap_v);
        const float *e = scene->map + 3 * (size_t)(m->first + j * m->nu + i);
        const double w = (dx ? x - x0 : 1 - (x - x0)) * (dy ? y - y0 : 1 - (y - y0));
        for (int ch = 0; ch < 3; ch++)
            rgb[ch] += w * (double)e[ch];
    }
}
