/* SPDX-License-Identifier: MIT */
/* Lamps of every kind against relight/lights.h and relight/brdf.h summed here, and their shadow
 * maps against rays through the same scene: a floor with a ball above it, once as a mesh, once as
 * splats.
 */
#include "core/arena.h"
#include "core/bvh.h"
#include "core/color.h"
#include "raster/gbuffer.h"
#include "relight/brdf.h"
#include "relight/hybrid.h"
#include "relight/lights.h"
#include "relight/surfaces.h"
#include "tests/viewer/gpu.h"
#include "viewer/bake.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 128, FLOOR = 24, STACKS = 24, SLICES = 48 };

static const float ball[3] = {0.2f, -0.55f, 3.9f}, ball_radius = 0.4f;
static const hl_look plain = HL_LOOK_DEFAULTS;

/* From the origin 30 degrees down at the floor y = 0 .. seen from 1.6 above; y is down. */
static hl_raster_view looking_down(void)
{
    const float c = 0.8660254f, s = 0.5f;
    return (hl_raster_view){.width = SIDE,
                            .height = SIDE,
                            .fx = SIDE,
                            .fy = SIDE,
                            .cx = 0.5f * SIDE,
                            .cy = 0.5f * SIDE,
                            .r = {1, 0, 0, 0, c, -s, 0, s, c},
                            .t = {0, 1.6f * c, 1.6f * s}};
}

static void floor_and_ball(hl_mesh *m)
{
    const int cells = FLOOR * FLOOR, corners = (FLOOR + 1) * (FLOOR + 1);
    check_ok(hl_mesh_create(m, corners + (STACKS + 1) * (SLICES + 1),
                            2 * cells + 2 * STACKS * SLICES, HL_MESH_NORMALS | HL_MESH_ROUGHNESS));
    int v = 0, t = 0;
    for (int j = 0; j <= FLOOR; j++)
        for (int i = 0; i <= FLOOR; i++, v++) {
            m->positions[3 * v] = 4.0f * (float)i / FLOOR - 2;
            m->positions[3 * v + 2] = 4.0f * (float)j / FLOOR + 1.8f;
            m->normals[3 * v + 1] = -1;
        }
    for (int j = 0; j <= STACKS; j++)
        for (int i = 0; i <= SLICES; i++, v++) {
            const float theta = 3.14159265f * (float)j / STACKS;
            const float phi = 6.2831853f * (float)i / SLICES;
            const float n[3] = {sinf(theta) * cosf(phi), cosf(theta), sinf(theta) * sinf(phi)};
            for (int k = 0; k < 3; k++) {
                m->normals[3 * v + k] = n[k];
                m->positions[3 * v + k] = ball[k] + ball_radius * n[k];
            }
        }
    for (int part = 0; part < 2; part++) {
        const int wide = part ? SLICES : FLOOR, high = part ? STACKS : FLOOR;
        for (int j = 0; j < high; j++)
            for (int i = 0; i < wide; i++) {
                const uint32_t a = (uint32_t)((part ? corners : 0) + j * (wide + 1) + i);
                const uint32_t b = a + (uint32_t)wide + 1;
                const uint32_t two[6] = {a, a + 1, b, b, a + 1, b + 1};
                memcpy(m->triangles + 3 * t, two, sizeof two);
                t += 2;
            }
    }
    for (int i = 0; i < m->vertex_count; i++)
        m->roughness[i] = 0.5f;
}

/* A flat splat on every vertex. */
static void splats_of(hl_splats *s, hl_arena *arena, const hl_mesh *m)
{
    check_ok(hl_splats_init(s, arena, m->vertex_count));
    s->count = m->vertex_count;
    for (size_t i = 0; i < (size_t)s->count; i++) {
        const bool on_floor = i < (FLOOR + 1) * (FLOOR + 1);
        const float *n = m->normals + 3 * i, wide = on_floor ? 0.1f : 0.035f;
        memcpy(s->mean + 3 * i, m->positions + 3 * i, 3 * sizeof(float));
        s->log_scale[3 * i] = s->log_scale[3 * i + 1] = logf(wide);
        s->log_scale[3 * i + 2] = logf(0.1f * wide);
        /* From z to n: the axis z x n, half of the angle. */
        float q[4] = {1 + n[2], -n[1], n[0], 0};
        if (n[2] < -0.999f)
            q[0] = 0, q[1] = 1;
        memcpy(s->quat + 4 * i, q, sizeof q);
        s->logit_opa[i] = 5;
        for (size_t c = 0; c < 3; c++)
            s->sh[(3 * i + c) * HL_SH_COEFFS_MAX] =
                (hl_srgb_from_linear(0.5f) - 0.5f) / (float)HL_SH_C0;
    }
}

typedef struct seen {
    float x[3], n[3], o[3]; /* the surface of a pixel; o: towards the eye */
} seen;

/* False where there is nothing. */
static bool surface_at(const hl_bvh *bvh, const hl_mesh *m, const hl_raster_view *v, int px, int py,
                       seen *s)
{
    const float d[3] = {((float)px + 0.5f - v->cx) / v->fx, ((float)py + 0.5f - v->cy) / v->fy, 1};
    hl_ray ray = {.t_max = 1e30f};
    hl_hit hit;
    hl_mul3_t(v->r, d, ray.direction);
    hl_normalize3(ray.direction, ray.direction);
    hl_mul3_t(v->r, v->t, ray.origin);
    for (int k = 0; k < 3; k++)
        ray.origin[k] = -ray.origin[k];
    if (!hl_bvh_closest(bvh, &ray, &hit))
        return false;
    const uint32_t *corner = m->triangles + 3 * (size_t)hit.triangle;
    for (int k = 0; k < 3; k++) {
        s->x[k] = ray.origin[k] + hit.t * ray.direction[k];
        s->o[k] = -ray.direction[k];
        s->n[k] = (1 - hit.u - hit.v) * m->normals[3 * corner[0] + (uint32_t)k] +
                  hit.u * m->normals[3 * corner[1] + (uint32_t)k] +
                  hit.v * m->normals[3 * corner[2] + (uint32_t)k];
    }
    hl_normalize3(s->n, s->n);
    return true;
}

/* Light of one lamp that reaches the eye, without and with what stands in between. */
static void expected(const hl_light *lamp, const hl_bvh *bvh, const seen *s, float open[3],
                     float *arrives)
{
    const int draws = lamp->kind <= HL_LIGHT_POINT && lamp->radius == 0 ? 1 : 64;
    const hl_surface surface = {
        .normal = {s->n[0], s->n[1], s->n[2]}, .albedo = {0.5f, 0.5f, 0.5f}, .roughness = 0.5f};
    const float none[2] = {0, 0};
    *arrives = 0;
    open[0] = open[1] = open[2] = 0;
    for (int i = 0; i < draws; i++) {
        float u[2], diffuse[3], specular[3];
        hl_light_sample at;
        hl_sample_square((uint32_t)i, (uint32_t)draws, none, u);
        if (!hl_light_sample_at(lamp, s->x, u, &at))
            continue;
        hl_brdf(&surface, HL_BRDF_SMITH, s->o, at.direction, diffuse, specular);
        for (int c = 0; c < 3; c++)
            open[c] += at.color[c] * (diffuse[c] + specular[c]) / (float)draws;
        hl_ray ray = {.t_max = at.distance};
        for (int k = 0; k < 3; k++) {
            ray.direction[k] = at.direction[k];
            ray.origin[k] = s->x[k] + 2e-3f * s->n[k];
        }
        *arrives += (bvh && hl_bvh_any(bvh, &ray) ? 0.0f : 1.0f) / (float)draws;
    }
}

static const hl_light lamps[] = {
    {.kind = HL_LIGHT_SUN, .at = {-0.48f, -0.8f, 0.36f}, .color = {2, 2, 2}},
    {.kind = HL_LIGHT_POINT, .at = {-0.8f, -1.5f, 3.3f}, .color = {3, 4, 5}},
    {.kind = HL_LIGHT_SPHERE, .at = {0.9f, -1.6f, 3}, .radius = 0.15f, .color = {50, 60, 40}},
    {.kind = HL_LIGHT_RECTANGLE,
     .at = {0.5f, -1.9f, 4.5f},
     .edge_u = {0.2f, 0, 0},
     .edge_v = {0, 0, -0.3f},
     .color = {15, 20, 25}},
    {.kind = HL_LIGHT_SUN, .at = {-0.48f, -0.8f, 0.36f}, .radius = 0.06f, .color = {2, 2, 2}}};

typedef struct agreement {
    int pixels, shadowed;
    int agree;    /* lit or not as the ray says, the edge of a shadow left out */
    double error; /* of light that is not in shadow, relative, mean            */
    int edges;    /* pixels that see a part of the lamp */
    double soft;  /* error of that part, mean           */
} agreement;

static agreement compare(hl_renderer *r, const hl_light *lamp, const hl_mesh *m, const hl_bvh *bvh)
{
    agreement a = {.pixels = 0};
    hl_look look = plain;
    hl_image8 picture;
    const hl_raster_view v = looking_down();
    look.show = HL_SHOW_LIT;
    look.tone = HL_TONE_NONE;
    look.light_count = 1;
    look.lights[0] = *lamp;
    look.intensity = 0;
    look.baked = false;
    look.roughness = 0.5f;
    check_ok(hl_renderer_draw(r, &v, &look));
    check_ok(hl_renderer_read(r, &picture));
    for (int y = 2; y < SIDE; y += 3)
        for (int x = 2; x < SIDE; x += 3) {
            float open[3], arrives;
            seen s;
            if (!surface_at(bvh, m, &v, x, y, &s))
                continue;
            expected(lamp, bvh, &s, open, &arrives);
            const float got =
                hl_linear_from_srgb((float)picture.data[3 * (y * SIDE + x) + 1] / 255);
            if (open[1] < 0.02f || open[1] > 0.95f)
                continue;
            if (arrives > 0.02f && arrives < 0.98f) {
                a.edges++;
                a.soft += (double)hl_abs(got / open[1] - arrives);
                continue;
            }
            a.pixels++;
            a.shadowed += arrives < 0.5f;
            a.agree += (got > 0.5f * open[1]) == (arrives > 0.5f);
            if (arrives > 0.5f && got > 0.5f * open[1])
                a.error += (double)hl_abs(got / open[1] - 1);
        }
    a.error /= a.pixels;
    a.soft /= a.edges > 0 ? a.edges : 1;
    hl_image8_release(&picture);
    return a;
}

static void lamps_and_shadows_are_those_of_rays(void **state)
{
    (void)state;
    hl_mesh m;
    hl_bvh bvh;
    hl_arena arena;
    hl_splats none = {.count = 0}, s;
    floor_and_ball(&m);
    check_ok(hl_bvh_create(&bvh, &m));
    hl_arena_init(&arena, 0, 0);
    splats_of(&s, &arena, &m);
    hl_renderer *r = gpu_renderer(HL_RASTER_QUADS);
    for (int from_splats = 0; from_splats < 2; from_splats++) {
        check_ok(hl_renderer_set_splats(r, from_splats ? &s : &none));
        check_ok(hl_renderer_set_mesh(r, from_splats ? NULL : &m));
        for (size_t i = 0; i < sizeof lamps / sizeof lamps[0]; i++) {
            const agreement a = compare(r, &lamps[i], &m, &bvh);
            const double agree = (double)a.agree / a.pixels;
            fprintf(stderr,
                    "%s, lamp %d: %d of %d pixels in shadow, %.2f %% agree, error %.4f; "
                    "%d see a part, error %.4f\n",
                    from_splats ? "splats" : "mesh", (int)i, a.shadowed, a.pixels, 100 * agree,
                    a.error, a.edges, a.soft);
            assert_true(a.pixels > 700 && a.shadowed > 20);
            assert_true(agree > (from_splats ? 0.975 : 0.99));
            assert_true(a.error < (from_splats ? 0.1 : 0.02));
            assert_true(a.soft < (from_splats ? 0.4 : 0.1));
        }
    }
    gpu_renderer_close(&r);
    r = gpu_renderer(HL_RASTER_CPU);
    check_ok(hl_renderer_set_splats(r, &s));
    for (size_t i = 0; i < 3; i++) {
        const agreement a = compare(r, &lamps[i], &m, &bvh);
        const double agree = (double)a.agree / a.pixels;
        fprintf(stderr, "splats on the processor, lamp %d: %.2f %% agree, error %.4f\n", (int)i,
                100 * agree, a.error);
        assert_true(a.pixels > 700 && a.shadowed > 20 && agree > 0.975 && a.error < 0.1);
    }
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
    hl_bvh_release(&bvh);
    hl_mesh_release(&m);
}

/* ---- against helio relight ------------------------------------------------------------------ */

enum { SMALL = 64, PIXELS = SMALL * SMALL };

/* A blue sky, brown ground, and a glow low on one side. */
static void outdoors(hl_environment *env)
{
    hl_image map;
    check_ok(hl_image_create(&map, 64, 32, 3));
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 64; x++) {
            const float glow = 6 * expf(-0.03f * (float)((x - 40) * (x - 40)) -
                                        0.06f * (float)((y - 9) * (y - 9)));
            const float base[3] = {y < 16 ? 0.2f : 0.12f, y < 16 ? 0.3f : 0.1f,
                                   y < 16 ? 0.5f : 0.08f};
            for (int c = 0; c < 3; c++)
                map.data[3 * (y * 64 + x) + c] = base[c] + glow * (1 - 0.2f * (float)c);
        }
    check_ok(hl_environment_create(env, &map));
    hl_image_release(&map);
}

/* Of all pixels that helio relight shows, silhouettes too; what covers a part of a pixel counts as
 * that part of it in both. */
static double psnr(const hl_image8 *got, const hl_image *want)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < PIXELS; i++)
        for (int c = 0; c < 3 && want->data[4 * i + 3] > 0; c++, n++) {
            const float w = hl_clamp(hl_srgb_from_linear(want->data[4 * i + c]), 0, 1);
            const double d =
                (double)((float)got->data[3 * i + c] / 255 - want->data[4 * i + 3] * w);
            sum += d * d;
        }
    return 10 * log10(n / sum);
}

typedef struct relit_scene {
    hl_mesh mesh;
    hl_bvh bvh;
    hl_arena arena;
    hl_splats splats;
    hl_environment env;
    hl_look look;
    hl_raster_view view;
    hl_light_scene light;
    hl_vertex_light *bounces;
} relit_scene;

static void relit_scene_open(relit_scene *s)
{
    *s = (relit_scene){.look = plain, .view = looking_down()};
    s->view.width = s->view.height = SMALL;
    s->view.fx = s->view.fy = SMALL;
    s->view.cx = s->view.cy = 0.5f * SMALL;
    floor_and_ball(&s->mesh);
    check_ok(hl_bvh_create(&s->bvh, &s->mesh));
    hl_arena_init(&s->arena, 0, 0);
    splats_of(&s->splats, &s->arena, &s->mesh);
    outdoors(&s->env);
    hl_environment_orient(&s->env, s->look.up, 0);
    s->look.tone = HL_TONE_NONE;
    s->look.exposure = -0.5f;
    s->look.light_count = 1;
    s->look.lights[0] = lamps[0];
    s->look.roughness = 0.5f;
    s->light = (hl_light_scene){.mesh = &s->mesh,
                                .bvh = &s->bvh,
                                .environment = &s->env,
                                .lights = s->look.lights,
                                .light_count = 1,
                                .offset = 1e-3f};
    check_ok(hl_vertex_light_create(&s->bounces, &s->light,
                                    &(hl_vertex_light_options){.samples = 64, .bounces = 3}));
}

static void relit_scene_close(relit_scene *s)
{
    hl_vertex_light_destroy(&s->bounces);
    hl_environment_release(&s->env);
    hl_arena_release(&s->arena);
    hl_bvh_release(&s->bvh);
    hl_mesh_release(&s->mesh);
}

/* Surfaces as helio relight takes them, and their light: of the mesh; of the splats placed on the
 * mesh (its default), or, loose, where the splats themselves are.  Rays start a
 * tenth of an edge off: with half an edge, made for rough meshes, they start beyond the narrow gap
 * under the ball. */
static void relight(const relit_scene *s, bool from_splats, bool loose, hl_surfaces *out,
                    hl_shade_result *result)
{
    const hl_irradiance door = hl_vertex_light_irradiance(s->bounces);
    hl_shade_options options = {.samples = 128, .indirect = &door};
    hl_light_scene scene = s->light;
    if (from_splats) {
        const hl_hybrid_rules *rules =
            hl_hybrid_rules_of(loose ? HL_HYBRID_DEFERRED : HL_HYBRID_WINDOW);
        const float edge = hl_mesh_mean_edge(&s->mesh);
        static float materials[HL_GBUFFER_CHANNELS * 2048];
        hl_splat_surfaces from = {.splats = &s->splats,
                                  .materials = materials,
                                  .mesh = &s->mesh,
                                  .bvh = &s->bvh,
                                  .window = rules->windowed ? 3 * edge : 0,
                                  .loose = !rules->on_mesh};
        assert_true(s->splats.count <= 2048);
        for (int i = 0; i < s->splats.count; i++)
            memcpy(materials + HL_GBUFFER_CHANNELS * i, (const float[]){0.5f, 0.5f, 0.5f, 0.5f, 0},
                   HL_GBUFFER_CHANNELS * sizeof(float));
        check_ok(hl_raster_create(&from.raster, "auto", HL_ISA_AUTO));
        check_ok(hl_surfaces_of_splats(out, &from, &s->view));
        hl_raster_destroy(&from.raster);
        options.snap = rules->on_mesh ? 5 * edge : 0;
        scene.offset = 0.1f * rules->lift * edge;
    } else {
        check_ok(hl_surfaces_of_mesh(out, &scene, &s->view));
        for (int i = 0; i < PIXELS; i++) /* of the look */
            for (int c = 0; c < 3; c++)
                out->albedo.data[3 * i + c] = 0.5f;
    }
    const hl_shade_input in = hl_surfaces_input(out, &s->view);
    check_ok(hl_shade(result, &scene, &in, &options));
}

static void compare_parts(const relit_scene *s, hl_renderer *r, bool from_splats, bool loose,
                          const double least[2])
{
    static const int parts[2] = {HL_SHADE_DIRECT, HL_SHADE_INDIRECT};
    static const hl_show shows[2] = {HL_SHOW_DIRECT, HL_SHOW_INDIRECT};
    hl_look look = s->look;
    hl_surfaces surfaces;
    hl_shade_result result;
    look.hybrid = loose ? HL_HYBRID_DEFERRED : HL_HYBRID_WINDOW;
    relight(s, from_splats, loose, &surfaces, &result);
    const hl_shade_input in = hl_surfaces_input(&surfaces, &s->view);
    for (int k = 0; k < 2; k++) {
        hl_image want;
        hl_image8 got;
        look.show = shows[k];
        check_ok(hl_renderer_draw(r, &s->view, &look));
        check_ok(hl_renderer_read(r, &got));
        check_ok(hl_shade_compose(&want, &result, &in, parts[k]));
        for (int i = 0; i < 4 * PIXELS; i++)
            want.data[i] *= i % 4 < 3 ? exp2f(look.exposure) : 1;
        const double db = psnr(&got, &want);
        fprintf(stderr, "%s%s, %s: %.2f dB\n", from_splats ? "splats" : "mesh",
                loose ? " alone" : "", hl_show_name(shows[k]), db);
        assert_true(db > least[k]);
        hl_image8_release(&got);
        hl_image_release(&want);
    }
    hl_shade_release(&result);
    hl_surfaces_release(&surfaces);
}

/* With the baked light; of splats in front of a mesh that is seen, too.  The processor's shadows
 * are rays. */
static void shows_the_same(const relit_scene *s, hl_renderer *quads, hl_raster_path path)
{
    static const hl_show shows[2] = {HL_SHOW_LIT, HL_SHOW_INDIRECT};
    hl_look look = s->look;
    hl_renderer *other = gpu_renderer(path);
    check_ok(hl_renderer_set_environment(other, &s->env));
    check_ok(hl_renderer_set_splats(other, &s->splats));
    check_ok(hl_renderer_set_stand_in(other, &s->mesh));
    for (int k = 0; k < 2; k++) {
        hl_image8 a, b;
        int most = 0, bright = 0;
        double sum = 0;
        look.show = shows[k];
        check_ok(hl_renderer_set_mesh(quads, k ? &s->mesh : NULL));
        check_ok(hl_renderer_set_mesh(other, k ? &s->mesh : NULL));
        check_ok(hl_renderer_draw(quads, &s->view, &look));
        check_ok(hl_renderer_draw(other, &s->view, &look));
        check_ok(hl_renderer_read(quads, &a));
        check_ok(hl_renderer_read(other, &b));
        for (int i = 0; i < 3 * PIXELS; i++) {
            const int apart = abs(a.data[i] - b.data[i]);
            most = apart > most ? apart : most;
            sum += apart * apart;
            bright = a.data[i] > bright ? a.data[i] : bright;
        }
        const double db = -10 * log10(sum / (3.0 * PIXELS * 255 * 255) + 1e-12);
        fprintf(stderr, "%s, %s: %d of 255 apart, %.1f dB\n", hl_show_name(look.show),
                hl_raster_path_name(path), most, db);
        assert_true((path == HL_RASTER_CPU ? db > 35 : most <= 2) && bright > 30);
        hl_image8_release(&a);
        hl_image8_release(&b);
    }
    gpu_renderer_close(&other);
}

static void light_is_that_of_helio_relight(void **state)
{
    (void)state;
    static const double of_mesh[2] = {38, 31}, on_mesh[2] = {40, 31}, alone[2] = {36, 30};
    const hl_splats none = {.count = 0};
    relit_scene s;
    relit_scene_open(&s);
    hl_renderer *r = gpu_renderer(HL_RASTER_QUADS);
    check_ok(hl_renderer_set_environment(r, &s.env));
    check_ok(hl_renderer_set_splats(r, &none));
    check_ok(hl_renderer_set_mesh(r, &s.mesh));
    compare_parts(&s, r, false, false, of_mesh);
    check_ok(hl_renderer_set_splats(r, &s.splats));
    check_ok(hl_renderer_set_mesh(r, NULL));
    check_ok(hl_renderer_set_stand_in(r, &s.mesh));
    compare_parts(&s, r, true, false, on_mesh);
    compare_parts(&s, r, true, true, alone);
    shows_the_same(&s, r, HL_RASTER_TILES);
    shows_the_same(&s, r, HL_RASTER_CPU);
    gpu_renderer_close(&r);
    relit_scene_close(&s);
}

/* ---- the thread beside the pictures --------------------------------------------------------- */

static void picture_of(hl_renderer *r, const hl_look *look, hl_image8 *out)
{
    const hl_raster_view v = looking_down();
    check_ok(hl_renderer_draw(r, &v, look));
    check_ok(hl_renderer_read(r, out));
}

static void the_first_picture_does_not_wait(void **state)
{
    (void)state;
    hl_mesh m;
    hl_splats none = {.count = 0};
    hl_look look = plain;
    hl_renderer *settled = gpu_renderer(HL_RASTER_QUADS), *r = NULL;
    hl_image8 first, without, last, want;
    const size_t bytes = 3 * SIDE * SIDE;
    floor_and_ball(&m);
    look.show = HL_SHOW_LIT;
    check_ok(
        hl_renderer_create(&r, &(hl_renderer_params){.path = HL_RASTER_QUADS, .validate = true}));
    check_ok(hl_renderer_set_splats(r, &none));
    check_ok(hl_renderer_set_mesh(r, &m));
    check_ok(hl_renderer_set_splats(settled, &none));
    check_ok(hl_renderer_set_mesh(settled, &m));
    picture_of(r, &look, &first);
    hl_renderer_settle(r);
    assert_true(hl_renderer_has_news(r));
    picture_of(r, &look, &last);
    assert_false(hl_renderer_has_news(r));
    picture_of(settled, &look, &want);
    assert_memory_equal(last.data, want.data, bytes);
    assert_memory_not_equal(last.data, first.data, bytes);
    look.baked = false;
    picture_of(settled, &look, &without);
    assert_memory_equal(first.data, without.data, bytes);
    hl_image8_release(&first);
    hl_image8_release(&without);
    hl_image8_release(&last);
    hl_image8_release(&want);
    gpu_renderer_close(&r);
    gpu_renderer_close(&settled);
    hl_mesh_release(&m);
}

static void colours_survive_packing(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        hl_rng rng = hl_rng_at(3, 0, i, HL_RNG_TEST);
        float rgb[3], most = 0;
        for (int c = 0; c < 3; c++) {
            rgb[c] = expf(5 * hl_rng_normal(&rng));
            most = hl_max(most, rgb[c]);
        }
        const uint32_t bits = hl_bake_pack(rgb);
        for (int c = 0; c < 3; c++) {
            const float got = ldexpf((float)(bits >> 9 * c & 511), (int)(bits >> 27) - 24);
            if (most < 60000 && most > 1e-3f)
                assert_true(hl_abs(got - rgb[c]) <= most / 511);
        }
    }
    assert_int_equal(hl_bake_pack((const float[3]){0, -1, 0}) & 0x7FFFFFF, 0);
    assert_int_equal(hl_bake_pack((const float[3]){1, 1, 1}) >> 27, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lamps_and_shadows_are_those_of_rays),
                                       cmocka_unit_test(light_is_that_of_helio_relight),
                                       cmocka_unit_test(the_first_picture_does_not_wait),
                                       cmocka_unit_test(colours_survive_packing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
