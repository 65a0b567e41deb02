/* SPDX-License-Identifier: MIT */
#include "viewer/tier_cpu.h"

#include "core/color.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/vec.h"
#include "raster/gbuffer.h"
#include "raster/mesh_view.h"
#include "viewer/tone.h"

#include <math.h>
#include <string.h>

enum { BAKED_CHANNELS = HL_GBUFFER_CHANNELS + 3 * HL_BAKE_WORDS };

#define EDGE_PART_MESH   0.1f  /* of the mean edge: rays start so far off a mesh            */
#define EDGE_PART_SPLATS 0.75f /* and off splats: they lie that far off the mesh made of them */

hl_status hl_tier_cpu_create(hl_tier_cpu *tier)
{
    *tier = (hl_tier_cpu){.raster = NULL};
    return hl_raster_create(&tier->raster, "cpu", HL_ISA_AUTO);
}

void hl_tier_cpu_release(hl_tier_cpu *tier)
{
    hl_raster_destroy(&tier->raster);
    hl_free(tier->log_scale);
    hl_free(tier->materials);
    hl_free(tier->hits);
    hl_free(tier->window);
    hl_free(tier->lit);
    hl_bvh_release(&tier->mesh.bvh);
    hl_bvh_release(&tier->stand_in.bvh);
    hl_light_cpu_release(&tier->light);
    hl_tier_place_release(&tier->place);
    hl_tier_shadow_release(&tier->shadow);
    *tier = (hl_tier_cpu){.raster = NULL};
}

void hl_tier_cpu_set_splats(hl_tier_cpu *tier, const hl_splats *splats)
{
    tier->splats = splats;
    tier->shadow.fresh = false;
    tier->drawn = false;
}

void hl_tier_cpu_set_materials(hl_tier_cpu *tier, const float *materials, int32_t count)
{
    tier->own = materials;
    tier->own_count = count;
}

static void take_mesh(hl_tier_mesh *to, const hl_mesh *mesh)
{
    hl_bvh_release(&to->bvh);
    *to = (hl_tier_mesh){.mesh = mesh && mesh->triangle_count ? mesh : NULL};
}

void hl_tier_cpu_set_mesh(hl_tier_cpu *tier, const hl_mesh *mesh)
{
    take_mesh(&tier->mesh, mesh);
    tier->drawn = false;
}

void hl_tier_cpu_set_stand_in(hl_tier_cpu *tier, const hl_mesh *mesh)
{
    take_mesh(&tier->stand_in, mesh);
}

static hl_status build(hl_tier_mesh *m)
{
    if (!m->mesh || m->built)
        return HL_OK;
    HL_TRY(hl_bvh_create(&m->bvh, m->mesh));
    m->edge = hl_mesh_mean_edge(m->mesh);
    m->built = true;
    return HL_OK;
}

/* The scene with every splat grown by `scale`. */
static hl_status scaled(hl_tier_cpu *tier, float scale, hl_splats *out)
{
    const size_t n = (size_t)tier->splats->count * 3;
    if (tier->log_scale_count < tier->splats->count) {
        float *grown = hl_alloc(n, sizeof(float));
        if (!grown)
            return HL_E_MEMORY;
        hl_free(tier->log_scale);
        tier->log_scale = grown;
        tier->log_scale_count = tier->splats->count;
    }
    for (size_t i = 0; i < n; i++)
        tier->log_scale[i] = tier->splats->log_scale[i] + logf(scale);
    *out = *tier->splats;
    out->log_scale = tier->log_scale;
    return HL_OK;
}

/* Materials of a splat: its own, or mean colour as albedo, roughness and metal of the look. */
static void material_of(const hl_tier_cpu *t, const hl_splats *splats, bool own, size_t i, float *m)
{
    if (own) {
        memcpy(m, t->own + i * HL_GBUFFER_CHANNELS, HL_GBUFFER_CHANNELS * sizeof *m);
        return;
    }
    for (size_t c = 0; c < 3; c++) {
        const float v = 0.5f + (float)HL_SH_C0 * splats->sh[(3 * i + c) * HL_SH_COEFFS_MAX];
        m[c] = hl_linear_from_srgb(v > 0 ? (v < 1 ? v : 1.0f) : 0);
    }
    m[3] = t->look.roughness;
    m[4] = t->look.metal;
}

static hl_status make_materials(hl_tier_cpu *tier, const hl_splats *splats, bool own)
{
    const size_t count = (size_t)splats->count;
    const size_t each = tier->baked_splats ? BAKED_CHANNELS : HL_GBUFFER_CHANNELS;
    if (!tier->materials || tier->material_floats < count * each) {
        hl_free(tier->materials);
        tier->material_floats = 0;
        tier->materials = hl_alloc(count ? count * each : 1, sizeof(float));
        if (!tier->materials)
            return HL_E_MEMORY;
        tier->material_floats = count * each;
    }
    for (size_t i = 0; i < count; i++) {
        float *m = tier->materials + i * each;
        material_of(tier, splats, own, i, m);
        for (size_t w = 0; tier->baked_splats && w < HL_BAKE_WORDS; w++)
            hl_bake_unpack(tier->baked->splats[HL_BAKE_WORDS * i + w],
                           m + HL_GBUFFER_CHANNELS + 3 * w);
    }
    return HL_OK;
}

/* ---- the mesh, by rays --------------------------------------------------------------------- */

static void trace_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    hl_tier_cpu *t = ctx;
    const hl_raster_view *v = &t->view;
    const size_t pixels = (size_t)v->width * (size_t)v->height;
    for (int32_t x = 0; x < v->width; x++) {
        const int32_t i = y * v->width + x;
        hl_ray ray;
        hl_mesh_view_ray(v, i, &ray);
        const bool found = hl_bvh_closest(&t->mesh.bvh, &ray, &t->hits[i]);
        t->window[i] = 0;
        t->window[pixels + (size_t)i] = found ? t->hits[i].t : 1e30f;
    }
}

static hl_status trace(hl_tier_cpu *t)
{
    const size_t pixels = (size_t)t->view.width * (size_t)t->view.height;
    HL_TRY(build(&t->mesh));
    if (t->hit_count < pixels) {
        hl_free(t->hits);
        hl_free(t->window);
        t->hit_count = 0;
        t->hits = hl_alloc(pixels, sizeof *t->hits);
        t->window = hl_alloc(2 * pixels, sizeof(float));
        if (!t->hits || !t->window)
            return HL_E_MEMORY;
        t->hit_count = pixels;
    }
    hl_parallel_for(t->view.height, trace_row, t);
    return HL_OK;
}

/* ---- a pixel of both ----------------------------------------------------------------------- */

/* What light.comp finds in its targets, divided by the coverage. */
typedef struct seen {
    float albedo[3], normal[3], roughness, metal, depth, alpha;
    float baked[6]; /* share of the sky, bounces */
    bool on_mesh;   /* it has the larger part */
} seen;

/* values: (vertices, HL_BAKE_WORDS). */
static void add_baked(const hl_mesh *mesh, const uint32_t *values, const hl_hit *hit, float weight,
                      float baked[6])
{
    const uint32_t *corners = mesh->triangles + 3 * (size_t)hit->triangle;
    const float part[3] = {1 - hit->u - hit->v, hit->u, hit->v};
    for (int i = 0; i < 3; i++)
        for (size_t w = 0; w < HL_BAKE_WORDS; w++) {
            float rgb[3];
            hl_bake_unpack(values[HL_BAKE_WORDS * (size_t)corners[i] + w], rgb);
            for (size_t k = 0; k < 3; k++)
                baked[3 * w + k] += weight * part[i] * rgb[k];
        }
}

static void add_mesh_baked(const hl_tier_cpu *t, const hl_hit *hit, float weight, float baked[6])
{
    for (int k = 0; k < 3 && !t->baked_mesh; k++)
        baked[k] += weight;
    if (t->baked_mesh)
        add_baked(t->mesh.mesh, t->baked->vertices, hit, weight, baked);
}

/* Blended under the splats, as mesh_material.glsl does it. */
static void add_mesh(const hl_tier_cpu *t, const hl_hit *hit, const float ray[3], float weight,
                     seen *s)
{
    const hl_mesh *m = t->mesh.mesh;
    const uint32_t *corners = m->triangles + 3 * (size_t)hit->triangle;
    const float part[3] = {1 - hit->u - hit->v, hit->u, hit->v};
    float n[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        const size_t v = corners[i];
        const float w = weight * part[i];
        for (size_t k = 0; k < 3; k++) {
            n[k] += part[i] * m->normals[3 * v + k];
            s->albedo[k] += w * (m->albedo ? m->albedo[3 * v + k] : 0.5f);
        }
        s->roughness += w * (m->roughness ? m->roughness[v] : 0.6f);
        s->metal += w * (m->metal ? m->metal[v] : 0);
    }
    const float size = hl_length3(n), side = hl_dot3(n, ray) > 0 ? -1.0f : 1.0f;
    const float away = hl_length3(ray);
    for (int k = 0; k < 3; k++)
        s->normal[k] += weight * (size > 0 ? side * n[k] / size : -ray[k] / away);
    s->depth += weight * hit->t;
    s->alpha += weight;
    s->on_mesh = weight > 0.5f;
}

static void add_splats(const hl_tier_cpu *t, size_t at, seen *s)
{
    const hl_raster_frame *f = &t->frame;
    const int32_t m = f->feature_plane;
    for (int c = 0; c < 3; c++) {
        s->albedo[c] = f->plane[m + c][at];
        s->normal[c] = f->plane[f->normal_plane + c][at];
        s->baked[c] = s->alpha; /* all of the sky */
    }
    s->roughness = f->plane[m + 3][at];
    s->metal = f->plane[m + 4][at];
    s->depth = f->plane[f->depth_plane][at];
    for (int c = 0; c < 6 && t->baked_splats; c++)
        s->baked[c] = f->plane[m + HL_GBUFFER_CHANNELS + c][at];
}

/* ray: through the pixel, 1 along the viewing axis.  Nothing but the coverage where it is 0. */
static void see(const hl_tier_cpu *t, int32_t x, int32_t y, const float ray[3], seen *s)
{
    const hl_raster_frame *f = &t->frame;
    const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
    const size_t pixel = (size_t)y * (size_t)f->width + (size_t)x;
    *s = (seen){.alpha = 1 - f->transmittance[at]};
    if (s->alpha > 0)
        add_splats(t, at, s);
    if (t->mesh.mesh && t->hits[pixel].triangle != HL_HIT_NONE) {
        add_mesh_baked(t, &t->hits[pixel], f->transmittance[at], s->baked);
        add_mesh(t, &t->hits[pixel], ray, f->transmittance[at], s);
    }
    if (!(s->alpha > 0))
        return;
    const float part = 1 / s->alpha;
    for (int c = 0; c < 3; c++)
        s->albedo[c] *= part;
    for (int c = 0; c < 6; c++)
        s->baked[c] *= part;
    s->roughness *= part;
    s->metal *= part;
    s->depth *= part;
    /* Towards the eye where they disagree. */
    const bool agree = hl_length3(s->normal) > 0.1f * s->alpha;
    for (int c = 0; c < 3 && !agree; c++)
        s->normal[c] = -ray[c];
    hl_normalize3(s->normal, s->normal);
}

/* ---- light --------------------------------------------------------------------------------- */

/* On the stand-in: how far rays start off it, and the light that was baked there. */
static void settle_light(const hl_tier_cpu *t, size_t pixel, hl_lit_point *p)
{
    const hl_hit *hit = &t->place.hits[pixel];
    float baked[6] = {0};
    p->lift = HL_PLACE_LIFT * t->stand_in.edge;
    if (!t->baked_places)
        return;
    add_baked(t->stand_in.mesh, t->baked->places, hit, 1, baked);
    memcpy(p->sky, baked, sizeof p->sky);
    memcpy(p->bounce, baked + 3, sizeof p->bounce);
}

static void light_point(const hl_tier_cpu *t, const seen *s, size_t pixel, const hl_ray *ray,
                        float rgb[3])
{
    hl_lit_point p = {.surface = {.roughness = s->roughness, .metal = s->metal},
                      .casters = {t->mesh.built ? &t->mesh.bvh : NULL,
                                  t->stand_in.built ? &t->stand_in.bvh : NULL},
                      .splats = t->splats_cast ? &t->shadow : NULL};
    p.baked = t->baked_splats || t->baked_mesh || t->baked_places;
    memcpy(p.sky, s->baked, sizeof p.sky);
    memcpy(p.bounce, s->baked + 3, sizeof p.bounce);
    for (int k = 0; k < 3; k++) {
        p.surface.albedo[k] = s->albedo[k];
        p.surface.normal[k] = s->normal[k];
        p.x[k] = ray->origin[k] + s->depth * ray->direction[k];
        p.o[k] = -ray->direction[k];
    }
    hl_normalize3(p.o, p.o);
    p.lift = s->on_mesh ? EDGE_PART_MESH * t->mesh.edge : EDGE_PART_SPLATS * t->stand_in.edge;
    if (t->placed && hl_tier_place_settle(&t->place, t->stand_in.mesh, pixel, ray, s->alpha,
                                          t->mesh.mesh != NULL, &p))
        settle_light(t, pixel, &p);
    if (t->look.show == HL_SHOW_LIGHT) {
        p.surface =
            (hl_surface){.albedo = {0.5f, 0.5f, 0.5f},
                         .normal = {p.surface.normal[0], p.surface.normal[1], p.surface.normal[2]},
                         .roughness = 1};
    }
    p.lift = hl_max(p.lift, 1e-4f * s->depth);
    hl_light_cpu_shade(&t->light, &t->look, &p, rgb);
}

static void light_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const hl_tier_cpu *t = ctx;
    const float exposure = exp2f(t->look.exposure);
    for (int32_t x = 0; x < t->view.width; x++) {
        const int32_t i = y * t->view.width + x;
        float *rgb = t->lit + 3 * (size_t)i;
        hl_ray ray;
        seen s;
        hl_mesh_view_ray(&t->view, i, &ray);
        see(t, x, y, ray.direction, &s);
        rgb[0] = rgb[1] = rgb[2] = 0;
        if (s.alpha > 0)
            light_point(t, &s, (size_t)i, &ray, rgb);
        for (int c = 0; c < 3; c++)
            rgb[c] *= exposure;
    }
}

static hl_status light_all(hl_tier_cpu *t)
{
    const size_t pixels = (size_t)t->view.width * (size_t)t->view.height;
    if (t->look.light_count)
        HL_TRY(build(&t->stand_in));
    HL_TRY(hl_light_cpu_prepare(&t->light, &t->look));
    if (t->lit_count < pixels) {
        hl_free(t->lit);
        t->lit_count = 0;
        t->lit = hl_alloc(3 * pixels, sizeof(float));
        if (!t->lit)
            return HL_E_MEMORY;
        t->lit_count = pixels;
    }
    hl_parallel_for(t->view.height, light_row, t);
    return HL_OK;
}

/* Which parts of the scene have the light that was baked for them. */
static void find_baked(hl_tier_cpu *t)
{
    const hl_bake_result *b = hl_show_is_lit(t->look.show) ? t->baked : NULL;
    t->baked_splats = b && b->splat_count && t->splats && b->splat_count == t->splats->count;
    t->baked_mesh =
        b && b->vertex_count && t->mesh.mesh && b->vertex_count == t->mesh.mesh->vertex_count;
    t->baked_places =
        b && b->place_count && t->stand_in.mesh && b->place_count == t->stand_in.mesh->vertex_count;
}

/* Splats near the stand-in, kept beside the picture of all. */
static hl_status draw_near(hl_tier_cpu *t, const hl_splats *splats, hl_raster_options options)
{
    const bool windowed = hl_hybrid_rules_of((int32_t)t->look.hybrid)->windowed;
    HL_TRY(build(&t->stand_in));
    HL_TRY(hl_tier_place_trace(&t->place, &t->stand_in.bvh, &t->view,
                               windowed ? HL_PLACE_WINDOW * t->stand_in.edge : 1e30f,
                               t->mesh.mesh ? t->hits : NULL));
    options.outputs = 0;
    options.depth_window = t->place.window;
    HL_TRY(hl_raster_forward(t->raster, splats, &t->view, &options, &t->frame));
    hl_tier_place_keep(&t->place, &t->frame);
    return HL_OK;
}

/* What light needs besides the picture of all splats. */
static hl_status draw_beside(hl_tier_cpu *t, const hl_splats *splats,
                             const hl_raster_options *options)
{
    const bool lit = hl_show_is_lit(t->look.show) && splats->count, over = t->stand_in.mesh != NULL;
    t->placed = lit && over && hl_hybrid_rules_of((int32_t)t->look.hybrid)->on_mesh;
    t->splats_cast = lit && !over && t->look.light_count;
    if (t->splats_cast)
        HL_TRY(hl_tier_shadow_fill(&t->shadow, t->raster, splats, &t->look));
    return t->placed ? draw_near(t, splats, *options) : HL_OK;
}

static hl_status draw_splats(hl_tier_cpu *t)
{
    const hl_look *look = &t->look;
    const bool channel = look->show != HL_SHOW_COLOR;
    hl_splats splats = {.count = 0};
    if (t->splats)
        splats = *t->splats;
    if (splats.count && look->splat_scale != 1)
        HL_TRY(scaled(t, look->splat_scale, &splats));
    const bool own = t->own && t->own_count == splats.count;
    const bool as_they_are = own && !t->baked_splats;
    if (channel && !as_they_are)
        HL_TRY(make_materials(t, &splats, own));
    const hl_raster_options options = {
        .outputs = channel ? (uint32_t)HL_RASTER_DEPTH | (uint32_t)HL_RASTER_NORMAL : 0u,
        .feature_count =
            channel ? (t->baked_splats ? (int)BAKED_CHANNELS : HL_GBUFFER_CHANNELS) : 0,
        .features = channel ? (as_they_are ? t->own : t->materials) : NULL,
        .sh_degree = look->sh_degree < splats.sh_degree ? look->sh_degree : splats.sh_degree,
        .antialiased = look->antialiased,
        .background = {look->background[0], look->background[1], look->background[2]},
        .depth_window = channel && t->mesh.mesh ? t->window : NULL};
    HL_TRY(draw_beside(t, &splats, &options));
    return hl_raster_forward(t->raster, &splats, &t->view, &options, &t->frame);
}

hl_status hl_tier_cpu_draw(hl_tier_cpu *tier, const hl_raster_view *view, const hl_look *look)
{
    tier->drawn = false;
    tier->view = *view;
    tier->look = *look;
    find_baked(tier);
    if (look->show != HL_SHOW_COLOR && tier->mesh.mesh)
        HL_TRY(trace(tier));
    HL_TRY(draw_splats(tier));
    if (hl_show_is_lit(look->show))
        HL_TRY(light_all(tier));
    tier->drawn = true;
    return HL_OK;
}

/* ---- what was drawn ------------------------------------------------------------------------ */

/* What is behind the scene, as light: exposed. */
static void far_at(const hl_tier_cpu *t, const float ray[3], float out[3])
{
    const float exposure = exp2f(t->look.exposure);
    float d[3];
    if (!t->look.sky) {
        for (int c = 0; c < 3; c++)
            out[c] = hl_linear_from_srgb(t->look.background[c]);
        return;
    }
    hl_normalize3(ray, d);
    hl_light_cpu_far(&t->light, &t->look, d, out);
    for (int c = 0; c < 3; c++)
        out[c] *= exposure;
}

static float value_of(const seen *s, hl_show show, int c)
{
    switch (show) {
    case HL_SHOW_ALBEDO:
        return s->albedo[c];
    case HL_SHOW_NORMAL:
        return s->normal[c];
    case HL_SHOW_ROUGHNESS:
        return s->roughness;
    case HL_SHOW_METAL:
        return s->metal;
    case HL_SHOW_DEPTH:
        return s->depth;
    default:
        return s->alpha;
    }
}

/* One pixel as numbers: three values and the coverage. */
static void numbers_at(const hl_tier_cpu *t, int32_t x, int32_t y, float out[4])
{
    const hl_raster_frame *f = &t->frame;
    const int32_t i = y * f->width + x;
    const hl_show show = t->look.show;
    hl_ray ray;
    seen s;
    out[0] = out[1] = out[2] = 0;
    if (show == HL_SHOW_COLOR) {
        const size_t at = (size_t)y * (size_t)f->stride + (size_t)x;
        for (int c = 0; c < 3; c++)
            out[c] = hl_linear_from_srgb(f->plane[c][at] > 0 ? f->plane[c][at] : 0);
        out[3] = 1 - f->transmittance[at];
        return;
    }
    hl_mesh_view_ray(&t->view, i, &ray);
    see(t, x, y, ray.direction, &s);
    out[3] = s.alpha;
    if (hl_show_is_lit(show)) {
        far_at(t, ray.direction, out);
        for (int c = 0; c < 3; c++)
            out[c] += s.alpha * (t->lit[3 * (size_t)i + (size_t)c] - out[c]);
        return;
    }
    for (int c = 0; c < 3 && s.alpha > 0; c++)
        out[c] = value_of(&s, show, c);
}

hl_status hl_tier_cpu_numbers(const hl_tier_cpu *tier, hl_image *out)
{
    const hl_raster_frame *f = &tier->frame;
    if (!tier->drawn)
        return hl_fail(HL_E_ARG, "no picture was drawn yet");
    HL_TRY(hl_image_create(out, f->width, f->height, 4));
    for (int32_t y = 0; y < f->height; y++)
        for (int32_t x = 0; x < f->width; x++)
            numbers_at(tier, x, y, out->data + 4 * ((size_t)y * (size_t)f->width + (size_t)x));
    return HL_OK;
}

/* As light.comp shows a channel: over black. */
static void channel_at(const hl_tier_cpu *t, int32_t x, int32_t y, float rgb[3])
{
    float v[4];
    numbers_at(t, x, y, v);
    for (int c = 0; c < 3; c++) {
        switch (t->look.show) {
        case HL_SHOW_ALBEDO:
            rgb[c] = hl_srgb_from_linear(v[c]);
            break;
        case HL_SHOW_NORMAL:
            rgb[c] = 0.5f * v[c] + 0.5f;
            break;
        case HL_SHOW_DEPTH:
            rgb[c] = t->look.depth_half / (t->look.depth_half + v[c]);
            break;
        case HL_SHOW_ALPHA:
            rgb[c] = 1;
            break;
        default:
            rgb[c] = v[c];
            break;
        }
        rgb[c] *= v[3];
    }
}

static void display(hl_tone tone, float rgb[3])
{
    hl_tone_curve(tone, rgb);
    for (int c = 0; c < 3; c++)
        rgb[c] = hl_srgb_from_linear(rgb[c]);
}

/* Light and what is behind it are blended as they are displayed. */
static void lit_at(const hl_tier_cpu *t, int32_t x, int32_t y, float rgb[3])
{
    const int32_t i = y * t->frame.width + x;
    const size_t at = (size_t)y * (size_t)t->frame.stride + (size_t)x;
    const bool mesh = t->mesh.mesh && t->hits[i].triangle != HL_HIT_NONE;
    const float alpha = mesh ? 1 : 1 - t->frame.transmittance[at];
    float behind[3];
    memcpy(rgb, t->lit + 3 * (size_t)i, 3 * sizeof(float));
    memcpy(behind, t->look.background, sizeof behind);
    display(t->look.tone, rgb);
    if (t->look.sky && alpha < 1) {
        hl_ray ray;
        hl_mesh_view_ray(&t->view, i, &ray);
        far_at(t, ray.direction, behind);
        display(t->look.tone, behind);
    }
    for (int c = 0; c < 3; c++)
        rgb[c] = behind[c] + alpha * (rgb[c] - behind[c]);
}

typedef struct reading {
    const hl_tier_cpu *tier;
    hl_image8 *out;
} reading;

static void read_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const reading *job = ctx;
    const hl_tier_cpu *t = job->tier;
    const hl_raster_frame *f = &t->frame;
    const size_t from = (size_t)y * (size_t)f->stride;
    uint8_t *to = job->out->data + (size_t)y * (size_t)f->width * 3;
    for (int32_t x = 0; x < f->width; x++, to += 3) {
        float rgb[3];
        if (hl_show_is_lit(t->look.show))
            lit_at(t, x, y, rgb);
        else if (t->look.show != HL_SHOW_COLOR)
            channel_at(t, x, y, rgb);
        else
            for (int c = 0; c < 3; c++)
                rgb[c] = f->plane[c][from + (size_t)x];
        for (int c = 0; c < 3; c++)
            to[c] = (uint8_t)((rgb[c] > 0 ? (rgb[c] < 1 ? rgb[c] : 1.0f) : 0) * 255 + 0.5f);
    }
}

hl_status hl_tier_cpu_read(const hl_tier_cpu *tier, hl_image8 *out)
{
    if (!tier->drawn)
        return hl_fail(HL_E_ARG, "no picture was drawn yet");
    HL_TRY(hl_image8_create(out, tier->frame.width, tier->frame.height, 3));
    hl_parallel_for(tier->frame.height, read_row, &(reading){tier, out});
    return HL_OK;
}
