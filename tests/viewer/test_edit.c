/* SPDX-License-Identifier: MIT */
/* Edits: selections against plain loops, undo to the byte; the pixel under the mouse against a
 * picture of the rasterizer. */
#include "core/helio_file.h"
#include "core/memory.h"
#include "raster/gbuffer.h"
#include "tests/viewer/gpu.h"
#include "viewer/edit.h"
#include "viewer/pick.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 3000, WIDTH = 96, HEIGHT = 80 };

static hl_arena arena;
static hl_splats scene;
static hl_edits edits;
static hl_raster_view view;

static int set_up(void **state)
{
    (void)state;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&scene, &arena, COUNT, 1, 7);
    view = gpu_view(WIDTH, HEIGHT);
    edits = (hl_edits){.now = NULL};
    return hl_edits_reset(&edits, COUNT) == HL_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    hl_edits_release(&edits);
    hl_arena_release(&arena);
    return 0;
}

/* Pixel of a centre, by the matrix alone. */
static bool centre(int32_t i, float at[2])
{
    const float *m = scene.mean + 3 * i;
    float x[3];
    for (int r = 0; r < 3; r++)
        x[r] =
            view.r[3 * r] * m[0] + view.r[3 * r + 1] * m[1] + view.r[3 * r + 2] * m[2] + view.t[r];
    at[0] = view.fx * x[0] / x[2] + view.cx;
    at[1] = view.fy * x[1] / x[2] + view.cy;
    return x[2] > 0;
}

static void selections_are_those_asked_for(void **state)
{
    (void)state;
    const double box[4] = {60, 10, 20, 50}; /* corners in any order */
    const double at[2] = {40, 40};
    hl_edits_select_box(&edits, &scene, &view, box);
    assert_true(hl_edits_count(&edits, HL_EDIT_SELECTED) > 100);
    for (int32_t i = 0; i < COUNT; i++) {
        float p[2];
        const bool ahead = centre(i, p);
        const bool in = ahead && p[0] > 20.01f && p[0] < 59.99f && p[1] > 10.01f && p[1] < 49.99f;
        const bool out = !ahead || p[0] < 19.99f || p[0] > 60.01f || p[1] < 9.99f || p[1] > 50.01f;
        const bool selected = edits.now->flags[i] & HL_EDIT_SELECTED;
        assert_true((!in || selected) && (!out || !selected));
    }
    hl_edits_select_none(&edits);
    hl_edits_select_disc(&edits, &scene, &view, at, 12);
    for (int32_t i = 0; i < COUNT; i++) {
        float p[2];
        const bool ahead = centre(i, p);
        const float d = hypotf(p[0] - 40, p[1] - 40);
        const bool selected = edits.now->flags[i] & HL_EDIT_SELECTED;
        assert_true(!(ahead && d < 11.99f) || selected);
        assert_true((ahead && d < 12.01f) || !selected);
    }
    hl_edits_hide_selected(&edits);
    const int32_t hidden = hl_edits_count(&edits, HL_EDIT_HIDDEN);
    hl_edits_select_invert(&edits);
    assert_int_equal(hl_edits_count(&edits, HL_EDIT_SELECTED), COUNT - hidden);
    hl_edits_select_none(&edits);
    hl_edits_select_faint(&edits, &scene, 0.5); /* half of the opacities are below: logit < 0 */
    for (int32_t i = 0; i < COUNT; i++)
        assert_int_equal(edits.now->flags[i] == HL_EDIT_SELECTED,
                         scene.logit_opa[i] < 0 && edits.now->flags[i] != HL_EDIT_HIDDEN);
}

static void boxes_and_sizes(void **state)
{
    (void)state;
    const double low[3] = {-1, -0.5, 3}, high[3] = {1, 0.5, 5};
    hl_edits_select_outside(&edits, &scene, low, high);
    for (int32_t i = 0; i < COUNT; i++) {
        const float *m = scene.mean + 3 * i;
        const bool inside = fabsf(m[0]) <= 1 && fabsf(m[1]) <= 0.5f && fabsf(m[2] - 4) <= 1;
        assert_int_equal(edits.now->flags[i], inside ? 0 : HL_EDIT_SELECTED);
    }
    hl_edits_select_none(&edits);
    hl_edits_select_large(&edits, &scene, 0.05);
    for (int32_t i = 0; i < COUNT; i++) {
        const float *s = scene.log_scale + 3 * i;
        const float most = expf(fmaxf(fmaxf(s[0], s[1]), s[2]));
        if (fabsf(most - 0.05f) > 1e-5f)
            assert_int_equal(edits.now->flags[i], most > 0.05f ? HL_EDIT_SELECTED : 0);
    }
}

static size_t state_size(void)
{
    return sizeof *edits.now + COUNT;
}

static void undo_and_redo_to_the_byte(void **state)
{
    (void)state;
    enum { STEPS = HL_EDIT_UNDO + 10 };
    static hl_edit_state *after[STEPS + 1];
    for (int k = 0; k <= STEPS; k++) {
        after[k] = hl_alloc(1, state_size());
        assert_non_null(after[k]);
    }
    memcpy(after[0], edits.now, state_size());
    for (int k = 1; k <= STEPS; k++) {
        check_ok(hl_edits_mark(&edits));
        edits.now->flags[k * 7] ^= HL_EDIT_SELECTED;
        edits.now->light_count = k % HL_EDIT_LIGHTS;
        edits.now->keys[k].seconds = k;
        if (k % 3 == 0)
            hl_edits_hide_selected(&edits);
        memcpy(after[k], edits.now, state_size());
    }
    int at = STEPS;
    while (hl_edits_undo(&edits))
        assert_memory_equal(edits.now, after[--at], state_size());
    assert_int_equal(at, STEPS - HL_EDIT_UNDO);
    while (hl_edits_redo(&edits))
        assert_memory_equal(edits.now, after[++at], state_size());
    assert_int_equal(at, STEPS);
    assert_true(hl_edits_undo(&edits)); /* a new edit: what was undone is gone */
    check_ok(hl_edits_mark(&edits));
    assert_false(hl_edits_redo(&edits));
    for (int k = 0; k <= STEPS; k++)
        hl_free(after[k]);
}

static void what_is_hidden_is_not_drawn_and_not_written(void **state)
{
    (void)state;
    hl_splats drawn, kept;
    const double at[2] = {48, 40};
    check_ok(hl_edits_drawn(&edits, &scene, &drawn));
    assert_true(drawn.logit_opa == scene.logit_opa && drawn.sh == scene.sh); /* nothing copied */
    hl_edits_select_disc(&edits, &scene, &view, at, 20);
    check_ok(hl_edits_drawn(&edits, &scene, &drawn));
    for (int32_t i = 0; i < COUNT; i++)
        assert_int_equal(memcmp(drawn.sh + i * HL_SPLAT_DIM_sh, scene.sh + i * HL_SPLAT_DIM_sh,
                                HL_SPLAT_DIM_sh * sizeof(float)) != 0,
                         edits.now->flags[i] == HL_EDIT_SELECTED);
    hl_edits_hide_selected(&edits);
    check_ok(hl_edits_drawn(&edits, &scene, &drawn));
    check_ok(hl_edits_kept(&edits, &scene, &arena, &kept));
    assert_int_equal(kept.count, COUNT - hl_edits_count(&edits, HL_EDIT_HIDDEN));
    /* The picture of the one is that of the other. */
    hl_raster *raster = NULL;
    hl_raster_frame frame;
    const hl_raster_options o = {.sh_degree = 1};
    static float before[3][WIDTH * HEIGHT];
    check_ok(hl_raster_create(&raster, "cpu", HL_ISA_PLAIN));
    check_ok(hl_raster_forward(raster, &kept, &view, &o, &frame));
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < HEIGHT; y++)
            memcpy(before[c] + y * WIDTH, frame.plane[c] + y * frame.stride, sizeof(float) * WIDTH);
    check_ok(hl_raster_forward(raster, &drawn, &view, &o, &frame));
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < HEIGHT; y++)
            assert_memory_equal(before[c] + y * WIDTH, frame.plane[c] + y * frame.stride,
                                sizeof(float) * WIDTH);
    hl_raster_destroy(&raster);
    for (int32_t i = 0; i < COUNT; i++)
        edits.now->flags[i] = HL_EDIT_HIDDEN;
    assert_int_equal(hl_edits_kept(&edits, &scene, &arena, &kept), HL_E_ARG);
}

/* A .helio file keeps the materials of what is kept, row by row. */
static void materials_are_exported(void **state)
{
    (void)state;
    char file[] = "/tmp/hl_edit_XXXXXX.helio";
    const int fd = mkstemps(file, 6);
    assert_true(fd >= 0);
    close(fd);
    float *materials = hl_alloc(COUNT * HL_GBUFFER_CHANNELS, sizeof *materials);
    assert_non_null(materials);
    for (int32_t i = 0; i < COUNT * HL_GBUFFER_CHANNELS; i++)
        materials[i] = (float)i;
    hl_edits_select_faint(&edits, &scene, 0.3);
    hl_edits_hide_selected(&edits);
    check_ok(hl_edits_export(&edits, &scene, materials, file));
    hl_helio_reader *reader = NULL;
    const void *albedo, *metal;
    const int32_t left = COUNT - hl_edits_count(&edits, HL_EDIT_HIDDEN);
    check_ok(hl_helio_reader_create(&reader, file));
    check_ok(hl_helio_reader_data(reader, "ALBE", HL_HELIO_F32, left, 3, &albedo));
    check_ok(hl_helio_reader_data(reader, "METL", HL_HELIO_F32, left, 1, &metal));
    int32_t row = 0;
    for (int32_t i = 0; i < COUNT; i++) {
        if (edits.now->flags[i] & HL_EDIT_HIDDEN)
            continue;
        assert_memory_equal((const float *)albedo + 3 * row, materials + 5 * i, 12);
        assert_memory_equal((const float *)metal + row, materials + 5 * i + 4, 4);
        row++;
    }
    assert_int_equal(row, left);
    hl_helio_reader_destroy(&reader);
    hl_free(materials);
    remove(file);
}

/* Coverage, depths and the strongest splat of a pixel are those of the picture; the point found is
 * seen in that pixel at that depth. */
static void the_pixel_under_the_mouse(void **state)
{
    (void)state;
    hl_raster *raster = NULL;
    hl_raster_frame frame;
    const hl_raster_options o = {.outputs = HL_RASTER_DEPTH | HL_RASTER_MEDIAN};
    check_ok(hl_raster_create(&raster, "cpu", HL_ISA_PLAIN));
    check_ok(hl_raster_forward(raster, &scene, &view, &o, &frame));
    for (int y = 3; y < HEIGHT; y += 11)
        for (int x = 2; x < WIDTH; x += 9) {
            hl_pick pick;
            float q[3];
            const size_t at = (size_t)y * (size_t)frame.stride + (size_t)x;
            const double px = x + 0.5, py = y + 0.5;
            check_ok(hl_pick_at(&scene, &view, false, px, py, &pick));
            const float alpha = 1 - frame.transmittance[at];
            const float depth = alpha > 0 ? frame.plane[frame.depth_plane][at] / alpha : 0;
            check_close(&pick.alpha, &alpha, 1, 1e-5, 0);
            check_close(&pick.depth, &depth, 1, 1e-4, 1e-4);
            check_close(&pick.median, &frame.median_depth[at], 1, 1e-5, 1e-5);
            assert_true(pick.splat >= 0 ? pick.weight > 0 && pick.weight < pick.alpha + 1e-6f
                                        : alpha == 0);
            if (pick.splat < 0)
                continue;
            for (int r = 0; r < 3; r++)
                q[r] = view.r[3 * r] * (float)pick.position[0] +
                       view.r[3 * r + 1] * (float)pick.position[1] +
                       view.r[3 * r + 2] * (float)pick.position[2] + view.t[r];
            const float want[3] = {(float)px, (float)py,
                                   pick.median > 0 ? pick.median : pick.depth};
            const float seen[3] = {view.fx * q[0] / q[2] + view.cx, view.fy * q[1] / q[2] + view.cy,
                                   q[2]};
            check_close(seen, want, 3, 1e-3, 1e-5);
        }
    hl_raster_destroy(&raster);
}

/* One opaque splat before another: the near one, whatever their order in the arrays. */
static void the_nearest_opaque_splat_is_found(void **state)
{
    (void)state;
    hl_pick pick;
    for (int32_t i = 0; i < 2; i++) {
        memset(scene.mean + 3 * i, 0, 3 * sizeof(float));
        scene.mean[3 * i + 2] = i ? 2.0f : 4.0f;
        scene.logit_opa[i] = 5;
        for (int k = 0; k < 3; k++)
            scene.log_scale[3 * i + k] = logf(0.2f);
    }
    scene.count = 2;
    hl_raster_view straight = {.width = 64,
                               .height = 64,
                               .fx = 60,
                               .fy = 60,
                               .cx = 32,
                               .cy = 32,
                               .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    check_ok(hl_pick_at(&scene, &straight, false, 32, 32, &pick));
    assert_int_equal(pick.splat, 1);
    assert_true(pick.median == 2 && fabs(pick.position[2] - 2) < 1e-6);
    check_ok(hl_pick_at(&scene, &straight, false, 2, 2, &pick));
    assert_int_equal(pick.splat, -1);
    scene.count = 0;
    check_ok(hl_pick_at(&scene, &straight, false, 32, 32, &pick));
    assert_int_equal(pick.splat, -1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(selections_are_those_asked_for),   WITH(boxes_and_sizes),
        WITH(undo_and_redo_to_the_byte),        WITH(what_is_hidden_is_not_drawn_and_not_written),
        WITH(materials_are_exported),           WITH(the_pixel_under_the_mouse),
        WITH(the_nearest_opaque_splat_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
