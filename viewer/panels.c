/* SPDX-License-Identifier: MIT */
/* What lies over the picture: panels, the line about the pixel under the mouse, the list of keys.
 */
#include "viewer/ui.h"
#include "viewer/viewer_state.h"

#include <math.h>
#include <stdio.h>

#define TEXT(...)                                   \
    do {                                            \
        char text_[320];                            \
        snprintf(text_, sizeof text_, __VA_ARGS__); \
        hl_ui_text(text_);                          \
    } while (0)

#define LIST_HEIGHT 110.0f
#define DEGREE      57.29577951308232

static void scene_section(hl_viewer *v)
{
    if (!hl_ui_section("Scene", true))
        return;
    hl_ui_text(v->scene.name);
    if (v->scene.status && v->scene.status[0])
        hl_ui_text(v->scene.status);
    TEXT("%d splats%s", v->scene.splats->count, v->scene.mesh ? ", a mesh" : "");
    if (hl_ui_button("Frame all"))
        hl_viewer_act(v, "frame");
    hl_ui_tip("all of the scene in the picture (F)");
    hl_viewer_file_row(v, HL_FILE_OPEN);
    hl_viewer_file_row(v, HL_FILE_PICTURE);
    if (v->folder[0]) {
        hl_ui_hint("in");
        hl_ui_same_line();
        hl_ui_hint(v->folder);
    }
}

static void cameras_section(hl_viewer *v)
{
    float wipe = (float)v->compare.wipe;
    if (!v->scene.camera_count || !hl_ui_section("Cameras and photos", true))
        return;
    hl_ui_list("cameras", LIST_HEIGHT);
    for (int32_t i = 0; i < v->scene.camera_count; i++) {
        hl_ui_row(i);
        if (hl_ui_item(v->scene.cameras[i].name, i == v->camera))
            hl_viewer_act(v, "camera %d", i);
        hl_ui_row_end();
    }
    hl_ui_list_end();
    if (!v->scene.photo)
        return;
    if (hl_ui_slider("photo", &wipe, 0, 1, false))
        hl_viewer_act(v, "wipe %.9g", (double)wipe);
    hl_ui_tip("the photo over the left part of the picture (C)");
    if (v->compare.wipe > 0 && v->camera < 0)
        hl_ui_hint("choose a camera (Space) to see its photo");
    else if (v->compare.wipe > 0 && isfinite(v->compare.psnr))
        TEXT("PSNR %.2f dB, SSIM %.4f", v->compare.psnr, v->compare.ssim);
}

static void look_section(hl_viewer *v)
{
    const hl_look *look = &v->look;
    float fov = (float)(v->orbit.fov_y * DEGREE), scale = look->splat_scale, rgb[3];
    int32_t show = (int32_t)look->show, degree = look->sh_degree;
    bool antialiased = look->antialiased;
    if (!hl_ui_section("Look", true))
        return;
    if (hl_ui_choice("show", &show,
                     "1 colour|2 lit|3 albedo|4 normal|5 roughness|6 metal|7 depth|8 alpha|9 light "
                     "alone|direct|indirect"))
        hl_viewer_act(v, "show %s", hl_show_name((hl_show)show));
    if (hl_ui_slider("field of view", &fov, 5, 120, false))
        hl_viewer_act(v, "fov %.9g", (double)fov);
    if (hl_ui_slider("splat size", &scale, 0.01f, 2, false))
        hl_viewer_act(v, "scale %.9g", (double)scale);
    if (hl_ui_slider_int("colour bands", &degree, 0, HL_SH_DEGREE_MAX))
        hl_viewer_act(v, "degree %d", degree);
    for (int c = 0; c < 3; c++)
        rgb[c] = look->background[c];
    if (hl_ui_color("background", rgb))
        hl_viewer_act(v, "background %.9g %.9g %.9g", (double)rgb[0], (double)rgb[1],
                      (double)rgb[2]);
    hl_ui_same_line();
    if (hl_ui_check("antialiased", &antialiased))
        hl_viewer_act(v, "antialias %d", antialiased);
}

static void times_section(hl_viewer *v)
{
    hl_renderer_stats stats;
    if (!hl_ui_section("Times", false))
        return;
    hl_renderer_stats_read(v->renderer, &stats);
    hl_ui_text(stats.device);
    TEXT("%s (%s)", hl_raster_path_name(stats.path), stats.reason);
    TEXT("%.1f ms a picture of %d x %d", stats.draw_ms, v->width, v->height);
    if (stats.splat_bytes && stats.splats)
        TEXT("%.0f bytes a splat, %.1f MiB on the device", (double)stats.splat_bytes / stats.splats,
             (double)stats.splat_bytes / 1048576);
    for (int32_t i = 0; i < stats.pass_count; i++)
        TEXT("%8.2f ms  %s", stats.passes[i].ms, stats.passes[i].name);
}

/* One key and what it does, in two columns. */
static void help_panel(const hl_viewer *v)
{
    static const char *const rows[][2] = {{"left drag", "turn around the target, or the tool"},
                                          {"right drag", "slide"},
                                          {"wheel", "nearer, farther"},
                                          {"W A S D Q E", "fly"},
                                          {"Shift + drag", "turn the environment"},
                                          {"1 to 9", "colour, lit, albedo, normal, ..."},
                                          {"F", "all of the scene in the picture"},
                                          {"Space", "next camera of the capture"},
                                          {"C", "its photo beside the picture"},
                                          {"G", "ground and cameras"},
                                          {"K", "the view as a key of the camera path"},
                                          {"L", "play the camera path"},
                                          {"Delete", "hide what is selected"},
                                          {"Ctrl + Z, Y, I", "undo, redo, invert the selection"},
                                          {"P", "screenshot, numbered"},
                                          {"Ctrl + S", "name of the screenshot"},
                                          {"H, ?", "panels, these keys"},
                                          {"Esc", "the camera again, then close"},
                                          {"drop a file", "splats, a mesh, a .hdr or .exr"}};
    hl_ui_panel("Keys", 0.5f * (float)v->width - 190 * v->scale, 60, 380 * v->scale);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hl_ui_text(rows[i][0]);
        hl_ui_column(120);
        hl_ui_text(rows[i][1]);
    }
    hl_ui_panel_end();
}

static void hover_note(const hl_viewer *v)
{
    const hl_pick *p = &v->hover;
    hl_ui_note("pixel", 330 * v->scale, (float)v->height - 10, true);
    if (p->splat < 0)
        TEXT("%d %d   rgb %d %d %d   nothing here", v->hover_x, v->hover_y, v->hover_rgb[0],
             v->hover_rgb[1], v->hover_rgb[2]);
    else
        TEXT("%d %d   rgb %d %d %d   splat %d (%.0f %%)   depth %.4g   at %.4g %.4g %.4g",
             v->hover_x, v->hover_y, v->hover_rgb[0], v->hover_rgb[1], v->hover_rgb[2], p->splat,
             100 * (double)p->weight, (double)(p->median > 0 ? p->median : p->depth),
             p->position[0], p->position[1], p->position[2]);
    hl_ui_note_end();
}

void hl_viewer_panels(hl_viewer *viewer)
{
    hl_viewer *v = viewer;
    if (v->panels) {
        hl_ui_panel("Heliograph", 10, 10, 310 * v->scale);
        scene_section(v);
        cameras_section(v);
        look_section(v);
        hl_viewer_light_section(v);
        hl_viewer_edit_section(v);
        hl_viewer_path_section(v);
        times_section(v);
        hl_ui_hint("? lists the keys, H hides the panels");
        hl_ui_panel_end();
        if (v->hovered)
            hover_note(v);
    }
    if (v->help)
        help_panel(v);
    v->name_picture = false; /* where its part of the panel is folded, it goes nowhere */
    if (v->asked[0]) {
        hl_viewer_file_question(v);
    } else if (v->message[0]) {
        hl_ui_note("message", 330 * v->scale, 10, false);
        hl_ui_text(v->message);
        if (hl_ui_button("OK"))
            v->message[0] = '\0';
        hl_ui_note_end();
    }
}
