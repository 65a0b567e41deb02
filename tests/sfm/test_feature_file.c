/* SPDX-License-Identifier: MIT */
/* Features on disk: what was saved comes back, damage is told, the cache follows content. */
#include "core/file.h"
#include "core/helio_file.h"
#include "core/status.h"
#include "sfm/feature.h"
#include "tests/check.h"
#include "tests/sfm/blob_texture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static hl_features textured(uint64_t seed)
{
    hl_image8 image;
    hl_features f;
    const blob_view v = {1, 0, 200, 200};
    blob_texture_render(&image, 120, 90, seed, &v);
    check_ok(hl_features_extract(&f, &image, NULL, NULL));
    hl_image8_release(&image);
    assert_true(f.count > 20);
    return f;
}

static void check_equal(const hl_features *a, const hl_features *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_memory_equal(a->keypoints, b->keypoints, (size_t)a->count * sizeof *a->keypoints);
    assert_memory_equal(a->descriptors, b->descriptors, (size_t)a->count * HL_DESCRIPTOR_BYTES);
}

static void saved_features_come_back(void **state)
{
    (void)state;
    hl_features f = textured(3), back, none = {.width = 10, .height = 20};
    const char *path = hl_test_file("f.helio");
    check_ok(hl_features_save(&f, path));
    check_ok(hl_features_load(&back, path));
    check_equal(&f, &back);
    hl_features_release(&back);
    check_ok(hl_features_save(&none, path));
    check_ok(hl_features_load(&back, path));
    assert_int_equal(back.count, 0);
    assert_int_equal(back.height, 20);
    hl_features_release(&back);
    hl_features_release(&f);
    check_fails(hl_features_save(&none, hl_test_file("no/such/folder.helio")), "folder.helio");
}

static void numbers_out_of_place_are_refused(void **state)
{
    (void)state;
    const char *path = hl_test_file("bad.helio");
    hl_features back = {0};
    const hl_keypoint bad[] = {
        {-1, 5, 1, 0}, {5, 1e9f, 1, 0}, {5, 5, 0, 0}, {5, 5, 1, 9}, {NAN, 5, 1, 0}, {5, 5, NAN, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hl_features f = textured(3);
        f.keypoints[7] = bad[i];
        check_ok(hl_features_save(&f, path));
        check_fails(hl_features_load(&back, path), "keypoint 7 is at");
        hl_features_release(&f);
    }
    hl_features f = textured(3);
    f.width = 1 << 20;
    check_ok(hl_features_save(&f, path));
    check_fails(hl_features_load(&back, path), "1.04858e+06 x 90");
    hl_features_release(&f);
    assert_null(back.keypoints);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    hl_features back = {0};
    const char *path = hl_test_file("other.helio");
    check_fails(hl_features_load(&back, hl_test_file("absent.helio")), "absent.helio");
    check_fails(hl_features_load(&back, hl_test_write("text.helio", "hello", 5)), "text.helio");
    hl_helio_writer *writer = NULL;
    check_ok(hl_helio_writer_create(&writer, path));
    hl_json_add_text(hl_helio_writer_json(writer), "kind", "scene");
    check_ok(hl_helio_writer_commit(&writer));
    check_fails(hl_features_load(&back, path), "holds no features (kind \"scene\")");

    const float rows[8] = {1, 1, 1, 0, 2, 2, 1, 0}; /* descriptors of one keypoint too few */
    const uint8_t descriptor[HL_DESCRIPTOR_BYTES] = {0};
    check_ok(hl_helio_writer_create(&writer, path));
    hl_json_add_text(hl_helio_writer_json(writer), "kind", "features");
    hl_json_add_number(hl_helio_writer_json(writer), "width", 9);
    hl_json_add_number(hl_helio_writer_json(writer), "height", 9);
    check_ok(hl_helio_writer_add(writer, "KPTS", HL_HELIO_F32, 2, 4, rows, false));
    check_ok(hl_helio_writer_add(writer, "DESC", HL_HELIO_U8, 1, HL_DESCRIPTOR_BYTES, descriptor,
                                 false));
    check_ok(hl_helio_writer_commit(&writer));
    check_fails(hl_features_load(&back, path), "DESC");
    assert_null(back.keypoints);
}

static int32_t files_in(const char *folder)
{
    hl_file_list list;
    check_ok(hl_file_list_folder(&list, folder));
    const int32_t count = list.count;
    hl_file_list_release(&list);
    return count;
}

static void damage(const char *folder)
{
    hl_file_list list;
    char path[4096];
    check_ok(hl_file_list_folder(&list, folder));
    check_ok(hl_path_join(path, sizeof path, folder, list.names[0]));
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 300, SEEK_SET), 0);
    assert_int_equal(fwrite("damage", 1, 6, f), 6);
    fclose(f);
    hl_file_list_release(&list);
}

static void cache_follows_content(void **state)
{
    (void)state;
    hl_image8 image;
    const blob_view v = {1, 0, 200, 200};
    blob_texture_render(&image, 120, 90, 5, &v);
    const char *photo = hl_test_file("photo.png"), *copy = hl_test_file("copy.png");
    const char *cache = hl_test_file("cache/deep");
    check_ok(hl_image8_save(&image, photo));
    check_ok(hl_image8_save(&image, copy));
    hl_features direct, kept, again;
    check_ok(hl_features_from_file(&direct, photo, NULL, NULL, NULL));
    check_ok(hl_features_from_file(&kept, photo, NULL, NULL, cache));
    check_ok(hl_features_from_file(&again, copy, NULL, NULL, cache));
    check_equal(&direct, &kept);
    check_equal(&direct, &again);
    assert_int_equal(files_in(cache), 1);
    hl_features_release(&again);
    hl_features_release(&kept);

    damage(cache);
    check_ok(hl_features_from_file(&again, photo, NULL, NULL, cache));
    check_equal(&direct, &again);
    hl_features_release(&again);
    check_ok(hl_features_from_file(&again, photo, NULL, NULL, cache)); /* repaired */
    check_equal(&direct, &again);
    hl_features_release(&again);
    assert_int_equal(files_in(cache), 1);

    const hl_feature_options upright = {.upright = true};
    check_ok(hl_features_from_file(&again, photo, NULL, &upright, cache));
    assert_int_equal(files_in(cache), 2);
    hl_features_release(&again);
    memset(image.data, 0, 60 * 120); /* as a mask: the upper part is ignored */
    check_ok(hl_image8_save(&image, copy));
    check_ok(hl_features_from_file(&again, photo, copy, NULL, cache));
    assert_int_equal(files_in(cache), 3);
    assert_true(again.count < direct.count);
    for (int32_t i = 0; i < again.count; i++)
        assert_true(again.keypoints[i].y >= 59.99f);
    hl_features_release(&again);
    hl_features_release(&direct);
    hl_image8_release(&image);
}

static void unreadable_photos_are_named(void **state)
{
    (void)state;
    hl_features f = {0};
    const char *bad = hl_test_write("bad.jpg", "no photo", 8), *cache = hl_test_file("cache2");
    check_fails(hl_features_from_file(&f, bad, NULL, NULL, NULL), "bad.jpg");
    check_fails(hl_features_from_file(&f, bad, NULL, NULL, cache), "bad.jpg");
    check_fails(hl_features_from_file(&f, hl_test_file("gone.jpg"), NULL, NULL, cache), "gone.jpg");
    assert_false(hl_file_exists(cache));
    assert_null(f.keypoints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_features_come_back),
        cmocka_unit_test(numbers_out_of_place_are_refused),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(cache_follows_content),
        cmocka_unit_test(unreadable_photos_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
