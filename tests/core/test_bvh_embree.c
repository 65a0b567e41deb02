/* SPDX-License-Identifier: MIT */
/* core/bvh.h against Embree 3, where it is: same hit or miss, same triangle, but for ties. */
#include "core/bvh.h"
#include "tests/check.h"
#include "tests/core/ray_scene.h"

static void agrees_with_embree(void **state)
{
    (void)state;
    int hits = 0;
    for (int scene = 0; scene < 2; scene++) {
        hl_mesh mesh;
        hl_bvh bvh;
        hl_embree *embree = NULL;
        if (scene == 0)
            ray_scene_sphere(&mesh, 60, 0.1f);
        else
            ray_scene_soup(&mesh, 5000, 0.3f, 4);
        if (hl_embree_create(&embree, &mesh) == HL_E_BACKEND) {
            print_message("SKIPPED: %s\n", hl_last_error());
            hl_mesh_release(&mesh);
            skip();
        }
        check_ok(hl_bvh_create(&bvh, &mesh));
        for (uint64_t i = 0; i < 30000; i++) {
            const hl_ray ray = ray_scene_ray(2, i, 1.5f);
            hl_hit ours, theirs;
            const bool found = hl_bvh_closest(&bvh, &ray, &ours);
            assert_int_equal(found, hl_embree_closest(embree, &ray, &theirs));
            assert_int_equal(found, hl_embree_any(embree, &ray));
            if (!found)
                continue;
            hits++;
            const float tie = 1e-5f * (1 + ours.t);
            assert_true(fabsf(ours.t - theirs.t) <= tie);
            if (ours.triangle == theirs.triangle) {
                assert_true(fabsf(ours.u - theirs.u) < 1e-3f);
                assert_true(fabsf(ours.v - theirs.v) < 1e-3f);
            }
        }
        hl_embree_destroy(&embree);
        hl_bvh_release(&bvh);
        hl_mesh_release(&mesh);
    }
    assert_true(hits > 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_embree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
