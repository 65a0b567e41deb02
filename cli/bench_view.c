/* SPDX-License-Identifier: MIT */
#include "cli/bench_view.h"

#include "cli/command.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/splat_io.h"
#include "core/splat_stats.h"
#include "viewer/renderer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POSES = 24, PASSES_MAX = 32, PATH_BYTES = 4096, PATHS = HL_RASTER_CPU + 1, WARM = 2 };

#define PSNR_LEAST     45.0
#define PSNR_LEAST_LIT 30.0 /* shadow maps of the two differ at edges */
#define DISTANCE       0.9  /* of the eye from the centre, diagonals of the scene's core */
#define HEIGHT         0.2  /* of the eye above it, of that distance                     */

/* What one path took: milliseconds. */
typedef struct run {
    bool present;
    hl_renderer_stats stats; /* of the last frame */
    double first;            /* from the scene in memory to the first picture in memory */
    int32_t frames, pass_count;
    double processor;         /* mean of a frame, all threads */
    double *frame;            /* (frames) */
    double *pass[PASSES_MAX]; /* (frames) each */
    const char *pass_name[PASSES_MAX];
} run;

typedef struct bench_view {
    const hl_bench_view_options *o;
    hl_bench_scene scene;
    hl_raster_view orbit[POSES];
    hl_image8 reference; /* first pose, by the processor */
    run run[PATHS];
} bench_view;

/* The eye circles around the core of the scene and looks at its centre; up is -y. */
static hl_status make_orbit(bench_view *b)
{
    hl_splat_stats stats = {.core_low = {0}};
    double centre[3], diagonal = 0;
    if (b->scene.splats.count)
        HL_TRY(hl_splats_measure(&stats, &b->scene.splats));
    for (int k = 0; k < 3; k++) {
        const double side = stats.core_high[k] - stats.core_low[k];
        centre[k] = 0.5 * (stats.core_high[k] + stats.core_low[k]);
        diagonal += side * side;
    }
    const double distance = DISTANCE * (diagonal > 0 ? sqrt(diagonal) : 1);
    for (int i = 0; i < POSES; i++) {
        hl_raster_view *v = &b->orbit[i];
        const double angle = 2 * 3.14159265358979 * i / POSES;
        double axis[3][3] = {{0}}, size = sqrt(1 + HEIGHT * HEIGHT);
        const double z[3] = {-sin(angle) / size, HEIGHT / size, cos(angle) / size};
        *v = b->scene.view[0];
        axis[0][0] = cos(angle); /* right: down x forward */
        axis[0][2] = sin(angle);
        memcpy(axis[2], z, sizeof z);
        for (int k = 0; k < 3; k++) /* down: forward x right */
            axis[1][k] =
                z[(k + 1) % 3] * axis[0][(k + 2) % 3] - z[(k + 2) % 3] * axis[0][(k + 1) % 3];
        for (int row = 0; row < 3; row++) {
            double t = 0;
            for (int k = 0; k < 3; k++) {
                v->r[3 * row + k] = (float)axis[row][k];
                t -= axis[row][k] * (centre[k] - distance * z[k]);
            }
            v->t[row] = (float)t;
        }
    }
    return HL_OK;
}

static hl_status open_scene(bench_view *b)
{
    const hl_bench_scene_options *o = &b->o->scene;
    hl_bench_scene_options random = *o;
    hl_splat_info info;
    random.input = NULL;
    random.splats = o->input ? 0 : o->splats;
    HL_TRY(hl_bench_scene_make(&b->scene, &random));
    if (o->input)
        HL_TRY(hl_splats_load(&b->scene.splats, &b->scene.arena, o->input, &info));
    return make_orbit(b);
}

/* scene.splat, and orbit.json with {width, height, fx, fy, poses: [{r (9), t (3)}]}, for another
 * program to be timed on. */
static hl_status save(const bench_view *b)
{
    char path[PATH_BYTES];
    const hl_raster_view *v = &b->orbit[0];
    HL_TRY(hl_file_make_folder(b->o->save));
    HL_TRY(hl_path_join(path, sizeof path, b->o->save, "scene.splat"));
    HL_TRY(hl_splats_save(&b->scene.splats, path, NULL));
    HL_TRY(hl_path_join(path, sizeof path, b->o->save, "orbit.json"));
    hl_json *root = hl_json_object();
    hl_json_add_number(root, "width", v->width);
    hl_json_add_number(root, "height", v->height);
    hl_json_add_number(root, "fx", (double)v->fx);
    hl_json_add_number(root, "fy", (double)v->fy);
    hl_json *poses = hl_json_add_array(root, "poses");
    for (int i = 0; i < POSES; i++) {
        hl_json *pose = hl_json_add_object(poses, NULL), *r = hl_json_add_array(pose, "r");
        for (int k = 0; k < 9; k++)
            hl_json_add_number(r, NULL, (double)b->orbit[i].r[k]);
        hl_json *t = hl_json_add_array(pose, "t");
        for (int k = 0; k < 3; k++)
            hl_json_add_number(t, NULL, (double)b->orbit[i].t[k]);
    }
    const hl_status s = hl_json_save(root, path);
    hl_json_destroy(&root);
    return s;
}

static double psnr(const hl_image8 *a, const hl_image8 *b)
{
    const size_t n = (size_t)a->width * (size_t)a->height * 3;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)(a->data[i] - b->data[i]) / 255;
        sum += d * d;
    }
    return sum > 0 ? -10 * log10(sum / (double)n) : 99;
}

static hl_status compare(bench_view *b, hl_raster_path path, hl_image8 *picture)
{
    if (path == HL_RASTER_CPU) {
        b->reference = *picture;
        return HL_OK;
    }
    const double db = psnr(picture, &b->reference);
    hl_image8_release(picture);
    return db >= (b->o->lit ? PSNR_LEAST_LIT : PSNR_LEAST)
               ? HL_OK
               : hl_fail(HL_E_BACKEND, "%s: %.1f dB from the processor's picture; not timed",
                         hl_raster_path_name(path), db);
}

static hl_look look_of(const bench_view *b)
{
    hl_look look = HL_LOOK_DEFAULTS;
    if (!b->o->lit)
        return look;
    look.show = HL_SHOW_LIT;
    look.light_count = 1;
    look.lights[0] =
        (hl_light){.kind = HL_LIGHT_SUN, .at = {0.48f, -0.8f, -0.36f}, .color = {3, 3, 3}};
    return look;
}

static void keep_passes(run *t, int32_t frame)
{
    for (int32_t k = 0; k < t->stats.pass_count; k++) {
        int32_t at = 0;
        while (at < t->pass_count && strcmp(t->pass_name[at], t->stats.passes[k].name) != 0)
            at++;
        if (at == PASSES_MAX || !t->pass[at])
            continue;
        t->pass_name[at] = t->stats.passes[k].name;
        t->pass_count += at == t->pass_count;
        t->pass[at][frame] += t->stats.passes[k].ms;
    }
}

static hl_status make_room(run *t, int32_t frames)
{
    t->frame = hl_alloc((size_t)frames, sizeof *t->frame);
    bool ok = t->frame != NULL;
    for (int k = 0; k < PASSES_MAX && ok; k++) {
        t->pass[k] = hl_alloc((size_t)frames, sizeof *t->pass[k]);
        ok = t->pass[k] != NULL;
    }
    return ok ? HL_OK : HL_E_MEMORY;
}

static hl_status time_frames(bench_view *b, hl_renderer *r, run *t)
{
    const hl_look look = look_of(b);
    HL_TRY(make_room(t, b->o->frames));
    for (int i = 0; i < WARM; i++)
        HL_TRY(hl_renderer_draw(r, &b->orbit[i % POSES], &look));
    const double start = hl_wall_seconds(), start_cpu = hl_cpu_seconds();
    while (t->frames < b->o->frames && (!t->frames || hl_wall_seconds() - start < b->o->seconds)) {
        HL_TRY(hl_renderer_draw(r, &b->orbit[t->frames % POSES], &look));
        hl_renderer_stats_read(r, &t->stats);
        t->frame[t->frames] = t->stats.draw_ms;
        keep_passes(t, t->frames++);
    }
    t->processor = 1000 * (hl_cpu_seconds() - start_cpu) / t->frames;
    t->present = true;
    return HL_OK;
}

static hl_status run_path(bench_view *b, hl_raster_path path)
{
    run *t = &b->run[path];
    const hl_look look = look_of(b);
    hl_renderer *r = NULL;
    hl_image8 picture;
    const double start = hl_wall_seconds();
    HL_TRY(hl_renderer_create(&r, &(hl_renderer_params){.path = path}));
    hl_status s = hl_renderer_set_splats(r, &b->scene.splats);
    s = s == HL_OK ? hl_renderer_draw(r, &b->orbit[0], &look) : s;
    s = s == HL_OK ? hl_renderer_read(r, &picture) : s;
    t->first = 1000 * (hl_wall_seconds() - start);
    s = s == HL_OK ? compare(b, path, &picture) : s;
    if (s == HL_OK && (b->o->path == HL_RASTER_AUTO || b->o->path == (int32_t)path))
        s = time_frames(b, r, t);
    hl_renderer_destroy(&r);
    return s;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts. */
static double quantile(double *values, int32_t count, double p)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[(int32_t)floor(p * (count - 1) + 0.5)];
}

static void add_times(hl_json *node, const char *key, double *values, int32_t count)
{
    hl_json *times = hl_json_add_object(node, key);
    hl_json_add_number(times, "p50", quantile(values, count, 0.5));
    hl_json_add_number(times, "p95", quantile(values, count, 0.95));
}

static hl_status print_json(bench_view *b)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.bench.view/1");
    hl_json_add_number(root, "splats", b->scene.splats.count);
    hl_json_add_number(root, "sh_degree", b->scene.splats.sh_degree);
    hl_json_add_number(root, "width", b->orbit[0].width);
    hl_json_add_number(root, "height", b->orbit[0].height);
    hl_json_add_number(root, "threads", hl_parallel_threads());
    hl_json *paths = hl_json_add_object(root, "paths");
    for (int path = HL_RASTER_QUADS; path < PATHS; path++) {
        run *t = &b->run[path];
        if (!t->present)
            continue;
        hl_json *node = hl_json_add_object(paths, hl_raster_path_name((hl_raster_path)path));
        hl_json_add_text(node, "device", t->stats.device);
        hl_json_add_number(node, "frames", t->frames);
        hl_json_add_number(node, "first_frame_ms", t->first);
        add_times(node, "frame_ms", t->frame, t->frames);
        hl_json_add_number(node, "processor_ms", t->processor);
        hl_json_add_number(node, "fps", 1000 / quantile(t->frame, t->frames, 0.5));
        const double count = b->scene.splats.count ? b->scene.splats.count : 1;
        hl_json_add_number(node, "bytes_per_splat", (double)t->stats.splat_bytes / count);
        hl_json_add_number(node, "tile_bytes", (double)t->stats.tile_bytes);
        hl_json *passes = hl_json_add_object(node, "passes_ms");
        for (int32_t k = 0; k < t->pass_count; k++)
            add_times(passes, t->pass_name[k], t->pass[k], t->frames);
    }
    return hl_command_print_json(&root);
}

static void print_text(bench_view *b)
{
    printf("%d splats, %dx%d, an orbit of %d poses, %d threads\n", b->scene.splats.count,
           b->orbit[0].width, b->orbit[0].height, (int)POSES, hl_parallel_threads());
    for (int path = HL_RASTER_QUADS; path < PATHS; path++) {
        run *t = &b->run[path];
        if (!t->present)
            continue;
        const double p50 = quantile(t->frame, t->frames, 0.5);
        printf(
            "%-5s %.2f ms (p95 %.2f, processor %.2f), %.1f fps, %d frames, the first after %.0f ms",
            hl_raster_path_name((hl_raster_path)path), p50, quantile(t->frame, t->frames, 0.95),
            t->processor, 1000 / p50, t->frames, t->first);
        if (t->stats.splat_bytes && b->scene.splats.count)
            printf(", %.0f bytes a splat", (double)t->stats.splat_bytes / b->scene.splats.count);
        printf("; %s\n", t->stats.device);
        for (int32_t k = 0; k < t->pass_count; k++)
            printf("%s%s %.2f%s", k ? ", " : "      ", t->pass_name[k],
                   quantile(t->pass[k], t->frames, 0.5), k + 1 < t->pass_count ? "" : " ms\n");
    }
}

static void release(bench_view *b)
{
    for (int path = 0; path < PATHS; path++) {
        hl_free(b->run[path].frame);
        for (int k = 0; k < PASSES_MAX; k++)
            hl_free(b->run[path].pass[k]);
    }
    hl_image8_release(&b->reference);
    hl_bench_scene_release(&b->scene);
}

hl_status hl_bench_view(const hl_bench_view_options *options, bool *absent)
{
    static const hl_raster_path order[] = {HL_RASTER_CPU, HL_RASTER_QUADS, HL_RASTER_TILES};
    bench_view b = {.o = options};
    *absent = false;
    hl_status s = open_scene(&b);
    s = s == HL_OK && options->save ? save(&b) : s;
    for (size_t i = 0; i < sizeof order / sizeof order[0] && s == HL_OK; i++) {
        const bool named = options->path == (int32_t)order[i];
        if (!named && options->path != HL_RASTER_AUTO && order[i] != HL_RASTER_CPU)
            continue;
        s = run_path(&b, order[i]);
        *absent = s == HL_E_BACKEND && named;
        if (s == HL_E_BACKEND && !named) {
            hl_log(HL_LOG_WARN, "%s", hl_last_error());
            s = HL_OK;
        }
    }
    if (s == HL_OK)
        s = options->json ? print_json(&b) : HL_OK;
    if (s == HL_OK && !options->json)
        print_text(&b);
    release(&b);
    return s;
}
