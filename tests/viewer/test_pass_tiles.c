/* SPDX-License-Identifier: MIT */
/* The lists of the tiles against raster/tile.h, pixel by pixel, and what is seen against a search
 * over all splats. */
#include "core/arena.h"
#include "raster/blend.h"
#include "tests/viewer/gpu.h"
#include "viewer/gpu_frame.h"
#include "viewer/pick.h"

#include <string.h>

enum { COUNT = 4000, WIDTH = 150, HEIGHT = 101, ACROSS = 10, DOWN = 7, TILES = ACROSS * DOWN };

static float from_half(uint32_t h)
{
    const uint32_t e = h >> 10 & 31, m = h & 1023;
    const float v = e ? ldexpf((float)(1024 + m), (int)e - 25) : ldexpf((float)m, -24);
    return h & 0x8000 ? -v : v;
}

/* The footprint reaches ALPHA_MIN at a pixel of the tile. */
static bool touches(const struct hl_gpu_footprint *f, int tile)
{
    const float opacity = from_half(f->ba >> 16);
    const int x0 = tile % ACROSS * HL_TILE_SIDE, y0 = tile / ACROSS * HL_TILE_SIDE;
    int clamped;
    for (int y = y0; y < y0 + HL_TILE_SIDE && y < HEIGHT; y++)
        for (int x = x0; x < x0 + HL_TILE_SIDE && x < WIDTH; x++)
            if (hl_pair_alpha((float)x + 0.5f - f->mu[0], (float)y + 0.5f - f->mu[1], f->conic,
                              opacity, &clamped) > 0)
                return true;
    return false;
}

static uint32_t values[1 << 20], ranges[2 * TILES], keys[COUNT];
static struct hl_gpu_footprint footprints[COUNT];

static void record(hl_gpu_frame *frame)
{
    bool again = true;
    int rounds = 0;
    for (; again && rounds < 3; rounds++) {
        check_ok(hl_vk_begin(frame->vk));
        check_ok(hl_gpu_frame_record(frame));
        check_ok(hl_vk_submit(frame->vk, VK_NULL_HANDLE, VK_NULL_HANDLE));
        check_ok(hl_pass_tiles_settle(frame, &again));
    }
    assert_true(rounds <= 2);
    assert_false(again);
}

/* Every splat is in the lists of the tiles it touches, in few others, and near before far. */
static void check_lists(const hl_gpu_frame *frame)
{
    static int32_t last_tile[COUNT];
    uint32_t needed = 0;
    for (size_t i = 0; i < COUNT; i++)
        last_tile[i] = -1;
    for (int32_t tile = 0; tile < TILES; tile++) {
        const uint32_t from = ranges[2 * tile], to = ranges[2 * tile + 1];
        assert_true(from <= to && to <= frame->tiles.pairs);
        for (uint32_t k = from; k < to; k++) {
            assert_true(values[k] < COUNT);
            assert_int_not_equal(last_tile[values[k]], tile); /* once each */
            last_tile[values[k]] = tile;
            if (k > from)
                assert_true(footprints[values[k - 1]].depth <= footprints[values[k]].depth);
        }
        for (size_t i = 0; i < COUNT; i++) {
            const bool touched = keys[i] != HL_KEY_CULLED && touches(&footprints[i], tile);
            needed += touched;
            if (touched)
                assert_int_equal(last_tile[i], tile);
        }
    }
    fprintf(stderr, "%u of them needed\n", (unsigned)needed);
    assert_true(frame->tiles.pairs <= needed + needed / 20);
}

static void lists_hold_what_is_touched(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats s;
    hl_gpu_frame frame;
    const hl_look look = HL_LOOK_DEFAULTS;
    const hl_raster_view view = gpu_view(WIDTH, HEIGHT);
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, COUNT, 0, 5);
    for (size_t i = 0; i < COUNT; i += 2) /* needles: more pairs than guessed */
        s.log_scale[3 * i] += i % 4 ? 3.0f : 4.0f;
    hl_vk *vk = gpu_open();
    check_ok(hl_gpu_frame_create(&frame, vk));
    check_ok(hl_gpu_frame_set_splats(&frame, &s, NULL));
    check_ok(hl_gpu_frame_resize(&frame, WIDTH, HEIGHT));
    hl_gpu_view_fill(frame.view.mapped, &view, &look);
    frame.by_tiles = true;
    check_ok(hl_pass_tiles_prepare(&frame));
    const uint32_t guess = frame.tiles.room;
    record(&frame);
    fprintf(stderr, "%u pairs, room for %u at first\n", (unsigned)frame.tiles.pairs,
            (unsigned)guess);
    assert_true(frame.tiles.pairs > guess); /* it was drawn twice */
    assert_true(frame.tiles.pairs <= frame.tiles.room);
    assert_true(frame.tiles.pairs * sizeof values[0] <= sizeof values);
    check_ok(
        hl_vk_download(vk, &frame.tiles.values[0], values, frame.tiles.pairs * sizeof values[0]));
    check_ok(hl_vk_download(vk, &frame.tiles.ranges, ranges, sizeof ranges));
    check_ok(hl_vk_download(vk, &frame.splats.footprints, footprints, sizeof footprints));
    /* Keys are sorted by now; who was culled is told by a list of those that were not. */
    static uint32_t order[COUNT], sorted[COUNT];
    check_ok(hl_vk_download(vk, &frame.splats.order[0], order, sizeof order));
    check_ok(hl_vk_download(vk, &frame.splats.keys[0], sorted, sizeof sorted));
    for (size_t i = 0; i < COUNT; i++)
        keys[order[i]] = sorted[i];
    check_lists(&frame);
    hl_gpu_frame_release(&frame);
    gpu_close(&vk);
    hl_arena_release(&arena);
}

static void pixels_know_their_splat(void **state)
{
    (void)state;
    static hl_seen seen[WIDTH * HEIGHT];
    hl_arena arena;
    hl_splats s;
    const hl_look look = HL_LOOK_DEFAULTS;
    const hl_raster_view view = gpu_view(WIDTH, HEIGHT);
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, COUNT, 0, 6);
    hl_renderer *r = gpu_renderer(HL_RASTER_TILES);
    check_ok(hl_renderer_set_splats(r, &s));
    check_ok(hl_renderer_seen(r, &view, &look, seen));
    int same = 0, near = 0, with_median = 0, count = 0;
    for (int y = 1; y < HEIGHT; y += 7)
        for (int x = 1; x < WIDTH; x += 7, count++) {
            hl_pick pick;
            const hl_seen *at = &seen[y * WIDTH + x];
            check_ok(hl_pick_at(&s, &view, false, x + 0.5, y + 0.5, &pick));
            same += at->splat == pick.splat;
            with_median += pick.median > 0;
            near += fabsf(at->median - pick.median) <= 1e-3f * pick.median;
        }
    fprintf(stderr, "%d pixels: splat the same in %d, median depth in %d (of %d)\n", count, same,
            near, with_median);
    assert_true(with_median > count / 4);
    assert_true(same >= count - count / 50); /* two of nearly the same weight */
    assert_true(near >= count - count / 50);
    gpu_renderer_close(&r);
    hl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_hold_what_is_touched),
                                       cmocka_unit_test(pixels_know_their_splat)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
