/* SPDX-License-Identifier: MIT */
/* The doors of this folder in a build without Vulkan: one sentence each. */
#include "viewer/renderer.h"
#include "viewer/viewer.h"

#include <stdio.h>

static hl_status none(void)
{
    return hl_fail(HL_E_BACKEND, "this build has no viewer; helio doctor says which packages it "
                                 "wants");
}

hl_status hl_renderer_create(hl_renderer **out, const hl_renderer_params *params)
{
    (void)out;
    (void)params;
    return none();
}

void hl_renderer_destroy(hl_renderer **renderer)
{
    *renderer = NULL;
}

hl_status hl_renderer_set_splats(hl_renderer *renderer, const hl_splats *splats)
{
    (void)renderer;
    (void)splats;
    return none();
}

hl_status hl_renderer_set_mesh(hl_renderer *renderer, const hl_mesh *mesh)
{
    (void)renderer;
    (void)mesh;
    return none();
}

hl_status hl_renderer_set_stand_in(hl_renderer *renderer, const hl_mesh *mesh)
{
    (void)renderer;
    (void)mesh;
    return none();
}

hl_status hl_renderer_set_environment(hl_renderer *renderer, const hl_environment *environment)
{
    (void)renderer;
    (void)environment;
    return none();
}

hl_status hl_pick_at(const hl_splats *splats, const hl_raster_view *view, bool antialiased,
                     double x, double y, hl_pick *out)
{
    (void)splats;
    (void)view;
    (void)antialiased;
    (void)x;
    (void)y;
    (void)out;
    return none();
}

const char *hl_show_name(hl_show show)
{
    return show == HL_SHOW_COLOR ? "color" : "?";
}

hl_status hl_renderer_draw(hl_renderer *renderer, const hl_raster_view *view, const hl_look *look)
{
    (void)renderer;
    (void)view;
    (void)look;
    return none();
}

hl_status hl_renderer_read(hl_renderer *renderer, hl_image8 *out)
{
    (void)renderer;
    (void)out;
    return none();
}

hl_status hl_renderer_numbers(hl_renderer *renderer, const hl_raster_view *view,
                              const hl_look *look, hl_image *out)
{
    (void)renderer;
    (void)view;
    (void)look;
    (void)out;
    return none();
}

void hl_renderer_set_materials(hl_renderer *renderer, const float *materials, int32_t count)
{
    (void)renderer;
    (void)materials;
    (void)count;
}

bool hl_renderer_has_news(hl_renderer *renderer)
{
    (void)renderer;
    return false;
}

void hl_renderer_settle(hl_renderer *renderer)
{
    (void)renderer;
}

bool hl_show_is_lit(hl_show show)
{
    return show == HL_SHOW_LIT || show >= HL_SHOW_LIGHT;
}

hl_status hl_renderer_seen(hl_renderer *renderer, const hl_raster_view *view, const hl_look *look,
                           hl_seen *out)
{
    (void)renderer;
    (void)view;
    (void)look;
    (void)out;
    return none();
}

void hl_renderer_stats_read(const hl_renderer *renderer, hl_renderer_stats *out)
{
    (void)renderer;
    *out = (hl_renderer_stats){.path = HL_RASTER_CPU};
}

const char *hl_raster_path_name(hl_raster_path path)
{
    static const char *const names[] = {"auto", "quads", "tiles", "cpu"};
    return path <= HL_RASTER_CPU ? names[path] : "?";
}

bool hl_renderer_describe_vulkan(char *out, size_t capacity)
{
    snprintf(out, capacity, "this build has no viewer");
    return false;
}

void hl_renderer_lose_device(hl_renderer *renderer)
{
    (void)renderer;
}

hl_status hl_viewer_run(const hl_viewer_params *params, hl_viewer_report *report)
{
    (void)params;
    (void)report;
    return none();
}

const char *hl_viewer_help(void)
{
    return "this build has no viewer";
}
