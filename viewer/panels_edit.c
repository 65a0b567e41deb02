/* SPDX-License-Identifier: MIT */
/* The panel's sections of editing: selection, box, export; and of the camera path. */
#include "viewer/ui.h"
#include "viewer/viewer_state.h"

#include <stdio.h>

#define LIST_HEIGHT 90.0f

/* ---- splats -------------------------------------------------------------------------------- */

static void tools(hl_viewer *v)
{
    static const char *const words[] = {"camera", "click", "box", "brush"};
    int32_t tool = (int32_t)v->tool;
    float brush = (float)v->brush;
    if (hl_ui_choice("left button", &tool, "turns the camera|selects one|selects a box|brushes"))
        hl_viewer_act(v, "tool %s", words[tool]);
    hl_ui_tip("Esc gives it back to the camera");
    if (v->tool == HL_TOOL_BRUSH && hl_ui_slider("brush", &brush, 2, 200, true))
        v->brush = (double)brush;
    if (hl_ui_slider("fainter", &v->faint, 0.005f, 1, true))
        hl_ui_tip("opacity");
    hl_ui_same_line();
    if (hl_ui_button("select##faint"))
        hl_viewer_act(v, "select-faint %.9g", (double)v->faint);
    if (!(v->large > 0))
        v->large = 0.1f * (float)v->orbit.distance;
    (void)hl_ui_slider("larger", &v->large, 0.001f * (float)v->orbit.distance,
                       (float)v->orbit.distance, true);
    hl_ui_same_line();
    if (hl_ui_button("select##large"))
        hl_viewer_act(v, "select-large %.9g", (double)v->large);
}

static void crop_box(hl_viewer *v)
{
    static const char *const names[6] = {"x from", "y from", "z from", "x to", "y to", "z to"};
    (void)hl_ui_check("crop box", &v->crop_shown);
    if (!v->crop_shown)
        return;
    for (int k = 0; k < 6; k++) {
        const int axis = k % 3;
        const float size = (float)(v->scene.high[axis] - v->scene.low[axis]);
        float value = (float)v->crop[k];
        if (hl_ui_slider(names[k], &value, (float)v->scene.low[axis] - size,
                         (float)v->scene.high[axis] + size, false))
            v->crop[k] = (double)value;
    }
    if (hl_ui_button("hide all outside"))
        hl_viewer_act(v, "crop %.9g %.9g %.9g %.9g %.9g %.9g", v->crop[0], v->crop[1], v->crop[2],
                      v->crop[3], v->crop[4], v->crop[5]);
}

void hl_viewer_edit_section(hl_viewer *viewer)
{
    hl_viewer *v = viewer;
    char text[96];
    if (!hl_ui_section("Edit", false))
        return;
    if (v->counted != v->report.frames) { /* a pass over all splats, once a picture */
        v->counted = v->report.frames;
        v->selected = hl_edits_count(&v->edits, HL_EDIT_SELECTED);
        v->hidden = hl_edits_count(&v->edits, HL_EDIT_HIDDEN);
    }
    snprintf(text, sizeof text, "%d selected, %d hidden", v->selected, v->hidden);
    hl_ui_text(text);
    tools(v);
    if (hl_ui_button("delete"))
        hl_viewer_act(v, "delete");
    hl_ui_same_line();
    if (hl_ui_button("invert"))
        hl_viewer_act(v, "select-invert");
    hl_ui_same_line();
    if (hl_ui_button("none"))
        hl_viewer_act(v, "select-none");
    hl_ui_same_line();
    if (hl_ui_button("show all"))
        hl_viewer_act(v, "restore");
    crop_box(v);
    if (v->edits.at > 0 && hl_ui_button("undo"))
        hl_viewer_act(v, "undo");
    if (v->edits.at > 0)
        hl_ui_same_line();
    if (v->edits.at < v->edits.top && hl_ui_button("redo"))
        hl_viewer_act(v, "redo");
    else if (v->edits.at > 0)
        hl_ui_hint("Ctrl + Z");
    hl_ui_text("write what is left:");
    hl_viewer_file_row(v, HL_FILE_EXPORT);
}

/* ---- camera path --------------------------------------------------------------------------- */

static void key_list(hl_viewer *v)
{
    int32_t away = -1;
    hl_ui_list("keys", LIST_HEIGHT);
    for (int32_t i = 0; i < v->edits.now->key_count; i++) {
        float seconds = (float)v->edits.now->keys[i].seconds;
        hl_ui_row(i);
        if (hl_ui_button("go"))
            hl_viewer_act(v, "path-go %d", i);
        hl_ui_same_line();
        if (hl_ui_button("set"))
            hl_viewer_act(v, "path-set %d", i);
        hl_ui_tip("this key becomes the present view");
        hl_ui_same_line();
        if (hl_ui_button("x"))
            away = i;
        hl_ui_same_line();
        if (i == 0)
            hl_ui_text("start");
        else if (hl_ui_slider_narrow("s", &seconds, 0.1f, 10))
            hl_viewer_act(v, "path-time %d %.9g", i, (double)seconds);
        hl_ui_row_end();
    }
    hl_ui_list_end();
    if (away >= 0)
        hl_viewer_act(v, "path-remove %d", away);
}

static void make_buttons(hl_viewer *v)
{
    static const char *const kinds[] = {"orbit", "spiral", "ellipse", "interp"};
    for (int i = 0; i < 4; i++) {
        if (i)
            hl_ui_same_line();
        if (hl_ui_button(kinds[i]))
            hl_viewer_act(v, "path-make %s", kinds[i]);
    }
    hl_ui_tip("through all photos");
}

static void player(hl_viewer *v)
{
    const hl_edit_state *s = v->edits.now;
    const float length = (float)hl_camera_keys_seconds(s->keys, s->key_count);
    float at = (float)v->path_at, whole = length;
    if (hl_ui_button(v->playing ? "stop" : "play"))
        hl_viewer_act(v, "path-play %d", !v->playing);
    hl_ui_tip("L");
    hl_ui_same_line();
    if (length > 0 && hl_ui_slider("at", &at, 0, length, false))
        hl_viewer_act(v, "path-at %.9g", (double)at);
    if (length > 0 && hl_ui_slider("seconds", &whole, 0.5f, 120, true))
        hl_viewer_act(v, "path-seconds %.9g", (double)whole);
    hl_viewer_file_row(v, HL_FILE_FILM);
    if (hl_ui_button("clear"))
        hl_viewer_act(v, "path-clear");
}

void hl_viewer_path_section(hl_viewer *viewer)
{
    hl_viewer *v = viewer;
    if (!hl_ui_section("Camera path", false))
        return;
    if (hl_ui_button("add this view"))
        hl_viewer_act(v, "path-add 2");
    hl_ui_tip("K: a key two seconds after the last");
    make_buttons(v);
    hl_viewer_file_row(v, HL_FILE_PATH);
    if (!v->edits.now->key_count)
        return;
    key_list(v);
    player(v);
}
