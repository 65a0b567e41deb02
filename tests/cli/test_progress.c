/* SPDX-License-Identifier: MIT */
/* Progress lines: what a terminal shows and what --json-progress writes. */
#include "cli/progress.h"
#include "core/json.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static const hl_progress train = {.stage = "train",
                                  .done = 700,
                                  .total = 30000,
                                  .loss = 0.041,
                                  .splats = 182000,
                                  .next_save = 7000};
static hl_progress bare(void)
{
    return (hl_progress){"synth", 3, 3, nan(""), -1, -1};
}

static void text_shows_what_is_known(void **state)
{
    (void)state;
    char line[200];
    hl_progress_format_text(&train, 58.2, line, sizeof line);
    assert_string_equal(line, "train 700/30000  loss 0.0410  182000 splats  58.2 it/s  "
                              "ETA 8:24  next save 7000");
    const hl_progress p = bare();
    hl_progress_format_text(&p, 0, line, sizeof line);
    assert_string_equal(line, "synth 3/3");
}

static void json_parses_and_leaves_out_what_is_unknown(void **state)
{
    (void)state;
    char line[200];
    hl_json *root = NULL;
    hl_progress_format_json(&train, 12.5, 58.2, line, sizeof line);
    check_ok(hl_json_parse(&root, line, strlen(line), "line"));
    assert_string_equal(hl_json_text(root, "stage", ""), "train");
    assert_true(hl_json_number(root, "t", 0) == 12.5);
    assert_true(hl_json_number(root, "iter", 0) == 700);
    assert_true(hl_json_number(root, "of", 0) == 30000);
    assert_true(hl_json_number(root, "splats", 0) == 182000);
    assert_true(fabs(hl_json_number(root, "eta_s", 0) - 29300 / 58.2) < 1);
    hl_json_destroy(&root);

    const hl_progress p = bare();
    hl_progress_format_json(&p, 1, 0, line, sizeof line);
    check_ok(hl_json_parse(&root, line, strlen(line), "line"));
    assert_null(hl_json_find(root, "loss"));
    assert_null(hl_json_find(root, "splats"));
    assert_null(hl_json_find(root, "eta_s"));
    hl_json_destroy(&root);
}

static void short_buffers_are_respected(void **state)
{
    (void)state;
    for (size_t n = 1; n < 80; n++) {
        char line[96];
        memset(line, '#', sizeof line);
        hl_progress_format_text(&train, 58.2, line, n);
        assert_true(strlen(line) < n);
        assert_int_equal(line[n], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_shows_what_is_known),
        cmocka_unit_test(json_parses_and_leaves_out_what_is_unknown),
        cmocka_unit_test(short_buffers_are_respected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
