/* SPDX-License-Identifier: MIT */
/* tests/relight/fit_scene.h -- a floor and a wall that meet at a right angle, as splats and as a
 * mesh, seen by a few cameras: small enough for a solve in a second, with shadow and bounce. */
#ifndef HL_TESTS_RELIGHT_FIT_SCENE_H
#define HL_TESTS_RELIGHT_FIT_SCENE_H

#include "core/color.h"
#include "core/memory.h"
#include "core/vec.h"
#include "relight/fit.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SIDE = 24, CELLS = 10, VIEWS = 4, SPLATS = 2 * SIDE * SIDE, PIXELS = 40 };

typedef struct fit_scene {
    hl_arena arena;
    hl_splats splats;
    hl_mesh mesh;
    hl_raster_view view[VIEWS];
    hl_image8 photo[VIEWS];
    hl_fit_scene scene;
    float material[SPLATS * HL_FIT_CHANNELS]; /* the true ones */
} fit_scene;

/* Point (a, b) in the unit square of the floor (side 0: z = 0) or of the wall (side 1: y = 1). */
static inline void fit_scene_place(int side, float a, float b, float x[3])
{
    x[0] = a;
    x[1] = side ? 1 : b;
    x[2] = side ? b : 0;
}

/* Linear albedo of a splat: the floor checkered, the wall red. */
static inline void fit_scene_albedo(int side, int i, int j, float rgb[3])
{
    const float light = (i / 6 + j / 6) % 2 ? 0.5f : 0.15f;
    rgb[0] = side ? 0.55f : light;
    rgb[1] = side ? 0.15f : light;
    rgb[2] = side ? 0.12f : light * 0.8f;
}

static inline void fit_scene_splats(fit_scene *f)
{
    hl_splats *s = &f->splats;
    hl_arena_init(&f->arena, 0, 0);
    check_ok(hl_splats_init(s, &f->arena, SPLATS));
    s->count = SPLATS;
    for (int k = 0; k < SPLATS; k++) {
        const int side = k / (SIDE * SIDE), i = k % SIDE, j = k / SIDE % SIDE;
        float rgb[3];
        fit_scene_place(side, ((float)i + 0.5f) / SIDE, ((float)j + 0.5f) / SIDE, s->mean + 3 * k);
        fit_scene_albedo(side, i, j, rgb);
        for (int c = 0; c < 3; c++) {
            s->sh[(3 * k + c) * HL_SH_COEFFS_MAX] = 0; /* grey: the fit starts without a hint */
            f->material[HL_FIT_CHANNELS * k + c] = rgb[c];
            s->log_scale[3 * k + c] = logf(0.6f / SIDE);
        }
        f->material[HL_FIT_CHANNELS * k + HL_FIT_ROUGHNESS] = 0.6f;
        s->log_scale[3 * k + (side ? 1 : 2)] = logf(0.02f / SIDE);
        s->quat[4 * k] = 1;
        s->logit_opa[k] = 4;
    }
}

static inline void fit_scene_mesh(fit_scene *f)
{
    const int row = CELLS + 1;
    check_ok(hl_mesh_create(&f->mesh, 2 * row * row, 4 * CELLS * CELLS, HL_MESH_NORMALS));
    for (int v = 0; v < f->mesh.vertex_count; v++) {
        const int side = v / (row * row), i = v % row, j = v / row % row;
        fit_scene_place(side, (float)i / CELLS, (float)j / CELLS, f->mesh.positions + 3 * v);
        f->mesh.normals[3 * v + (side ? 1 : 2)] = side ? -1 : 1;
    }
    uint32_t *t = f->mesh.triangles;
    for (int side = 0; side < 2; side++)
        for (int c = 0; c < CELLS * CELLS; c++, t += 6) {
            const uint32_t a = (uint32_t)(side * row * row + c / CELLS * row + c % CELLS);
            const uint32_t b = a + 1, d = a + (uint32_t)row, e = d + 1;
            const uint32_t list[6] = {a, b, e, a, e, d};
            memcpy(t, list, sizeof list); /* up for the floor, towards -y for the wall */
        }
}

/* Cameras in front of the corner, at the floor's open side, looking at its middle. */
static inline void fit_scene_views(fit_scene *f)
{
    for (int k = 0; k < VIEWS; k++) {
        const float angle = 0.5f * ((float)k - 1.5f);
        const float eye[3] = {0.5f + 1.8f * sinf(angle), 0.7f - 1.8f * cosf(angle), 1.3f};
        const float target[3] = {0.5f, 0.7f, 0.25f}, up[3] = {0, 0, 1};
        hl_raster_view *v = &f->view[k];
        float z[3], x[3], y[3];
        for (int c = 0; c < 3; c++)
            z[c] = target[c] - eye[c];
        hl_normalize3(z, z);
        hl_cross3(z, up, x);
        hl_normalize3(x, x);
        hl_cross3(z, x, y);
        *v = (hl_raster_view){
            .width = PIXELS, .height = PIXELS, .fx = 50, .fy = 50, .cx = 20, .cy = 20};
        for (int c = 0; c < 3; c++) {
            v->r[c] = x[c];
            v->r[3 + c] = y[c];
            v->r[6 + c] = z[c];
        }
        v->t[0] = -hl_dot3(x, eye);
        v->t[1] = -hl_dot3(y, eye);
        v->t[2] = -hl_dot3(z, eye);
    }
}

/* A dim sky with a bright patch, from the cameras' side. */
static inline hl_image fit_scene_light(void)
{
    hl_image light;
    check_ok(hl_image_create(&light, 32, 16, 3));
    for (int i = 0; i < 32 * 16; i++)
        for (int c = 0; c < 3; c++)
            light.data[3 * i + c] = c == 2 ? 0.5f : 0.35f;
    for (int c = 0; c < 3; c++) /* v = 0.28: 40 degrees up; u = 0.7: towards -y */
        for (int k = 0; k < 3; k++)
            light.data[3 * (4 * 32 + 21 + k) + c] = 14;
    return light;
}

/* The scene; photos are made by `paint` or stay black. */
static inline void fit_scene_make(fit_scene *f)
{
    memset(f, 0, sizeof *f);
    fit_scene_splats(f);
    fit_scene_mesh(f);
    fit_scene_views(f);
    for (int k = 0; k < VIEWS; k++) {
        check_ok(hl_image8_create(&f->photo[k], PIXELS, PIXELS, 4));
        memset(f->photo[k].data, 255, (size_t)PIXELS * PIXELS * 4);
    }
    f->scene = (hl_fit_scene){.splats = &f->splats,
                              .mesh = &f->mesh,
                              .view_count = VIEWS,
                              .views = f->view,
                              .photos = f->photo};
}

static inline void fit_scene_release(fit_scene *f)
{
    for (int k = 0; k < VIEWS; k++)
        hl_image8_release(&f->photo[k]);
    hl_mesh_release(&f->mesh);
    hl_arena_release(&f->arena);
}

static inline hl_fit_config fit_scene_config(void)
{
    hl_fit_config c;
    hl_fit_config_init(&c);
    c.iterations = 240;
    c.pixels = 192;
    c.samples = 32;
    c.env_height = 16;
    c.metal = false;
    c.surface = 0; /* the mesh is coarser than the paint */
    c.guess = false;
    c.window = 0.5f;
    c.smooth_albedo = c.smooth_roughness = 0;
    return c;
}

/* Photos of `truth` with its true materials under `light`, into both scenes. */
static inline void fit_scene_paint(fit_scene *truth, fit_scene *other, const hl_image *light)
{
    const float one[3] = {1, 1, 1};
    hl_fit_config c = fit_scene_config();
    hl_environment env;
    hl_fit *fit;
    hl_fit_relight *relight;
    check_ok(hl_environment_create(&env, light));
    truth->scene.materials = truth->material;
    check_ok(hl_fit_create(&fit, &c, &truth->scene, "cpu", HL_ISA_AUTO));
    check_ok(hl_fit_relight_create(&relight, fit, &env, one, 256));
    for (int k = 0; k < VIEWS; k++) {
        hl_fit_maps maps;
        check_ok(hl_fit_relight_view(relight, &truth->view[k], &maps));
        for (int i = 0; i < PIXELS * PIXELS * 4; i++) {
            const float x = i % 4 == 3 ? maps.admitted.data[i / 4] : maps.shaded.data[i];
            const float shown = i % 4 == 3 ? x : hl_srgb_from_linear(hl_clamp(x, 0, 1));
            truth->photo[k].data[i] = (uint8_t)(255 * shown + 0.5f);
        }
        memcpy(other->photo[k].data, truth->photo[k].data, (size_t)PIXELS * PIXELS * 4);
        hl_fit_maps_release(&maps);
    }
    hl_fit_relight_destroy(&relight);
    hl_fit_destroy(&fit);
    hl_environment_release(&env);
}

#endif /* HL_TESTS_RELIGHT_FIT_SCENE_H */
