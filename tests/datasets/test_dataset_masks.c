/* SPDX-License-Identifier: MIT */
/* The conventions that join a mask to a photo. */
#include "core/status.h"
#include "datasets/dataset.h"
#include "tests/check.h"
#include "tests/datasets/capture_fixture.h"

#include <stdio.h>
#include <string.h>

/* The masks of a capture with photos 0.png and 1.png; "" where a view has none. */
static void expect(const char *folder, const hl_dataset_options *options, const char *first,
                   const char *second)
{
    hl_views v;
    const char *want[2] = {first, second};
    fixture_log_clear();
    check_ok(hl_dataset_load(&v, hl_test_file(folder), options));
    for (int i = 0; i < 2; i++) {
        const char *mask = v.views[i].mask_path;
        assert_int_equal(mask != NULL, want[i][0] != 0);
        if (mask) {
            const size_t n = strlen(mask), tail = strlen(want[i]);
            assert_true(n > tail);
            assert_string_equal(mask + n - tail, want[i]);
        }
    }
    hl_views_release(&v);
}

static void each_convention(void **state)
{
    (void)state;
    static const char *const forms[][2] = {
        {"masks/0.png.png", "masks/1.png.jpg"},   /* COLMAP, Brush */
        {"masks/0.png", "masks/1.jpg"},           /* Postshot */
        {"masks/0.mask.png", "masks/1.mask.jpg"}, /* Brush */
        {"masks/a/b/0.png", "masks/c/1.png.png"}, /* any depth */
        {"images/0.mask.png", "images/1.mask.jpg"}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char folder[32], name[128];
        snprintf(folder, sizeof folder, "m%zu", i);
        fixture_colmap(folder, 2);
        expect(folder, NULL, "", "");
        for (int k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "%s/%s", folder, forms[i][k]);
            fixture_picture(name, 8, 6, 1, 255);
        }
        expect(folder, NULL, forms[i][0], forms[i][1]);
        assert_non_null(fixture_log_find("masks for all 2 views"));
        const hl_dataset_options none = {.no_masks = true};
        expect(folder, &none, "", "");
    }
}

static void doubt_means_no_mask(void **state)
{
    (void)state;
    fixture_colmap("d", 2);
    fixture_picture("d/masks/x/0.png", 8, 6, 1, 255);
    fixture_picture("d/masks/y/0.png", 8, 6, 1, 255); /* which one? */
    fixture_picture("d/masks/y/1.png", 8, 6, 1, 255);
    expect("d", NULL, "", "y/1.png");
    assert_non_null(fixture_log_find("masks for 1 of 2 views"));
}

static void named_folder(void **state)
{
    (void)state;
    hl_views v;
    fixture_colmap("f", 2);
    fixture_picture("f/keep/0.png", 8, 6, 1, 255);
    fixture_picture("f/keep/1.png", 8, 6, 1, 255);
    fixture_picture("f/other/z.png", 8, 6, 1, 255);
    const hl_dataset_options keep = {.masks = "keep", .invert_masks = true};
    expect("f", &keep, "keep/0.png", "keep/1.png");
    check_ok(hl_dataset_load(&v, hl_test_file("f"), &keep));
    assert_true(v.mask_inverted);
    hl_views_release(&v);
    const hl_dataset_options other = {.masks = "other"}, absent = {.masks = "absent"};
    check_fails(hl_dataset_load(&v, hl_test_file("f"), &other), "none of its 1 pictures belongs");
    check_fails(hl_dataset_load(&v, hl_test_file("f"), &absent), "no folder of masks absent");
}

static void masks_are_no_photos(void **state)
{
    (void)state;
    hl_views v;
    fixture_picture("b/0.png", 8, 6, 3, 1);
    fixture_picture("b/1.png", 8, 6, 3, 1);
    fixture_picture("b/1.mask.png", 8, 6, 1, 1);
    fixture_picture("b/masks/0.png", 8, 6, 1, 1);
    check_ok(hl_dataset_load(&v, hl_test_file("b"), NULL));
    assert_int_equal(v.view_count, 2);
    assert_non_null(v.views[0].mask_path);
    assert_non_null(v.views[1].mask_path);
    hl_views_release(&v);
}

int main(void)
{
    fixture_log_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_convention),
        cmocka_unit_test(doubt_means_no_mask),
        cmocka_unit_test(named_folder),
        cmocka_unit_test(masks_are_no_photos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
