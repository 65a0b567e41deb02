/* SPDX-License-Identifier: MIT */
/* The panels' triangles without window or device: indices, clips, and that a click arrives. */
#include "tests/check.h"
#include "viewer/ui.h"

static int pressed;
static bool checked;
static float value = 0.5f;

static void frame(float x, float y, bool down, hl_ui_lists *lists)
{
    const hl_ui_input in = {
        .width = 400, .height = 300, .seconds = 0.1f, .x = x, .y = y, .button = {down}};
    hl_ui_begin(&in);
    hl_ui_panel("Panel", 10, 10, 200);
    hl_ui_text("a line");
    pressed += hl_ui_button("a button that is easy to hit");
    (void)hl_ui_check("check", &checked);
    (void)hl_ui_slider("value", &value, 0, 1, false);
    hl_ui_panel_end();
    hl_ui_end(lists);
}

static void lists_are_whole(void **state)
{
    (void)state;
    hl_ui_lists lists;
    int32_t width, height;
    assert_true(hl_ui_create(1, NULL));
    assert_non_null(hl_ui_font(&width, &height));
    assert_true(width > 0 && height > 0);
    for (int i = 0; i < 3; i++)
        frame(-1, -1, false, &lists);
    assert_true(lists.vertex_count > 100 && lists.index_count % 3 == 0);
    for (uint32_t i = 0; i < lists.index_count; i++)
        assert_true(lists.indices[i] < lists.vertex_count);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < lists.command_count; i++) {
        assert_int_equal(lists.commands[i].first_index, sum);
        sum += lists.commands[i].index_count;
    }
    assert_int_equal(sum, lists.index_count);
    assert_false(hl_ui_wants_mouse());
    hl_ui_destroy();
}

static void clicks_arrive(void **state)
{
    (void)state;
    hl_ui_lists lists;
    assert_true(hl_ui_create(1, NULL));
    pressed = 0;
    checked = false;
    for (int i = 0; i < 3; i++)
        frame(60, 58, false, &lists);
    assert_true(hl_ui_wants_mouse());
    frame(60, 58, true, &lists);
    frame(60, 58, false, &lists);
    frame(60, 58, false, &lists);
    assert_int_equal(pressed, 1);
    frame(22, 82, false, &lists);
    frame(22, 82, true, &lists);
    frame(22, 82, false, &lists);
    assert_true(checked);
    hl_ui_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_are_whole),
                                       cmocka_unit_test(clicks_arrive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
