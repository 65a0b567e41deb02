/* SPDX-License-Identifier: MIT */
/* The panels' triangles without window or device: indices, clips, and that a click arrives. */
#include "tests/check.h"
#include "viewer/ui.h"

#include <stdio.h>
#include <string.h>

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

static int picture_clicks, item_clicks;

/* A note, a list, a picture of 2 x 2 colours, and a line under them. */
static void second_frame(float x, float y, bool down, hl_ui_lists *lists)
{
    static const uint32_t colors[4] = {0xFF0000FF, 0xFF00FF00, 0xFFFF0000, 0xFFFFFFFF};
    const float from[2] = {300, 0}, to[2] = {300, 299};
    const hl_ui_input in = {
        .width = 400, .height = 300, .seconds = 0.1f, .x = x, .y = y, .button = {down}};
    hl_ui_begin(&in);
    hl_ui_line(from, to, 0xFF123456, 2);
    hl_ui_note("note", 10, 10, false);
    picture_clicks += hl_ui_picture("picture", colors, 2, 2, 20, false);
    hl_ui_list("list", 60);
    for (int i = 0; i < 9; i++) {
        hl_ui_row(i);
        item_clicks += hl_ui_item("the same label", i == 3);
        hl_ui_row_end();
    }
    hl_ui_list_end();
    hl_ui_note_end();
    hl_ui_end(lists);
}

static int count_color(const hl_ui_lists *lists, uint32_t rgba)
{
    int n = 0;
    for (uint32_t i = 0; i < lists->vertex_count; i++)
        n += lists->vertices[i].rgba == rgba;
    return n;
}

/* A font that is not there leaves the built-in letters. */
static void pictures_lists_and_lines(void **state)
{
    (void)state;
    hl_ui_lists lists;
    assert_true(hl_ui_create(2, "/no/such/font.ttf"));
    picture_clicks = item_clicks = 0;
    for (int i = 0; i < 3; i++)
        second_frame(60, 50, false, &lists);
    assert_int_equal(count_color(&lists, 0xFF0000FF), 4); /* one rectangle */
    assert_int_equal(count_color(&lists, 0xFFFF0000), 4);
    assert_true(count_color(&lists, 0xFF123456) >= 2);
    assert_true(lists.vertices[0].rgba == 0xFF123456 || lists.vertices[1].rgba == 0xFF123456 ||
                lists.vertices[2].rgba == 0xFF123456); /* under the rest */
    second_frame(60, 50, true, &lists);
    second_frame(60, 50, false, &lists);
    assert_int_equal(picture_clicks, 1);
    second_frame(60, 150, false, &lists);
    second_frame(60, 150, true, &lists);
    second_frame(60, 150, false, &lists);
    assert_int_equal(item_clicks, 1);
    hl_ui_destroy();
}

static char name[16];
static bool focus;

/* A field, where the cursor is put once; true: Enter. */
static bool type(const int32_t *typed, int32_t count)
{
    hl_ui_lists lists;
    const hl_ui_input in = {.width = 400,
                            .height = 300,
                            .seconds = 0.1f,
                            .x = -1,
                            .y = -1,
                            .typed = typed,
                            .typed_count = count};
    hl_ui_begin(&in);
    hl_ui_panel("Panel", 10, 10, 200);
    const bool entered = hl_ui_field("##name", name, sizeof name, 100, focus);
    focus = false;
    hl_ui_panel_end();
    hl_ui_end(&lists);
    return entered;
}

/* Frames until all that was typed arrived; how often Enter came. */
static int finish(void)
{
    int entered = 0;
    for (int i = 0; i < 40; i++)
        entered += type(NULL, 0);
    return entered;
}

static char board[16];
static const char *read_board(void *ctx)
{
    return ctx;
}
static void write_board(void *ctx, const char *text)
{
    snprintf(ctx, sizeof board, "%s", text);
}

/* All of a burst arrives, in its order; what is too long is left out; Enter and Escape end it. */
static void text_is_typed(void **state)
{
    (void)state;
    static const int32_t first[] = {
        'a',        'b', -HL_UI_BACKSPACE, 'c',           0x20AC, -HL_UI_HOME, '/',
        -HL_UI_END, '.', -HL_UI_LEFT,      -HL_UI_DELETE, -99,    0,           -HL_UI_ENTER};
    static const int32_t again[] = {'x', 'y',          -HL_UI_ALL,  -HL_UI_CUT,
                                    'z', -HL_UI_PASTE, -HL_UI_PASTE};
    static const int32_t away[] = {'q', -HL_UI_ESCAPE};
    static const int32_t early[] = {'n', 'e', 'w', -HL_UI_ENTER};
    int32_t many[40];
    assert_true(hl_ui_create(1, NULL));
    hl_ui_clipboard(read_board, write_board, board);
    snprintf(name, sizeof name, "old");
    assert_int_equal(type(first, 3) + finish(), 0);
    assert_string_equal(name, "old"); /* no field has the cursor */
    assert_false(hl_ui_wants_keys());
    focus = true;
    (void)finish();
    assert_true(hl_ui_wants_keys());
    assert_int_equal(type(first, sizeof first / sizeof first[0]) + finish(), 1);
    assert_string_equal(name, "/ac\xE2\x82\xAC"); /* over the selected old text */
    assert_false(hl_ui_wants_keys());
    focus = true;
    (void)finish();
    assert_int_equal(type(again, 7) + finish(), 0);
    assert_string_equal(name, "zxyxy");
    assert_string_equal(board, "xy");
    for (int i = 0; i < 40; i++)
        many[i] = 'a' + i % 26;
    (void)type(many, 40);
    (void)finish();
    assert_int_equal(strlen(name), sizeof name - 1);
    assert_int_equal(type(away, 2) + finish(), 0);
    assert_string_equal(name, "/ac\xE2\x82\xAC"); /* Escape takes it back */
    assert_false(hl_ui_wants_keys());
    hl_ui_await_field();
    assert_true(hl_ui_wants_keys());
    (void)type(early, 4); /* before the field has the cursor */
    focus = true;
    assert_int_equal(finish(), 1);
    assert_string_equal(name, "new");
    hl_ui_await_field();
    (void)finish();
    assert_false(hl_ui_wants_keys()); /* no field came */
    hl_ui_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_whole), cmocka_unit_test(clicks_arrive),
        cmocka_unit_test(pictures_lists_and_lines), cmocka_unit_test(text_is_typed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
