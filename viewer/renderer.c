/* SPDX-License-Identifier: MIT */
#include "viewer/renderer.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/timer.h"
#include "viewer/renderer_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SUBMITS_MAX = 3 };

#define PROBE_SECONDS 0.05 /* a path is timed for about this long */

const char *hl_raster_path_name(hl_raster_path path)
{
    switch (path) {
    case HL_RASTER_QUADS:
        return "quads";
    case HL_RASTER_TILES:
        return "tiles";
    case HL_RASTER_CPU:
        return "cpu";
    default:
        return "auto";
    }
}

const char *hl_show_name(hl_show show)
{
    static const char *const names[HL_SHOW_COUNT] = {"color",     "lit",    "albedo",  "normal",
                                                     "roughness", "metal",  "depth",   "alpha",
                                                     "light",     "direct", "indirect"};
    return show < HL_SHOW_COUNT ? names[show] : "?";
}

bool hl_show_is_lit(hl_show show)
{
    return show == HL_SHOW_LIT || show >= HL_SHOW_LIGHT;
}

static void set_reason(hl_renderer *r, hl_raster_path path, const char *why)
{
    r->path = path;
    snprintf(r->reason, sizeof r->reason, "%s", why);
}

static void close_device(hl_renderer *r)
{
    hl_gpu_frame_release(&r->frame);
    hl_vk_destroy(&r->vk);
    r->on_device = false;
}

static hl_status open_device(hl_renderer *r, const hl_vk_params *params)
{
    HL_TRY(hl_vk_create(&r->vk, params));
    const hl_status s = hl_gpu_frame_create(&r->frame, r->vk);
    if (s != HL_OK)
        close_device(r);
    return s;
}

hl_status hl_renderer_create_on(hl_renderer **out, const hl_renderer_params *params,
                                const hl_vk_params *vk_params)
{
    hl_renderer *r = hl_alloc(1, sizeof *r);
    if (!r)
        return HL_E_MEMORY;
    r->params = *params;
    set_reason(r, params->path, "asked for by name");
    hl_status s = hl_tier_cpu_create(&r->cpu);
    if (s == HL_OK && (params->path != HL_RASTER_CPU || vk_params->extension_count)) {
        s = open_device(r, vk_params);
        if (s != HL_OK && params->path == HL_RASTER_AUTO && !params->validate) {
            hl_log(HL_LOG_INFO, "%s: drawing on the processor", hl_last_error());
            set_reason(r, HL_RASTER_CPU, hl_last_error());
            s = HL_OK;
        }
    }
    if (s != HL_OK) {
        hl_renderer_destroy(&r);
        return s;
    }
    *out = r;
    return HL_OK;
}

hl_status hl_renderer_create(hl_renderer **out, const hl_renderer_params *params)
{
    return hl_renderer_create_on(
        out, params, &(hl_vk_params){.validate = params->validate, .device = params->device});
}

void hl_renderer_destroy(hl_renderer **renderer)
{
    hl_renderer *r = *renderer;
    *renderer = NULL;
    if (!r)
        return;
    close_device(r);
    hl_tier_cpu_release(&r->cpu);
    hl_environment_release(&r->environment);
    hl_bake_destroy(&r->bake);
    hl_bake_result_release(&r->baked);
    hl_free(r);
}

static hl_status place(hl_renderer *r)
{
    if (r->on_device || !r->splats)
        return HL_OK;
    const bool own = r->materials && r->material_count == r->splats->count;
    HL_TRY(hl_gpu_frame_set_splats(&r->frame, r->splats, own ? r->materials : NULL));
    r->on_device = true;
    r->baked_old = true;
    return HL_OK;
}

hl_status hl_renderer_set_splats(hl_renderer *renderer, const hl_splats *splats)
{
    hl_renderer *r = renderer;
    r->surfaces_old |= !r->splats || r->splats->mean != r->splat_mean ||
                       splats->count != r->splat_count || splats->mean != r->splat_mean;
    r->splats = splats;
    r->splat_mean = splats->mean;
    r->splat_count = splats->count;
    r->on_device = false;
    hl_tier_cpu_set_splats(&r->cpu, splats);
    if (!r->vk || r->path == HL_RASTER_CPU)
        return HL_OK;
    const hl_status s = place(r);
    if (s == HL_OK || r->path != HL_RASTER_AUTO)
        return s;
    hl_log(HL_LOG_WARN, "%s: drawing on the processor", hl_last_error());
    set_reason(r, HL_RASTER_CPU, hl_last_error());
    return HL_OK;
}

bool hl_renderer_alone(const hl_renderer *r)
{
    return r->params.path == HL_RASTER_CPU ||
           (r->params.path == HL_RASTER_AUTO && (!r->vk || r->vk->lost));
}

hl_status hl_renderer_need_device(hl_renderer *r)
{
    if (r->vk)
        return HL_OK;
    const hl_status s =
        open_device(r, &(hl_vk_params){.validate = r->params.validate, .device = r->params.device});
    return s == HL_OK ? s : hl_fail_context(s, "this needs Vulkan");
}

static void keep_times(hl_renderer *r)
{
    r->pass_count = r->vk->timer_count;
    for (int32_t i = 0; i < r->pass_count; i++)
        r->passes[i] = (hl_pass_time){r->vk->timer_name[i], r->vk->timer_ms[i]};
}

/* Records and submits, once more where the tiles had too little room. */
static hl_status submit(hl_renderer *r, bool lit)
{
    hl_gpu_frame *f = &r->frame;
    bool again = true;
    if (f->by_tiles)
        HL_TRY(hl_pass_tiles_prepare(f));
    for (int round = 0; again && round < SUBMITS_MAX; round++) {
        again = false;
        HL_TRY(hl_vk_begin(r->vk));
        HL_TRY(lit ? hl_gpu_frame_record_lit(f) : hl_gpu_frame_record(f));
        HL_TRY(hl_vk_submit(r->vk, VK_NULL_HANDLE, VK_NULL_HANDLE));
        if (f->by_tiles)
            HL_TRY(hl_pass_tiles_settle(f, &again));
    }
    return HL_OK;
}

static hl_status draw_on_device(hl_renderer *r, const hl_raster_view *view, const hl_look *look,
                                bool by_tiles)
{
    const bool lit = look->show != HL_SHOW_COLOR;
    hl_look limited = *look;
    HL_TRY(hl_renderer_need_device(r));
    HL_TRY(place(r));
    HL_TRY(hl_gpu_frame_resize(&r->frame, (uint32_t)view->width, (uint32_t)view->height));
    if (lit)
        HL_TRY(hl_gpu_frame_make_lit(&r->frame));
    if (limited.sh_degree > r->frame.splats.degree)
        limited.sh_degree = r->frame.splats.degree;
    hl_gpu_view_fill(r->frame.view.mapped, view, &limited);
    r->frame.roughness = look->roughness;
    r->frame.metal = look->metal;
    if (lit)
        HL_TRY(hl_renderer_fill_light(r, look));
    r->frame.by_tiles = by_tiles;
    HL_TRY(submit(r, lit));
    keep_times(r);
    r->drawn_on_device = true;
    return HL_OK;
}

static hl_status draw_on_cpu(hl_renderer *r, const hl_raster_view *view, const hl_look *look)
{
    r->spans = (hl_spans){.count = 0};
    hl_raster_profile(r->cpu.raster, &r->spans);
    HL_TRY(hl_renderer_bake_on_cpu(r, look));
    HL_TRY(hl_tier_cpu_draw(&r->cpu, view, look));
    r->pass_count = r->spans.count < HL_VK_TIMERS_MAX ? r->spans.count : HL_VK_TIMERS_MAX;
    for (int32_t i = 0; i < r->pass_count; i++)
        r->passes[i] = (hl_pass_time){r->spans.name[i], 1000 * r->spans.seconds[i]};
    r->drawn_on_device = false;
    return HL_OK;
}

/* Mean milliseconds of one path on this view; the first picture is not counted. */
static hl_status time_path(hl_renderer *r, hl_raster_path path, const hl_raster_view *view,
                           const hl_look *look, double *ms)
{
    double start = 0, elapsed = 0;
    int rounds = -1;
    while (rounds < 1 || elapsed < PROBE_SECONDS) {
        HL_TRY(path == HL_RASTER_CPU ? draw_on_cpu(r, view, look)
                                     : draw_on_device(r, view, look, path == HL_RASTER_TILES));
        if (++rounds == 0)
            start = hl_wall_seconds();
        elapsed = hl_wall_seconds() - start;
    }
    *ms = 1000 * elapsed / rounds;
    return HL_OK;
}

static hl_status probe(hl_renderer *r, const hl_raster_view *view, const hl_look *look)
{
    double quads = 0, tiles = HUGE_VAL, cpu = 0;
    char why[sizeof r->reason];
    hl_status s = time_path(r, HL_RASTER_QUADS, view, look, &quads);
    if (s != HL_OK) {
        set_reason(r, HL_RASTER_CPU, hl_last_error());
        return s == HL_E_BACKEND ? HL_OK : s;
    }
    HL_TRY(time_path(r, HL_RASTER_CPU, view, look, &cpu));
    if (!r->vk->software) { /* there tiles were slower than quads in every measurement */
        s = time_path(r, HL_RASTER_TILES, view, look, &tiles);
        if (s == HL_E_BACKEND && !r->vk->lost)
            hl_log(HL_LOG_INFO, "%s: no tiles, splats as quads", hl_last_error());
        else
            HL_TRY(s);
    }
    r->tiles_win = tiles < quads;
    const double device = r->tiles_win ? tiles : quads;
    if (tiles < HUGE_VAL)
        snprintf(why, sizeof why, "probe: quads %.1f ms, tiles %.1f ms, cpu %.1f ms", quads, tiles,
                 cpu);
    else
        snprintf(why, sizeof why, "probe: quads %.1f ms, cpu %.1f ms", quads, cpu);
    set_reason(
        r, device >= cpu ? HL_RASTER_CPU : (r->tiles_win ? HL_RASTER_TILES : HL_RASTER_QUADS), why);
    return HL_OK;
}

/* What the processor draws where it is the path: all of it by name or without a device, else the
 * colour, and channels without a mesh. */
static bool cpu_draws(const hl_renderer *r, hl_show show)
{
    if (r->path != HL_RASTER_CPU)
        return false;
    return hl_renderer_alone(r) || show == HL_SHOW_COLOR || (!hl_show_is_lit(show) && !r->mesh);
}

/* On the device, by tiles if that is the path or was the faster of the two; where tiles fail for
 * want of room, by quads from then on. */
static hl_status draw_by_path(hl_renderer *r, const hl_raster_view *view, const hl_look *look)
{
    const bool tiles = r->path == HL_RASTER_TILES || r->tiles_win;
    hl_status s = draw_on_device(r, view, look, tiles);
    if (s == HL_E_BACKEND && tiles && r->vk && !r->vk->lost && r->params.path != HL_RASTER_TILES) {
        hl_log(HL_LOG_WARN, "%s: splats as quads", hl_last_error());
        r->tiles_win = false;
        if (r->path == HL_RASTER_TILES)
            set_reason(r, HL_RASTER_QUADS, hl_last_error());
        s = draw_on_device(r, view, look, false);
    }
    return s;
}

static hl_status check_look(const hl_raster_view *view, const hl_look *look)
{
    if (view->width < 1 || view->height < 1 || view->width > 16384 || view->height > 16384)
        return hl_fail(HL_E_ARG, "picture of %d x %d pixels: sides must be 1..16384", view->width,
                       view->height);
    if (!(look->exposure >= -20 && look->exposure <= 20))
        return hl_fail(HL_E_ARG, "exposure %g is not in -20..20 stops", (double)look->exposure);
    if (look->sh_degree < 0 || look->sh_degree > HL_SH_DEGREE_MAX)
        return hl_fail(HL_E_ARG, "SH degree %d is not in 0..3", look->sh_degree);
    if (look->light_count < 0 || look->light_count > HL_LOOK_LIGHTS)
        return hl_fail(HL_E_ARG, "%d lights are not 0..%d", look->light_count, HL_LOOK_LIGHTS);
    if (!(look->splat_scale >= 0.01f && look->splat_scale <= 10))
        return hl_fail(HL_E_ARG, "splat scale %g is not in 0.01..10", (double)look->splat_scale);
    return HL_OK;
}

hl_status hl_renderer_draw(hl_renderer *renderer, const hl_raster_view *view, const hl_look *look)
{
    hl_renderer *r = renderer;
    HL_TRY(check_look(view, look));
    if (r->path == HL_RASTER_AUTO && look->show == HL_SHOW_COLOR)
        HL_TRY(probe(r, view, look));
    const double start = hl_wall_seconds();
    hl_status s = HL_OK;
    if (!cpu_draws(r, look->show))
        s = draw_by_path(r, view, look);
    if (s == HL_E_BACKEND && r->params.path == HL_RASTER_AUTO &&
        (look->show == HL_SHOW_COLOR || hl_renderer_alone(r))) {
        hl_log(HL_LOG_WARN, "%s: drawing on the processor", hl_last_error());
        set_reason(r, HL_RASTER_CPU, hl_last_error());
        s = HL_OK;
    }
    if (s == HL_OK && cpu_draws(r, look->show))
        s = draw_on_cpu(r, view, look);
    r->draw_ms = 1000 * (hl_wall_seconds() - start);
    return s;
}

hl_status hl_renderer_read(hl_renderer *renderer, hl_image8 *out)
{
    return renderer->drawn_on_device ? hl_gpu_frame_read(&renderer->frame, out)
                                     : hl_tier_cpu_read(&renderer->cpu, out);
}

/* The first channels of four. */
static hl_status keep_channels(hl_image *rgba, int32_t channels, hl_image *out)
{
    const size_t pixels = (size_t)rgba->width * (size_t)rgba->height;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < (size_t)channels; c++)
            rgba->data[i * (size_t)channels + c] = rgba->data[4 * i + c];
    *out = *rgba;
    out->channels = channels;
    return HL_OK;
}

hl_status hl_renderer_numbers(hl_renderer *renderer, const hl_raster_view *view,
                              const hl_look *look, hl_image *out)
{
    hl_renderer *r = renderer;
    const hl_show show = look->show;
    const bool three = show == HL_SHOW_ALBEDO || show == HL_SHOW_NORMAL;
    const bool four = show == HL_SHOW_COLOR || hl_show_is_lit(show);
    hl_image rgba;
    hl_status s = check_look(view, look);
    if (s == HL_OK && (show == HL_SHOW_COLOR || cpu_draws(r, show))) {
        s = draw_on_cpu(r, view, look);
        s = s == HL_OK ? hl_tier_cpu_numbers(&r->cpu, &rgba) : s;
    } else if (s == HL_OK) {
        r->numbers = true;
        s = draw_by_path(r, view, look);
        r->numbers = false;
        s = s == HL_OK ? hl_gpu_frame_read_numbers(&r->frame, &rgba) : s;
    }
    return s == HL_OK ? keep_channels(&rgba, four ? 4 : (three ? 3 : 1), out) : s;
}

hl_status hl_renderer_seen(hl_renderer *renderer, const hl_raster_view *view, const hl_look *look,
                           hl_seen *out)
{
    hl_renderer *r = renderer;
    hl_look plain = *look;
    plain.show = HL_SHOW_COLOR;
    HL_TRY(check_look(view, &plain));
    const size_t pixels = (size_t)view->width * (size_t)view->height;
    struct hl_gpu_hit *hits = hl_alloc(pixels, sizeof *hits);
    if (!hits)
        return HL_E_MEMORY;
    r->frame.tiles.keep_hits = true;
    hl_status s = draw_on_device(r, view, &plain, true);
    r->frame.tiles.keep_hits = false;
    s = s == HL_OK ? hl_pass_tiles_read(&r->frame, hits) : s;
    for (size_t i = 0; s == HL_OK && i < pixels; i++)
        out[i] =
            (hl_seen){hits[i].splat == HL_NO_SPLAT ? -1 : (int32_t)hits[i].splat, hits[i].median};
    hl_free(hits);
    return s;
}

void hl_renderer_stats_read(const hl_renderer *renderer, hl_renderer_stats *out)
{
    const hl_renderer *r = renderer;
    *out = (hl_renderer_stats){.path = r->path,
                               .splats = r->splats ? r->splats->count : 0,
                               .draw_ms = r->draw_ms,
                               .pass_count = r->pass_count};
    snprintf(out->reason, sizeof out->reason, "%s", r->reason);
    if (r->path == HL_RASTER_CPU || !r->vk)
        snprintf(out->device, sizeof out->device, "processor, %s",
                 hl_raster_isa_name(r->cpu.raster));
    else
        snprintf(out->device, sizeof out->device, "%s", r->vk->properties.deviceName);
    if (r->vk) {
        out->splat_bytes = hl_gpu_splats_bytes(&r->frame.splats);
        out->tile_bytes = hl_pass_tiles_bytes(&r->frame);
        out->messages = r->vk->messages;
        memcpy(out->message, r->vk->message, sizeof out->message);
    }
    memcpy(out->passes, r->passes, (size_t)r->pass_count * sizeof r->passes[0]);
}

bool hl_renderer_describe_vulkan(char *out, size_t capacity)
{
    hl_vk *vk = NULL;
    if (hl_vk_create(&vk, &(hl_vk_params){.validate = false}) != HL_OK) {
        snprintf(out, capacity, "%s", hl_last_error());
        return false;
    }
    const uint32_t v = vk->properties.apiVersion;
    snprintf(
        out, capacity, "tier T1: %s, Vulkan %u.%u.%u, subgroups of %u, storage ranges to %u MiB%s",
        vk->properties.deviceName, VK_API_VERSION_MAJOR(v), VK_API_VERSION_MINOR(v),
        VK_API_VERSION_PATCH(v), (unsigned)vk->subgroup,
        (unsigned)(vk->properties.limits.maxStorageBufferRange >> 20),
        vk->software            ? "; software: the CPU path is faster"
        : vk->writes_any_format ? "; quads or tiles, by a probe at the start"
                                : "; quads, as shaderStorageImageWriteWithoutFormat is absent");
    hl_vk_destroy(&vk);
    return true;
}

void hl_renderer_lose_device(hl_renderer *renderer)
{
    if (renderer->vk)
        hl_vk_lose(renderer->vk);
}
