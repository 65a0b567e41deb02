/* SPDX-License-Identifier: MIT */
/* relight/surfaces.h: splats over a mesh give the mesh's places and the splats' materials; splats
 * far from the mesh do not count. */
#include "raster/gbuffer.h"
#include "relight/surfaces.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { SIDE = 16, SPLATS = 2 };

/* A wall at z = 4 that faces the camera at the origin, a splat on it, one half way to it. */
static void splats_dress_the_mesh(void **state)
{
    (void)state;
    hl_arena arena;
    hl_splats splats;
    hl_mesh wall;
    hl_bvh bvh;
    hl_raster *raster;
    hl_surfaces s;
    hl_arena_init(&arena, 0, 0);
    check_ok(hl_splats_init(&splats, &arena, SPLATS));
    splats.count = SPLATS;
    for (int i = 0; i < SPLATS; i++) {
        splats.mean[3 * i + 2] = i ? 2 : 4.02f;
        splats.quat[4 * i] = 1;
        splats.logit_opa[i] = 6;
        splats.log_scale[3 * i] = splats.log_scale[3 * i + 1] = 0;
        splats.log_scale[3 * i + 2] = -6;
    }
    const float materials[SPLATS * HL_GBUFFER_CHANNELS] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f,
                                                           0.9f, 0.9f, 0.9f, 0.9f, 0.9f};
    check_ok(hl_mesh_create(&wall, 4, 2, 0));
    const uint32_t triangles[6] = {0, 2, 1, 0, 3, 2};
    memcpy(wall.triangles, triangles, sizeof triangles);
    for (int v = 0; v < 4; v++) {
        wall.positions[3 * v] = v == 1 || v == 2 ? 9 : -9;
        wall.positions[3 * v + 1] = v > 1 ? 9 : -9;
        wall.positions[3 * v + 2] = 4;
    }
    check_ok(hl_mesh_fill_normals(&wall));
    check_ok(hl_bvh_create(&bvh, &wall));
    check_ok(hl_raster_create(&raster, "cpu", HL_ISA_PLAIN));
    const hl_raster_view view = {
        SIDE, SIDE, 40, 40, SIDE / 2, SIDE / 2, {1, 0, 0, 0, 1, 0, 0, 0, 1}, {0, 0, 0}};
    const hl_splat_surfaces from = {raster, &splats, materials, &wall, &bvh, 0.1f, false, false};
    check_ok(hl_surfaces_of_splats(&s, &from, &view));
    const int64_t middle = SIDE / 2 * SIDE + SIDE / 2;
    assert_true(fabsf(s.position.data[3 * middle + 2] - 4) < 1e-4f);
    assert_true(fabsf(s.position.data[3 * middle] - 4 * 0.5f / 40) < 1e-4f);
    assert_true(fabsf(s.normal.data[3 * middle + 2] + 1) < 1e-5f);
    for (int c = 0; c < 3; c++)
        assert_true(fabsf(s.albedo.data[3 * middle + c] - materials[c]) < 1e-5f);
    assert_true(fabsf(s.roughness.data[middle] - 0.4f) < 1e-5f);
    assert_true(fabsf(s.metal.data[middle] - 0.5f) < 1e-5f);
    assert_true(s.alpha.data[middle] > 0.9f);
    const hl_shade_input in = hl_surfaces_input(&s, &view);
    assert_true(in.width == SIDE && in.eye[2] == 0 && in.albedo == s.albedo.data);
    hl_surfaces_release(&s);
    hl_raster_destroy(&raster);
    hl_bvh_release(&bvh);
    hl_mesh_release(&wall);
    hl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(splats_dress_the_mesh)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
