/* SPDX-License-Identifier: MIT */
/* COLMAP's database: what was written comes back, other layouts are understood, and whatever else
 * a file may hold ends with a sentence. */
#include "core/file.h"
#include "core/status.h"
#include "sfm/database.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#if HL_TEST_SQLITE
#include <sqlite3.h>

static hl_keypoint points_a[3] = {{1, 2, 3, 0.5f}, {4.25f, 5, 6, -3}, {7, 8, 9, 0}};
static hl_keypoint points_b[2] = {{10, 11, 1, 0}, {12, 13, 2, 1}};
static uint8_t bytes_a[3 * HL_DESCRIPTOR_BYTES], bytes_b[2 * HL_DESCRIPTOR_BYTES];
static const int32_t matches[4] = {0, 1, 2, 0}, inliers[2] = {2, 0};

/* Two cameras, three photos (the last without features), two pairs. */
static void fill(hl_database *d, hl_camera cameras[2], bool known[2], hl_database_image images[3],
                 hl_database_pair pairs[2])
{
    for (int i = 0; i < 2; i++)
        cameras[i] = (hl_camera){.id = (uint32_t)i + 1,
                                 .model = i ? HL_CAMERA_OPENCV : HL_CAMERA_SIMPLE_RADIAL,
                                 .width = 640,
                                 .height = 480 + i,
                                 .params = {500 + i, 320, 240, 0.01}};
    known[1] = true;
    for (size_t i = 0; i < sizeof bytes_a; i++)
        bytes_a[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof bytes_b; i++)
        bytes_b[i] = (uint8_t)(i * 11);
    images[0] = (hl_database_image){"a.jpg", 0, {3, 640, 480, points_a, bytes_a}};
    images[1] = (hl_database_image){"b/it's.jpg", 1, {2, 640, 481, points_b, bytes_b}};
    images[2] = (hl_database_image){"c.jpg", 0, {0, 640, 480, points_a, bytes_a}};
    pairs[0] = (hl_database_pair){.image_b = 1,
                                  .match_count = 2,
                                  .matches = matches,
                                  .inlier_count = 1,
                                  .inliers = inliers,
                                  .view = {.config = HL_TWO_VIEW_UNCALIBRATED,
                                           .f = {1, 2, 3, 4, 5, 6, 7, 8, 9},
                                           .r = {0, -1, 0, 1, 0, 0, 0, 0, 1},
                                           .t = {0, 0, 1}}};
    pairs[1] = (hl_database_pair){.image_b = 2, .view = {.config = HL_TWO_VIEW_DEGENERATE}};
    *d = (hl_database){2, cameras, known, 3, images, 2, pairs, {0}};
}

static const char *written(const char *name)
{
    hl_database d;
    hl_camera cameras[2];
    bool known[2] = {false};
    hl_database_image images[3];
    hl_database_pair pairs[2];
    const char *path = hl_test_file(name);
    fill(&d, cameras, known, images, pairs);
    check_ok(hl_database_save(&d, path));
    return path;
}

/* Runs SQL on the file, whatever it breaks. */
static void alter(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void what_was_written_comes_back(void **state)
{
    (void)state;
    hl_database d;
    check_ok(hl_database_load(&d, written("round.db")));
    assert_int_equal(d.camera_count, 2);
    assert_int_equal(d.cameras[1].model, HL_CAMERA_OPENCV);
    assert_int_equal(d.cameras[1].height, 481);
    check_close(&d.cameras[0].params[0], ((const double[]){500, 320, 240, 0.01}), 4, 1e-300, 0);
    assert_false(d.focal_known[0]);
    assert_true(d.focal_known[1]);
    assert_int_equal(d.image_count, 3);
    assert_string_equal(d.images[1].name, "b/it's.jpg");
    assert_int_equal(d.images[1].camera, 1);
    assert_int_equal(d.images[0].features.count, 3);
    assert_memory_equal(d.images[0].features.keypoints, points_a, sizeof points_a);
    assert_memory_equal(d.images[0].features.descriptors, bytes_a, sizeof bytes_a);
    assert_memory_equal(d.images[1].features.descriptors, bytes_b, sizeof bytes_b);
    assert_int_equal(d.images[2].features.count, 0);
    assert_int_equal(d.pair_count, 2);
    assert_int_equal(d.pairs[0].match_count, 2);
    assert_memory_equal(d.pairs[0].matches, matches, sizeof matches);
    assert_int_equal(d.pairs[0].inlier_count, 1);
    assert_memory_equal(d.pairs[0].inliers, inliers, sizeof inliers);
    assert_int_equal(d.pairs[0].view.config, HL_TWO_VIEW_UNCALIBRATED);
    assert_int_equal(d.pairs[1].match_count, 0);
    assert_int_equal(d.pairs[1].view.config, HL_TWO_VIEW_DEGENERATE);
    assert_int_equal(hl_database_find(&d, "c.jpg"), 2);
    assert_int_equal(hl_database_find(&d, "x/it's.jpg"), 1);
    assert_int_equal(hl_database_find(&d, "d.jpg"), -1);
    hl_database_release(&d);
}

static void the_same_content_gives_the_same_bytes(void **state)
{
    (void)state;
    hl_file_map a, b;
    check_ok(hl_file_map_open(&a, written("one.db")));
    check_ok(hl_file_map_open(&b, written("two.db")));
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.bytes, b.bytes, a.size);
    hl_file_map_close(&a);
    hl_file_map_close(&b);
}

/* A motion's quaternion and F, as another program reads them. */
static void geometry_is_written_row_by_row(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    const double q[4] = {0.70710678118654752, 0, 0, 0.70710678118654752};
    assert_int_equal(sqlite3_open(written("geometry.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT F, qvec, tvec, pair_id FROM two_view_geometries",
                                        -1, &s, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    check_close((const double *)sqlite3_column_blob(s, 0),
                ((const double[]){1, 2, 3, 4, 5, 6, 7, 8, 9}), 9, 1e-300, 0);
    check_close((const double *)sqlite3_column_blob(s, 1), q, 4, 1e-15, 0);
    check_close((const double *)sqlite3_column_blob(s, 2), ((const double[]){0, 0, 1}), 3, 1e-300,
                0);
    assert_int_equal(sqlite3_column_int64(s, 3), 2147483647LL * 1 + 2);
    sqlite3_finalize(s);
    sqlite3_close(db);
}

static void other_layouts_are_understood(void **state)
{
    (void)state;
    const char *path = written("layouts.db");
    hl_database d;
    /* Ids against the order of names: the columns of the matches change places. */
    alter(path, "UPDATE images SET image_id = 9 WHERE image_id = 1;"
                "UPDATE keypoints SET image_id = 9 WHERE image_id = 1;"
                "UPDATE descriptors SET image_id = 9 WHERE image_id = 1;"
                "DELETE FROM two_view_geometries; DELETE FROM matches;"
                "INSERT INTO matches VALUES (2147483647 * 2 + 9, 1, 2, x'0100000002000000')");
    /* Affine shapes: twice the size, a quarter turn. */
    alter(path, "UPDATE keypoints SET rows = 2, cols = 6, data = "
                "x'0000803f0000004000000000000000c00000004000000000"
                "0000803f0000004000000000000000c00000004000000000' WHERE image_id = 2");
    check_ok(hl_database_load(&d, path));
    assert_int_equal(d.pairs[0].image_a, 0);
    assert_int_equal(d.pairs[0].image_b, 1);
    assert_memory_equal(d.pairs[0].matches, ((const int32_t[]){2, 1}), 8);
    assert_int_equal(d.pairs[0].inlier_count, -1);
    const hl_keypoint *k = d.images[1].features.keypoints;
    check_close(&k->x, ((const float[]){1, 2, 2, 1.5707963f}), 4, 1e-6, 0);
    hl_database_release(&d);
    /* Rows of images that are gone, descriptors of another kind, columns of later versions. */
    alter(path, "INSERT INTO matches VALUES (2147483647 * 2 + 77, 1, 2, x'0000000000000000');"
                "UPDATE descriptors SET cols = 64, rows = 6 WHERE image_id = 9;"
                "ALTER TABLE descriptors ADD COLUMN type INTEGER;"
                "ALTER TABLE two_view_geometries ADD COLUMN camera1 BLOB;"
                "CREATE TABLE rigs (rig_id INTEGER)");
    check_ok(hl_database_load(&d, path));
    assert_int_equal(d.pair_count, 1);
    assert_null(d.images[0].features.descriptors);
    hl_database_release(&d);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"DROP TABLE matches", "no table \"matches\""},
        {"DROP TABLE matches; CREATE VIEW matches AS SELECT 1 AS pair_id", "no table \"matches\""},
        {"ALTER TABLE keypoints RENAME COLUMN data TO other", "keypoints: no such column"},
        {"DELETE FROM images", "lists no images"},
        {"UPDATE cameras SET model = 99", "camera model 99"},
        {"UPDATE cameras SET width = -5", "size out of range"},
        {"UPDATE cameras SET params = x'00'", "1 bytes of data, expected 4 rows of 8"},
        {"UPDATE cameras SET params = CAST(zeroblob(24) || x'000000000000f87f' AS BLOB) "
         "WHERE camera_id = 1",
         "not finite"},
        {"UPDATE images SET camera_id = 7", "its camera is not in the file"},
        {"UPDATE keypoints SET rows = 1000000000", "at most 65536"},
        {"UPDATE keypoints SET rows = rows + 1", "bytes of data"},
        {"UPDATE keypoints SET cols = 3", "2, 4 or 6"},
        {"UPDATE keypoints SET image_id = 50 WHERE image_id = 1", "not in the file"},
        {"UPDATE keypoints SET data = CAST(x'0000c07f' || zeroblob(44) AS BLOB) WHERE rows = 3",
         "nowhere near a photo"},
        {"UPDATE descriptors SET rows = 1, data = zeroblob(128) WHERE rows = 3", "another number"},
        {"UPDATE matches SET data = x'00000000ffffffff00000000ffffffff' WHERE rows = 2",
         "does not have"},
        {"UPDATE matches SET cols = 3 WHERE rows = 2", "two columns"},
        {"UPDATE two_view_geometries SET rows = -1", "two columns"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hl_database d = {0};
        const char *path = written("bad.db");
        alter(path, bad[i][0]);
        check_fails(hl_database_load(&d, path), bad[i][1]);
        assert_null(d.images);
    }
}

static void other_files_are_refused(void **state)
{
    (void)state;
    hl_database d = {0};
    hl_file_map map;
    check_fails(hl_database_load(&d, hl_test_file("none.db")), "none.db");
    check_fails(hl_database_load(&d, hl_test_dir()), "");
    check_fails(hl_database_load(&d, hl_test_write("empty.db", "", 0)), "not an SQLite database");
    check_fails(hl_database_load(&d, hl_test_write("text.db", "hello", 5)), "not an SQLite");
    check_ok(hl_file_map_open(&map, written("whole.db")));
    for (size_t cut = 16; cut < map.size; cut += map.size / 9) {
        const char *path = hl_test_write("cut.db", map.bytes, cut);
        if (hl_database_load(&d, path) == HL_OK)
            fail_msg("%zu of %zu bytes were taken for the whole", cut, map.size);
    }
    hl_file_map_close(&map);
    hl_database out = {0};
    check_fails(hl_database_save(&out, hl_test_file("no/such/folder.db")), "folder.db");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_comes_back),
        cmocka_unit_test(the_same_content_gives_the_same_bytes),
        cmocka_unit_test(geometry_is_written_row_by_row),
        cmocka_unit_test(other_layouts_are_understood),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
static void built_without_sqlite(void **state)
{
    (void)state;
    hl_database d = {0};
    check_fails(hl_database_load(&d, "x.db"), "libsqlite3-dev");
    check_fails(hl_database_save(&d, "x.db"), "libsqlite3-dev");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(built_without_sqlite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
