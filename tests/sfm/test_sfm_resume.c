/* SPDX-License-Identifier: MIT */
/* The cache of a reconstruction: a run that is stopped while it finds features or matches goes on
 * from there and ends with the bytes of one that was not; damaged files are told and made anew. */
#include "core/file.h"
#include "core/log.h"
#include "core/status.h"
#include "datasets/dataset.h"
#include "datasets/synthetic.h"
#include "sfm/sfm.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { VIEWS = 12, PAIRS = VIEWS * (VIEWS - 1) / 2 };

static hl_views views;
static hl_sfm_result whole; /* without a cache, never stopped */

typedef struct watch {
    const char *stage; /* stop there ...          */
    int64_t at;        /* ... after so many units */
    int64_t done;      /* last unit of the stage  */
    int32_t warnings;
} watch;

static void on_message(void *ctx, hl_log_level level, const char *text)
{
    watch *w = ctx;
    w->warnings += level == HL_LOG_WARN && strstr(text, "anew") != NULL;
}

static void on_progress(void *ctx, const hl_progress *p)
{
    watch *w = ctx;
    if (!w->stage || strcmp(p->stage, w->stage) != 0)
        return;
    w->done = p->done;
    if (p->done >= w->at)
        hl_interrupt_request();
}

static hl_status run(hl_sfm_result *result, const char *cache, watch *w)
{
    const hl_log_sink sink = {w, on_message, on_progress};
    const hl_sfm_options options = {.seed = 5, .cache = cache};
    hl_log_set_sink(&sink);
    const hl_status status = hl_sfm_run(result, &views, &options);
    hl_log_set_sink(NULL);
    hl_interrupt_clear();
    return status;
}

static void check_same(const hl_sfm_result *r)
{
    assert_int_equal(r->mapping.model_count, whole.mapping.model_count);
    assert_int_equal(r->pair_count, whole.pair_count);
    assert_memory_equal(r->mapping.fates, whole.mapping.fates, VIEWS * sizeof *whole.mapping.fates);
    const hl_map_model *a = &r->mapping.models[0], *b = &whole.mapping.models[0];
    assert_int_equal(a->point_count, b->point_count);
    assert_memory_equal(a->points, b->points, (size_t)b->point_count * 3 * sizeof *b->points);
    assert_memory_equal(a->poses, b->poses, VIEWS * sizeof *b->poses);
    assert_memory_equal(r->colors[0], whole.colors[0], (size_t)b->point_count * 3);
    for (int32_t p = 0; p < r->pair_count; p++) {
        assert_int_equal(r->pairs[p].matches, whole.pairs[p].matches);
        assert_int_equal(r->pairs[p].inliers, whole.pairs[p].inliers);
    }
}

static int32_t files_in(const char *folder)
{
    hl_file_list list;
    check_ok(hl_file_list_folder(&list, folder));
    const int32_t count = list.count;
    hl_file_list_release(&list);
    return count;
}

static void stopped_while_finding_features(void **state)
{
    (void)state;
    const char *cache = hl_test_file("features");
    watch w = {.stage = "features", .at = 3}, none = {0};
    hl_sfm_result r;
    check_fails(run(&r, cache, &w), "interrupted after 3 photos");
    assert_int_equal(w.done, 3);
    assert_int_equal(files_in(cache), 3);
    check_ok(run(&r, cache, &none));
    check_same(&r);
    hl_sfm_result_release(&r);
}

static void stopped_while_matching(void **state)
{
    (void)state;
    const char *cache = hl_test_file("matches");
    watch w = {.stage = "match", .at = 1}, none = {0};
    hl_sfm_result r;
    check_fails(run(&r, cache, &w), "pairs, which are kept");
    assert_in_range(w.done, 1, PAIRS - 1);
    assert_in_range(files_in(cache), VIEWS + 1, 2 * VIEWS - 2); /* a row for each leading photo */
    check_ok(run(&r, cache, &none));
    check_same(&r);
    hl_sfm_result_release(&r);
    assert_int_equal(files_in(cache), 2 * VIEWS - 1);
}

/* A file of the cache: its inode tells whether it was written anew. */
static ino_t identity(const char *folder, int32_t index, char path[4096])
{
    hl_file_list list;
    struct stat s;
    check_ok(hl_file_list_folder(&list, folder));
    check_ok(hl_path_join(path, 4096, folder, list.names[index]));
    assert_int_equal(stat(path, &s), 0);
    hl_file_list_release(&list);
    return s.st_ino;
}

static void damaged_files_are_made_anew(void **state)
{
    (void)state;
    const char *cache = hl_test_file("matches"); /* of the test before */
    char path[4096];
    ino_t before[2 * VIEWS - 1];
    watch none = {0};
    hl_sfm_result r;
    for (int32_t i = 0; i < 2 * VIEWS - 1; i++)
        before[i] = identity(cache, i, path);
    check_ok(run(&r, cache, &none));
    assert_int_equal(none.warnings, 0);
    hl_sfm_result_release(&r);
    for (int32_t i = 0; i < 2 * VIEWS - 1; i++) {
        assert_int_equal(identity(cache, i, path), before[i]);
        FILE *f = fopen(path, "r+b");
        assert_non_null(f);
        assert_int_equal(fseek(f, 200, SEEK_SET), 0);
        assert_int_equal(fwrite("damage", 1, 6, f), 6);
        fclose(f);
    }
    check_ok(run(&r, cache, &none));
    assert_int_equal(none.warnings, 2 * VIEWS - 1);
    check_same(&r);
    hl_sfm_result_release(&r);
}

static int set_up(void **state)
{
    (void)state;
    const hl_synthetic_options o = {.scene = HL_SYNTHETIC_CORNER,
                                    .views = VIEWS,
                                    .width = 192,
                                    .height = 144,
                                    .samples = 1,
                                    .bounces = -1};
    const hl_synthetic_output output = {.bare = true};
    const hl_dataset_options all = {.split = HL_DATASET_SPLIT_NONE};
    hl_synthetic_summary summary;
    hl_synthetic *synthetic = NULL;
    watch none = {0};
    check_ok(hl_synthetic_create(&synthetic, &o));
    check_ok(hl_synthetic_save(synthetic, hl_test_file("s"), &output, &summary));
    hl_synthetic_destroy(&synthetic);
    check_ok(hl_dataset_load(&views, hl_test_file("s/images"), &all));
    check_ok(run(&whole, NULL, &none));
    assert_true(whole.mapping.model_count > 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    hl_sfm_result_release(&whole);
    hl_views_release(&views);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_while_finding_features),
        cmocka_unit_test(stopped_while_matching),
        cmocka_unit_test(damaged_files_are_made_anew),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
