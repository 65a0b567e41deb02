/* SPDX-License-Identifier: MIT */
/* Two walls of flat splats, one behind the other: materials, normals and depth of what is seen,
 * straight where coverage is partial, of the other wall through a depth window. */
#include "core/vec.h"
#include "raster/gbuffer.h"
#include "raster/surface_depth.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { GRID = 12, COUNT = 2 * GRID * GRID, SIDE = 24 };

typedef struct walls {
    hl_arena arena;
    hl_splats splats;
    hl_raster *raster;
    float material[COUNT * HL_GBUFFER_CHANNELS];
    hl_raster_view view;
} walls;

/* The near wall z = 2 + x / 2 is red and rough, the far one z = 4 blue and metal. */
static void build(walls *w, float logit_opacity)
{
    static const float color[2][HL_GBUFFER_CHANNELS] = {{0.8f, 0.1f, 0.1f, 0.9f, 0},
                                                        {0.1f, 0.2f, 0.7f, 0.2f, 1}};
    hl_arena_init(&w->arena, 0, 0);
    check_ok(hl_splats_init(&w->splats, &w->arena, COUNT));
    check_ok(hl_raster_create(&w->raster, "cpu", HL_ISA_AUTO));
    w->splats.count = COUNT;
    w->view = (hl_raster_view){.width = SIDE,
                               .height = SIDE,
                               .fx = 30,
                               .fy = 30,
                               .cx = 12,
                               .cy = 12,
                               .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    for (int i = 0; i < COUNT; i++) {
        const int wall = i / (GRID * GRID), k = i % (GRID * GRID);
        float *x = w->splats.mean + 3 * (size_t)i, *s = w->splats.log_scale + 3 * (size_t)i;
        float *q = w->splats.quat + 4 * (size_t)i;
        const float spread = wall ? 0.35f : 0.2f;
        x[0] = spread * ((float)(k % GRID) - 5.5f);
        x[1] = spread * ((float)(k / GRID) - 5.5f);
        x[2] = wall ? 4 : 2 + x[0] / 2;
        s[0] = s[1] = logf(spread);
        s[2] = logf(1e-4f);
        q[0] = 1;
        if (!wall) { /* turned about y so that z, the thin axis, is the wall's normal */
            const float half = -0.5f * atanf(0.5f);
            q[0] = cosf(half);
            q[2] = sinf(half);
        }
        w->splats.logit_opa[i] = logit_opacity;
        memcpy(w->material + (size_t)i * HL_GBUFFER_CHANNELS, color[wall], sizeof color[wall]);
    }
}

static void tear_down(walls *w)
{
    hl_raster_destroy(&w->raster);
    hl_arena_release(&w->arena);
}

static void middle(const walls *w, const hl_raster_frame *f, hl_gbuffer_map map, float out[3])
{
    hl_image image;
    check_ok(hl_gbuffer_read(f, &w->view, map, &image));
    const size_t at = (size_t)(13 * SIDE + 15) * (size_t)image.channels;
    memcpy(out, image.data + at, (size_t)image.channels * sizeof *out);
    hl_image_release(&image);
}

static void what_is_seen(void **state)
{
    (void)state;
    static walls w;
    hl_raster_frame f;
    float v[3];
    build(&w, 6);
    const hl_gbuffer_options o = {.materials = w.material};
    check_ok(hl_gbuffer_forward(w.raster, &w.splats, &w.view, &o, &f));
    middle(&w, &f, HL_GBUFFER_ALBEDO, v);
    const float red[3] = {0.8f, 0.1f, 0.1f};
    check_close(v, red, 3, 2e-2, 0);
    middle(&w, &f, HL_GBUFFER_ROUGHNESS, v);
    assert_true(fabsf(v[0] - 0.9f) < 2e-2f);
    middle(&w, &f, HL_GBUFFER_METAL, v);
    assert_true(v[0] < 2e-2f);
    middle(&w, &f, HL_GBUFFER_NORMAL, v);
    const float normal[3] = {1 / sqrtf(5), 0, -2 / sqrtf(5)};
    check_close(v, normal, 3, 1e-2, 0);
    /* the pixel's ray meets z = 2 + x / 2 where z (1 - dx / 2) = 2 */
    const float dx = (15.5f - 12) / 30, want = 2 / (1 - dx / 2);
    middle(&w, &f, HL_GBUFFER_SURFACE_DEPTH, v);
    assert_true(fabsf(v[0] - want) < 1e-2f * want);
    middle(&w, &f, HL_GBUFFER_DEPTH, v);
    assert_true(fabsf(v[0] - want) < 0.2f * want); /* of the centres: nearer ones count first */
    hl_image none;
    assert_int_equal(hl_gbuffer_read(&f, &w.view, HL_GBUFFER_MEDIAN_DEPTH, &none), HL_E_ARG);
    const hl_gbuffer_options half = {.materials = w.material, .median = true};
    check_ok(hl_gbuffer_forward(w.raster, &w.splats, &w.view, &half, &f));
    middle(&w, &f, HL_GBUFFER_MEDIAN_DEPTH, v); /* that of one centre, half a column apart */
    assert_true(fabsf(v[0] - want) < 0.2f && v[0] == f.median_depth[13 * f.stride + 15]);
    tear_down(&w);
}

static void faint_splats_show_straight_materials(void **state)
{
    (void)state;
    static walls w;
    hl_raster_frame f;
    float v[3], a[3];
    build(&w, -4);
    for (int i = 0; i < COUNT; i++) /* one material alone */
        memcpy(w.material + (size_t)i * HL_GBUFFER_CHANNELS, w.material, 5 * sizeof(float));
    const hl_gbuffer_options o = {.materials = w.material};
    check_ok(hl_gbuffer_forward(w.raster, &w.splats, &w.view, &o, &f));
    middle(&w, &f, HL_GBUFFER_ALPHA, a);
    assert_true(a[0] > 0.01f && a[0] < 0.5f);
    middle(&w, &f, HL_GBUFFER_ALBEDO, v);
    const float red[3] = {0.8f, 0.1f, 0.1f};
    check_close(v, red, 3, 1e-4, 0);
    middle(&w, &f, HL_GBUFFER_DEPTH, v);
    assert_true(v[0] == 0); /* covered by less than half: no surface */
    tear_down(&w);
}

static void the_window_shows_the_far_wall(void **state)
{
    (void)state;
    static walls w;
    static float window[2 * SIDE * SIDE];
    hl_raster_frame f;
    float v[3];
    build(&w, 6);
    for (int i = 0; i < SIDE * SIDE; i++) {
        window[i] = 3.9f;
        window[SIDE * SIDE + i] = 4.1f;
    }
    const hl_gbuffer_options o = {.materials = w.material, .depth_window = window};
    check_ok(hl_gbuffer_forward(w.raster, &w.splats, &w.view, &o, &f));
    middle(&w, &f, HL_GBUFFER_METAL, v);
    assert_true(fabsf(v[0] - 1) < 1e-4f);
    middle(&w, &f, HL_GBUFFER_SURFACE_DEPTH, v);
    assert_true(fabsf(v[0] - 4) < 1e-3f);
    tear_down(&w);
}

static void absent_materials_are_an_error(void **state)
{
    (void)state;
    static walls w;
    hl_raster_frame f;
    hl_image image;
    build(&w, 6);
    const hl_gbuffer_options o = {.materials = NULL};
    check_ok(hl_gbuffer_forward(w.raster, &w.splats, &w.view, &o, &f));
    assert_int_equal(hl_gbuffer_read(&f, &w.view, HL_GBUFFER_METAL, &image), HL_E_ARG);
    assert_int_equal(hl_gbuffer_read(&f, &w.view, HL_GBUFFER_MAPS, &image), HL_E_ARG);
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seen),
        cmocka_unit_test(faint_splats_show_straight_materials),
        cmocka_unit_test(the_window_shows_the_far_wall),
        cmocka_unit_test(absent_materials_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
