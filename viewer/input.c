/* SPDX-License-Identifier: MIT */
/* Keys, mouse and dropped files become actions. */
#include "viewer/ui.h"
#include "viewer/viewer_state.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define TURN 0.4 /* degrees a pixel     */
#define FLY  0.8 /* distances a second  */

void hl_viewer_act(hl_viewer *viewer, const char *format, ...)
{
    char line[HL_WINDOW_PATH + 64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (hl_viewer_do(viewer, line) != HL_OK)
        snprintf(viewer->message, sizeof viewer->message, "%s", hl_last_error());
}

static void press_control(hl_viewer *v, int32_t key)
{
    if (key == 'S') {
        v->panels = v->name_picture = true;
        hl_ui_await_field();
    } else if (key == 'Z')
        hl_viewer_act(v, "undo");
    else if (key == 'Y')
        hl_viewer_act(v, "redo");
    else if (key == 'I')
        hl_viewer_act(v, "select-invert");
}

static void press(hl_viewer *v, int32_t key)
{
    switch (key) {
    case 'F':
        hl_viewer_act(v, "frame");
        break;
    case ' ':
        if (v->scene.camera_count)
            hl_viewer_act(v, "camera %d", (v->camera + 1) % v->scene.camera_count);
        break;
    case 'C':
        hl_viewer_act(v, "wipe %g", v->compare.wipe > 0 ? 0 : 0.5);
        break;
    case 'P':
        hl_viewer_act(v, "screenshot-new %s", v->name[HL_FILE_PICTURE]);
        break;
    case 'K':
        hl_viewer_act(v, "path-add 2");
        break;
    case 'L':
        hl_viewer_act(v, "path-play %d", !v->playing);
        break;
    case 'G':
        hl_viewer_act(v, "grid %d", !v->grid);
        break;
    case 'H':
        hl_viewer_act(v, "panels %d", !v->panels);
        break;
    case '?':
        hl_viewer_act(v, "help %d", !v->help);
        break;
    case HL_WINDOW_DELETE:
        hl_viewer_act(v, "delete");
        break;
    case HL_WINDOW_ESCAPE:
        if (v->tool != HL_TOOL_CAMERA)
            hl_viewer_act(v, "tool camera");
        else
            hl_viewer_act(v, "quit");
        break;
    default:
        if (key >= '1' && key <= '9')
            hl_viewer_act(v, "show %s", hl_show_name((hl_show)(key - '1')));
        break;
    }
}

static void fly(hl_viewer *v, const hl_window_input *in, double seconds)
{
    const double step = FLY * fmin(seconds, 0.25);
    const double right = step * (in->held['D'] - in->held['A']);
    const double down = step * (in->held['Q'] - in->held['E']);
    const double ahead = step * (in->held['W'] - in->held['S']);
    if (!in->control && (right != 0 || down != 0 || ahead != 0))
        hl_viewer_act(v, "move %.17g %.17g %.17g", right, down, ahead);
}

/* ---- the left button ----------------------------------------------------------------------- */

static void use_camera(hl_viewer *v, const hl_window_input *in)
{
    if (in->shift && in->move_x != 0)
        hl_viewer_act(v, "turn %.9g", (double)v->look.turn + TURN * in->move_x);
    else if (!in->shift && (in->move_x != 0 || in->move_y != 0))
        hl_viewer_act(v, "orbit %.17g %.17g", -TURN * in->move_x, TURN * in->move_y);
}

static void use_tool(hl_viewer *v, const hl_window_input *in, bool went_down)
{
    if (v->tool == HL_TOOL_CAMERA || in->shift)
        use_camera(v, in);
    else if (v->tool == HL_TOOL_BRUSH && (went_down || in->move_x != 0 || in->move_y != 0))
        hl_viewer_act(v, "select-disc %.9g %.9g %.9g", in->x, in->y, v->brush);
    else if (v->tool == HL_TOOL_CLICK && went_down)
        hl_viewer_act(v, "select-at %.9g %.9g", in->x, in->y);
}

static void left_button(hl_viewer *v, const hl_window_input *in)
{
    const bool went_down = in->button[0] && !v->held && !hl_ui_wants_mouse();
    if (went_down) {
        v->pressed = true;
        v->press_x = in->x;
        v->press_y = in->y;
    }
    v->held = in->button[0];
    if (v->pressed && in->button[0])
        use_tool(v, in, went_down);
    if (in->button[0])
        return;
    if (v->pressed && v->tool == HL_TOOL_BOX && !in->shift)
        hl_viewer_act(v, "select-box %.9g %.9g %.9g %.9g", v->press_x, v->press_y, in->x, in->y);
    v->pressed = v->gesture = false;
}

void hl_viewer_input(hl_viewer *viewer, const hl_window_input *input, double seconds)
{
    hl_viewer *v = viewer;
    const hl_window_input *in = input;
    const bool typing = hl_ui_wants_keys();
    for (int32_t i = 0; i < in->key_count && !hl_ui_wants_keys(); i++) {
        if (in->keys[i] & HL_WINDOW_CONTROL)
            press_control(v, in->keys[i] & ~HL_WINDOW_CONTROL);
        else
            press(v, in->keys[i]);
    }
    for (int32_t i = 0; i < in->drop_count; i++)
        hl_viewer_act(v, "open %s", in->drops[i]);
    if (!typing)
        fly(v, in, seconds);
    left_button(v, in);
    if (hl_ui_wants_mouse())
        return;
    if (in->button[1] && (in->move_x != 0 || in->move_y != 0)) {
        const double part = 2 * tan(0.5 * v->orbit.fov_y) / v->height;
        hl_viewer_act(v, "move %.17g %.17g 0", -part * in->move_x, -part * in->move_y);
    }
    if (in->wheel != 0)
        hl_viewer_act(v, "dolly %.17g", pow(0.9, in->wheel));
}
