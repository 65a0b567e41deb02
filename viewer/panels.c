/* SPDX-License-Identifier: MIT */
/* What lies over the picture: panels and the list of keys. */
#include "viewer/ui.h"
#include "viewer/viewer_state.h"

#include <stdio.h>

#define TEXT(...)                                   \
    do {                                            \
        char text_[320];                            \
        snprintf(text_, sizeof text_, __VA_ARGS__); \
        hl_ui_text(text_);                          \
    } while (0)

static void scene_section(hl_viewer *v)
{
    char line[320];
    if (!hl_ui_section("Scene", true))
        return;
    hl_ui_text(v->scene.name);
    TEXT("%d splats, %d cameras", v->scene.splats->count, v->scene.camera_count);
    if (v->scene.camera_count) {
        int32_t camera = v->camera;
        if (hl_ui_slider_int("camera", &camera, 0, v->scene.camera_count - 1)) {
            snprintf(line, sizeof line, "camera %d", camera);
            (void)hl_viewer_do(v, line);
        }
        if (v->camera >= 0)
            hl_ui_text(v->scene.cameras[v->camera].name);
    }
    if (hl_ui_button("frame all (F)"))
        (void)hl_viewer_do(v, "frame");
    hl_ui_same_line();
    if (hl_ui_button("screenshot (P)"))
        snprintf(v->message, sizeof v->message, "%s",
                 hl_viewer_do(v, "screenshot screenshot.png") == HL_OK ? "screenshot.png written"
                                                                       : hl_last_error());
}

static void look_section(hl_viewer *v)
{
    hl_look *look = &v->look;
    float fov = (float)(v->orbit.fov_y * 57.29577951308232);
    if (!hl_ui_section("Look", true))
        return;
    bool changed = hl_ui_slider("splat size", &look->splat_scale, 0.01f, 2, false);
    changed |= hl_ui_slider_int("colour bands", &look->sh_degree, 0, HL_SH_DEGREE_MAX);
    changed |= hl_ui_color("background", look->background);
    changed |= hl_ui_check("antialiased", &look->antialiased);
    if (hl_ui_slider("field of view", &fov, 5, 120, false)) {
        v->orbit.fov_y = (double)fov / 57.29577951308232;
        changed = true;
    }
    v->dirty |= changed;
}

static void light_section(hl_viewer *v)
{
    hl_look *look = &v->look;
    int32_t show = (int32_t)look->show, tone = (int32_t)look->tone;
    if (!hl_ui_section("Light", true))
        return;
    bool changed = hl_ui_choice("show", &show,
                                "color|lit|albedo|normal|roughness|metal|depth|alpha|light only");
    look->show = (hl_show)show;
    hl_ui_text(v->environment[0] ? v->environment : "even light; drop a .hdr or .exr");
    changed |= hl_ui_slider("turn", &look->turn, -180, 180, false);
    changed |= hl_ui_slider("exposure", &look->exposure, -8, 8, false);
    changed |= hl_ui_choice("tone curve", &tone, "none|reinhard|aces|neutral");
    look->tone = (hl_tone)tone;
    changed |= hl_ui_check("environment behind", &look->sky);
    changed |= hl_ui_slider("roughness", &look->roughness, 0, 1, false);
    changed |= hl_ui_slider("metal", &look->metal, 0, 1, false);
    changed |= hl_ui_slider("sun", &look->sun_color[0], 0, 10, false);
    look->sun_color[1] = look->sun_color[2] = look->sun_color[0];
    v->dirty |= changed;
}

static void times_section(hl_viewer *v)
{
    hl_renderer_stats stats;
    if (!hl_ui_section("Times", true))
        return;
    hl_renderer_stats_read(v->renderer, &stats);
    hl_ui_text(stats.device);
    TEXT("%s (%s)", hl_raster_path_name(stats.path), stats.reason);
    TEXT("%.1f ms a picture of %d x %d", stats.draw_ms, v->width, v->height);
    if (stats.splat_bytes && stats.splats)
        TEXT("%.0f bytes a splat, %.1f MiB on the device", (double)stats.splat_bytes / stats.splats,
             (double)stats.splat_bytes / 1048576);
    for (int32_t i = 0; i < stats.pass_count; i++) {
        TEXT("%8.2f ms  %s", stats.passes[i].ms, stats.passes[i].name);
    }
}

static void help_panel(const hl_viewer *v)
{
    hl_ui_panel("Keys", 0.5f * (float)v->width - 190, 60, 380);
    hl_ui_text("left drag      turn around the target\n"
               "right drag     slide\n"
               "wheel          nearer, farther\n"
               "W A S D Q E    fly\n"
               "F              all of the scene in the picture\n"
               "Space          next camera of the capture\n"
               "1 to 9         colour, lit, albedo, normal, ...\n"
               "shift + drag   turn the environment\n"
               "P              screenshot.png\n"
               "H              hide the panels\n"
               "?              these keys\n"
               "Esc            close\n"
               "drop a file    open it");
    hl_ui_panel_end();
}

void hl_viewer_panels(hl_viewer *viewer)
{
    if (viewer->panels) {
        hl_ui_panel("Heliograph", 10, 10, 300);
        scene_section(viewer);
        look_section(viewer);
        light_section(viewer);
        times_section(viewer);
        hl_ui_panel_end();
    }
    if (viewer->help)
        help_panel(viewer);
    if (viewer->message[0]) {
        hl_ui_panel("Message", 10, (float)viewer->height - 70, 300);
        hl_ui_text(viewer->message);
        if (hl_ui_button("OK"))
            viewer->message[0] = '\0';
        hl_ui_panel_end();
    }
}
