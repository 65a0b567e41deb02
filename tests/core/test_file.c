/* SPDX-License-Identifier: MIT */
/* Files appear whole or not at all; failures say which file and why. */
#include "core/file.h"
#include "tests/check.h"
#include "tests/faults.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void bytes_go_out_and_come_back(void **state)
{
    (void)state;
    const char *path = hl_test_file("a.bin");
    check_ok(hl_file_save(path, "hello", 5));
    hl_file_map map;
    check_ok(hl_file_map_open(&map, path));
    assert_int_equal(map.size, 5);
    assert_memory_equal(map.bytes, "hello", 5);
    hl_file_map_close(&map);
    check_ok(hl_file_save(path, "", 0));
    check_ok(hl_file_map_open(&map, path));
    assert_int_equal(map.size, 0);
    assert_non_null(map.bytes);
    hl_file_map_close(&map);
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    hl_file_map map;
    check_fails(hl_file_map_open(&map, "/no/such/file.ply"), "/no/such/file.ply: cannot open");
    check_fails(hl_file_map_open(&map, hl_test_dir()), "not a regular file");
    check_fails(hl_file_map_open(&map, "/dev/null"), "not a regular file");
}

/* Files in the scratch folder whose name contains `part`. */
static int files_with(const char *part)
{
    hl_file_list list;
    int count = 0;
    check_ok(hl_file_list_folder(&list, hl_test_dir()));
    for (int32_t i = 0; i < list.count; i++)
        count += strstr(list.names[i], part) != NULL;
    hl_file_list_release(&list);
    return count;
}

static void assert_file_holds(const char *path, const char *text)
{
    hl_file_map map;
    check_ok(hl_file_map_open(&map, path));
    assert_int_equal(map.size, strlen(text));
    assert_memory_equal(map.bytes, text, strlen(text));
    hl_file_map_close(&map);
}

static void nothing_shows_before_commit_or_after_abort(void **state)
{
    (void)state;
    const char *path = hl_test_write("kept.txt", "old", 3);
    hl_file_writer w;
    check_ok(hl_file_writer_open(&w, path));
    hl_file_write(&w, "new bytes", 9);
    assert_file_holds(path, "old");
    hl_file_writer_abort(&w);
    hl_file_writer_abort(&w);
    assert_file_holds(path, "old");
    assert_int_equal(files_with("kept.txt"), 1);
    check_ok(hl_file_save(path, "new", 3));
    assert_file_holds(path, "new");
}

/* A file size limit stands for a full disk: the write fails after some bytes went out. */
static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    const char *path = hl_test_write("full.txt", "old", 3);
    static char big[1 << 20];
    struct rlimit saved, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    small = saved;
    small.rlim_cur = 1 << 16;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const hl_status s = hl_file_save(path, big, sizeof big);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    check_fails(s, "full.txt: not saved: ");
    assert_file_holds(path, "old");
    assert_int_equal(files_with("full.txt"), 1);
}

static void targets_that_cannot_be_written_are_named(void **state)
{
    (void)state;
    check_fails(hl_file_save("/no/such/folder/x", "a", 1), "/no/such/folder/x: cannot write");
    const char *folder = hl_test_file("a_folder");
    check_ok(hl_file_make_folder(folder));
    check_fails(hl_file_save(folder, "a", 1), "not saved");
    assert_int_equal(files_with("a_folder"), 1);
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    const char *deep = hl_test_file("p/q/r");
    check_ok(hl_file_make_folder(deep));
    assert_true(hl_file_is_folder(deep));
    check_ok(hl_file_make_folder(deep));
    const char *file = hl_test_write("p/file", "x", 1);
    assert_true(hl_file_exists(file));
    assert_false(hl_file_is_folder(file));
    check_fails(hl_file_make_folder(file), "not a folder");
    check_fails(hl_file_make_folder(hl_test_file("p/file/sub")), "p/file");
    check_fails(hl_file_make_folder(""), "without a name");
}

static void lists_are_sorted_and_skip_hidden(void **state)
{
    (void)state;
    check_ok(hl_file_make_folder(hl_test_file("list/sub")));
    hl_test_write("list/b10", "", 0);
    hl_test_write("list/B", "", 0);
    hl_test_write("list/b9", "", 0);
    hl_test_write("list/.hidden", "", 0);
    hl_file_list list;
    check_ok(hl_file_list_folder(&list, hl_test_file("list")));
    assert_int_equal(list.count, 4);
    const char *want[4] = {"B", "b10", "b9", "sub"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(list.names[i], want[i]);
    hl_file_list_release(&list);
    check_fails(hl_file_list_folder(&list, "/no/such"), "/no/such: cannot list");
}

static void paths_join_and_split(void **state)
{
    (void)state;
    char out[16];
    check_ok(hl_path_join(out, sizeof out, "a", "b"));
    assert_string_equal(out, "a/b");
    check_ok(hl_path_join(out, sizeof out, "a/", "b"));
    assert_string_equal(out, "a/b");
    check_ok(hl_path_join(out, sizeof out, "", "b"));
    assert_string_equal(out, "b");
    check_ok(hl_path_join(out, sizeof out, "a", "/b"));
    assert_string_equal(out, "/b");
    check_fails(hl_path_join(out, sizeof out, "0123456789", "abcdef"), "path too long");
    assert_string_equal(hl_path_name("x/y/z.ply"), "z.ply");
    assert_string_equal(hl_path_name("z.ply"), "z.ply");
    assert_true(hl_path_has_extension("x.y/a.PLY", "ply"));
    assert_false(hl_path_has_extension("x.ply/a", "ply"));
    assert_false(hl_path_has_extension("a.plyx", "ply"));
    assert_false(hl_path_has_extension("a.pl", "ply"));
    assert_false(hl_path_has_extension("ply", "ply"));
}

static hl_status save_and_list(void *ctx)
{
    hl_file_list list;
    HL_TRY(hl_file_save((const char *)ctx, "bytes", 5));
    HL_TRY(hl_file_list_folder(&list, hl_test_dir()));
    hl_file_list_release(&list);
    return hl_file_make_folder(hl_test_file("again/and/again"));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[1024];
    strncpy(path, hl_test_file("faults.bin"), sizeof path - 1);
    path[sizeof path - 1] = '\0';
    check_every_allocation(save_and_list, path, 100);
    assert_int_equal(files_with(".tmp-"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_out_and_come_back),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(nothing_shows_before_commit_or_after_abort),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(targets_that_cannot_be_written_are_named),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(lists_are_sorted_and_skip_hidden),
        cmocka_unit_test(paths_join_and_split),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
