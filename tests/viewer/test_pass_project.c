/* SPDX-License-Identifier: MIT */
/* project.comp against hl_project and hl_sh_color on random splats, and the storage formats. */
#include "raster/project.h"
#include "raster/sh_color.h"
#include "tests/viewer/gpu.h"
#include "viewer/gpu_frame.h"

#include <string.h>

enum { COUNT = 5000 };

/* What the device stores: the splat after rounding to 16 bits. */
static void unpack(const struct hl_gpu_splat *s, hl_geometry *g)
{
    const float step = (float)HL_SCALE_RANGE / 65535;
    memset(g, 0, sizeof *g);
    memcpy(g->mean, s->mean, sizeof g->mean);
    g->log_scale[0] = (float)(s->scale[0] & 0xFFFF) * step + (float)HL_SCALE_LOW;
    g->log_scale[1] = (float)(s->scale[0] >> 16) * step + (float)HL_SCALE_LOW;
    g->log_scale[2] = (float)(s->scale[1] & 0xFFFF) * step + (float)HL_SCALE_LOW;
    g->logit_opa = hl_logit((float)(s->scale[1] >> 16) / 65535);
    for (int k = 0; k < 4; k++)
        g->quat[k] = (float)(int16_t)(s->quat[k / 2] >> (16 * (k % 2))) / 32767;
}

static float from_half(uint32_t half)
{
    const float m = (float)(half & 0x3FF);
    const int e = (int)(half >> 10 & 31);
    const float v = e ? ldexpf(1024 + m, e - 25) : ldexpf(m, -24);
    return half & 0x8000 ? -v : v;
}

static void halves_round_to_nearest(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7C00;
         h++) { /* every finite half comes back, and its ties are even */
        const float x = from_half(h);
        assert_int_equal(hl_half_from_float(x), h);
        assert_int_equal(hl_half_from_float(-x), h | 0x8000);
        if (h + 1 < 0x7C00)
            assert_int_equal(hl_half_from_float(0.5f * (x + from_half(h + 1))), h + (h & 1));
    }
    assert_int_equal(hl_half_from_float(1e30f), 0x7BFF);
    assert_int_equal(hl_half_from_float(-1e30f), 0xFBFF);
}

static void check_splat(const hl_projector *p, const hl_splats *s, size_t i, uint32_t key,
                        const struct hl_gpu_footprint *got)
{
    struct hl_gpu_splat packed;
    hl_geometry g;
    hl_footprint want;
    hl_gpu_pack_splat(s, i, &packed);
    unpack(&packed, &g);
    const bool seen = hl_project(p, &g, &want);
    if (key == HL_KEY_CULLED) { /* then it cannot touch the picture of 200 x 150 */
        if (!seen || want.opacity < 1.01f / 255)
            return;
        const float q = 2 * logf(255 * want.opacity);
        const float rx = sqrtf(q * want.cov[0]), ry = sqrtf(q * want.cov[2]);
        assert_true(want.mu[0] + rx < 0 || want.mu[1] + ry < 0 || want.mu[0] - rx > 200 ||
                    want.mu[1] - ry > 150);
        return;
    }
    assert_true(seen);
    float depth, sh[48], rgb[3];
    memcpy(&depth, &key, sizeof depth);
    check_close(&depth, &want.depth, 1, 1e-6, 1e-5);
    check_close(&got->depth, &want.depth, 1, 1e-6, 1e-5);
    check_close(got->mu, want.mu, 2, 2e-3, 1e-5);
    check_close(got->conic, want.conic, 3, 1e-5 * (double)(want.conic[0] + want.conic[2]), 1e-3);
    for (size_t k = 0; k < 48; k++)
        sh[k] = from_half(hl_half_from_float(s->sh[48 * i + k]));
    hl_sh_color(s->sh_degree, g.mean, p->eye, sh, rgb);
    const float color[4] = {from_half(got->rg & 0xFFFF), from_half(got->rg >> 16),
                            from_half(got->ba & 0xFFFF), from_half(got->ba >> 16)};
    const float wanted[4] = {rgb[0], rgb[1], rgb[2], want.opacity};
    check_close(color, wanted, 4, 1e-4, 1e-3);
}

static void projection_is_that_of_the_trainer(bool antialiased)
{
    hl_arena arena;
    hl_splats s;
    hl_gpu_frame frame;
    hl_projector p;
    hl_look look = HL_LOOK_DEFAULTS;
    look.antialiased = antialiased;
    hl_arena_init(&arena, 0, 0);
    gpu_scene(&s, &arena, COUNT, 3, 5);
    const hl_raster_view view = gpu_view(200, 150);
    const float size[2] = {200, 150}, lens[4] = {view.fx, view.fy, view.cx, view.cy};
    hl_projector_init(&p, size, lens, view.r, view.t, antialiased);
    hl_vk *vk = gpu_open();
    check_ok(hl_gpu_frame_create(&frame, vk));
    check_ok(hl_gpu_frame_set_splats(&frame, &s, NULL));
    hl_gpu_view_fill(frame.view.mapped, &view, &look);
    check_ok(hl_vk_begin(vk));
    check_ok(hl_pass_project_record(&frame));
    check_ok(hl_vk_submit(vk, VK_NULL_HANDLE, VK_NULL_HANDLE));
    static uint32_t keys[COUNT];
    static struct hl_gpu_footprint got[COUNT];
    VkDrawIndirectCommand draw;
    check_ok(hl_vk_download(vk, &frame.splats.keys[0], keys, sizeof keys));
    check_ok(hl_vk_download(vk, &frame.splats.footprints, got, sizeof got));
    check_ok(hl_vk_download(vk, &frame.splats.draw, &draw, sizeof draw));
    uint32_t seen = 0;
    for (size_t i = 0; i < COUNT; i++) {
        seen += keys[i] != HL_KEY_CULLED;
        check_splat(&p, &s, i, keys[i], &got[i]);
    }
    assert_true(seen > COUNT / 3 && seen < COUNT);
    assert_int_equal(draw.instanceCount, seen);
    assert_int_equal(draw.vertexCount, 4);
    const double bytes = (double)hl_gpu_splats_bytes(&frame.splats) / COUNT;
    assert_true(bytes > 28 + 96 + 32 + 16 && bytes <= 200); /* the budget of a stored splat */
    hl_gpu_frame_release(&frame);
    gpu_close(&vk);
    hl_arena_release(&arena);
}

static void plain(void **state)
{
    (void)state;
    projection_is_that_of_the_trainer(false);
}

static void antialiased(void **state)
{
    (void)state;
    projection_is_that_of_the_trainer(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(halves_round_to_nearest),
                                       cmocka_unit_test(plain), cmocka_unit_test(antialiased)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
