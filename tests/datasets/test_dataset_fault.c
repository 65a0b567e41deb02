/* SPDX-License-Identifier: MIT */
/* Every allocation of a load fails once: each time a sentence, nothing left behind (the address
 * sanitizer looks), and the load that meets no failure is the right one. */
#include "core/file.h"
#include "core/memory.h"
#include "core/status.h"
#include "datasets/colmap.h"
#include "datasets/dataset.h"
#include "datasets/transforms_json.h"
#include "tests/check.h"
#include "tests/datasets/capture_fixture.h"

#include <stdio.h>
#include <string.h>

typedef hl_status (*attempt)(const char *path);

static hl_status load_views(const char *path)
{
    hl_views v;
    HL_TRY(hl_dataset_load(&v, path, NULL));
    const int32_t count = v.view_count;
    hl_views_release(&v);
    return count == 3 ? HL_OK : hl_fail(HL_E_FORMAT, "%d views", count);
}

static hl_status load_and_write(const char *path)
{
    hl_views v;
    HL_TRY(hl_dataset_load(&v, path, NULL));
    hl_status s = hl_colmap_save_views(&v, hl_test_file("out/sparse/0"), HL_COLMAP_BINARY);
    if (s == HL_OK)
        s = hl_transforms_save(&v, -1, "images/", hl_test_file("out/transforms.json"));
    if (s == HL_OK)
        s = hl_cameras_json_save(&v, hl_test_file("out/cameras.json"));
    hl_views_release(&v);
    return s;
}

/* As many attempts fail as a whole run makes allocations: none is passed over in silence. */
static void fail_each(attempt run, const char *path)
{
    const uint64_t before = hl_alloc_count();
    check_ok(run(path));
    const uint64_t count = hl_alloc_count() - before;
    print_message("%s: %d allocations\n", path, (int)count);
    assert_true(count > 5);
    for (uint64_t n = 1; n <= count; n++) {
        hl_alloc_fail_at(n);
        const hl_status s = run(path);
        hl_alloc_fail_at(0);
        if (s == HL_OK)
            fail_msg("%s: the failure of allocation %d was passed over", path, (int)n);
        assert_true(hl_last_error()[0] != 0);
        assert_null(strchr(hl_last_error(), '\n'));
    }
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    fixture_colmap("c", 3);
    fixture_picture("c/masks/1.png", 8, 6, 1, 255);
    fixture_text("c/images/readme.txt", "no picture");
    char path[1024];
    snprintf(path, sizeof path, "%s", hl_test_file("c"));
    fail_each(load_views, path);
    fail_each(load_and_write, path);
    snprintf(path, sizeof path, "%s/images", hl_test_file("c"));
    fail_each(load_views, path);
    hl_file_list files;
    check_ok(hl_file_list_folder(&files, hl_test_file("out/sparse/0")));
    assert_int_equal(files.count, 3); /* and no temporary */
    hl_file_list_release(&files);
    check_ok(load_and_write(hl_test_file("c")));
    fixture_text("t/transforms.json", "{}");
    fixture_picture("t/images/0.png", 8, 6, 3, 1);
    fixture_picture("t/images/1.png", 8, 6, 3, 1);
    fixture_picture("t/images/2.png", 8, 6, 3, 1);
    hl_views v;
    check_ok(hl_dataset_load(&v, hl_test_file("c"), NULL));
    check_ok(hl_transforms_save(&v, -1, "images/", hl_test_file("t/transforms.json")));
    hl_views_release(&v);
    snprintf(path, sizeof path, "%s", hl_test_file("t"));
    fail_each(load_views, path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
