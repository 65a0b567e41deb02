/* SPDX-License-Identifier: MIT */
#include "cli/bench_pops.h"

#include "cli/bench_order.h"
#include "cli/command.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "viewer/pick.h"
#include "viewer/renderer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_RAD (0.1 * 3.14159265358979 / 180)
#define SEEN     2.0f /* of 255: a change that can be seen */
#define GAIN     20   /* of the difference that is saved   */

enum { RING = 4, PATHS = HL_RASTER_CPU + 1, PATH_BYTES = 4096, SIDE_MAX = 16384 };

/* Pictures of one way to draw, one after the other. */
typedef struct series {
    bool present;
    float *frame[RING]; /* (values) 0..255, the last ones: of frame k in k % RING */
    int32_t count;
    double change, jumps; /* sums over values and steps, each between two others */
    double values, seen;  /* how many there were, and with a jump above SEEN     */
    float largest;
    int32_t largest_at; /* picture that it leads to */
} series;

typedef struct bench_pops {
    const hl_bench_pops_options *o;
    hl_bench_scene scene;
    hl_raster_view view; /* the first */
    double depth;        /* of what it turns around */
    size_t values;       /* of a picture */
    series path[PATHS];
    series rounded;               /* by the centres, rounded to the 8 bits that paths give */
    series order[HL_ORDER_COUNT]; /* BEFORE: not a series; its sums are those of the reordering */
    double worst;                 /* sum over the values of a picture by reordering, and which */
    int32_t worst_at;
} bench_pops;

/* View `step`: turned around the point so far ahead of the first, about the first one's down. */
static hl_raster_view turned(const bench_pops *b, int32_t step)
{
    const double c = cos(STEP_RAD * step), s = sin(STEP_RAD * step);
    const float *r = b->view.r, *t = b->view.t;
    hl_raster_view v = b->view;
    for (int k = 0; k < 3; k++) {
        v.r[k] = (float)(c * (double)r[k] + s * (double)r[6 + k]);
        v.r[6 + k] = (float)(c * (double)r[6 + k] - s * (double)r[k]);
    }
    const double x = (double)t[0], z = (double)t[2] - b->depth;
    v.t[0] = (float)(c * x + s * z);
    v.t[2] = (float)(c * z - s * x + b->depth);
    return v;
}

static hl_status make_room(series *s, size_t values)
{
    for (int k = 0; k < RING; k++) {
        s->frame[k] = hl_alloc(values, sizeof *s->frame[k]);
        if (!s->frame[k])
            return HL_E_MEMORY;
    }
    return HL_OK;
}

static hl_status open_scene(bench_pops *b)
{
    hl_pick pick;
    HL_TRY(hl_bench_scene_make(&b->scene, &b->o->scene));
    b->view = b->scene.view[0];
    const long width = strtol(b->o->scene.size, NULL, 10); /* of a file's view: the scale alone */
    if (b->o->scene.input) {
        if (width < 1 || width > SIDE_MAX)
            return hl_fail(HL_E_ARG, "--size: expected WxH with sides of 1..%d, found \"%s\"",
                           (int)SIDE_MAX, b->o->scene.size);
        const float scale = (float)width / (float)b->view.width;
        b->view.width = (int32_t)width;
        b->view.height = (int32_t)fmaxf(1, (float)b->view.height * scale);
        b->view.fx *= scale;
        b->view.fy *= scale;
        b->view.cx *= scale;
        b->view.cy *= scale;
    }
    b->values = 3 * (size_t)b->view.width * (size_t)b->view.height;
    HL_TRY(hl_pick_at(&b->scene.splats, &b->view, b->scene.splats.antialiased, 0.5 * b->view.width,
                      0.5 * b->view.height, &pick));
    b->depth = pick.depth > 0 ? (double)pick.depth : 1;
    HL_TRY(make_room(&b->rounded, b->values));
    for (int i = 0; i < PATHS; i++)
        HL_TRY(make_room(&b->path[i], b->values));
    for (int i = 0; i < HL_ORDER_COUNT; i++)
        HL_TRY(make_room(&b->order[i], b->values));
    return HL_OK;
}

static void release(bench_pops *b)
{
    for (int k = 0; k < RING; k++) {
        hl_free(b->rounded.frame[k]);
        for (int i = 0; i < PATHS; i++)
            hl_free(b->path[i].frame[k]);
        for (int i = 0; i < HL_ORDER_COUNT; i++)
            hl_free(b->order[i].frame[k]);
    }
    hl_bench_scene_release(&b->scene);
}

static float middle(float a, float b, float c)
{
    return fmaxf(fminf(a, b), fminf(fmaxf(a, b), c));
}

static void note(series *s, float jump, int32_t picture)
{
    s->jumps += (double)jump;
    s->seen += jump > SEEN;
    if (jump > s->largest) {
        s->largest = jump;
        s->largest_at = picture;
    }
}

/* A picture is in its place of the ring: the step in the middle of four is judged. */
static void add(series *s, size_t values)
{
    const int32_t now = s->count++;
    s->present = true;
    if (now < RING - 1)
        return;
    const float *f0 = s->frame[(now - 3) % RING], *f1 = s->frame[(now - 2) % RING];
    const float *f2 = s->frame[(now - 1) % RING], *f3 = s->frame[now % RING];
    for (size_t i = 0; i < values; i++) {
        const float d = f2[i] - f1[i], m = middle(f1[i] - f0[i], d, f3[i] - f2[i]);
        s->change += (double)fabsf(d);
        note(s, fabsf(d - m), now - 1);
    }
    s->values += (double)values;
}

static void to_bytes(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = 255 * fminf(fmaxf(values[i], 0), 1);
}

/* ---- orders -------------------------------------------------------------------------------- */

static hl_status run_orders(bench_pops *b)
{
    series *centre = &b->order[HL_ORDER_CENTRE], *before = &b->order[HL_ORDER_BEFORE];
    for (int32_t k = 0; k < b->o->frames; k++) {
        const hl_raster_view view = turned(b, k), last = turned(b, k > 0 ? k - 1 : 0);
        float *out[HL_ORDER_COUNT];
        double sum = 0;
        for (int i = 0; i < HL_ORDER_COUNT; i++)
            out[i] = b->order[i].frame[k % RING];
        HL_TRY(hl_order_draw(&b->scene.splats, &view, &last, out));
        for (int i = 0; i < HL_ORDER_COUNT; i++)
            to_bytes(out[i], b->values);
        for (size_t i = 0; i < b->values; i++)
            b->rounded.frame[k % RING][i] = floorf(out[HL_ORDER_CENTRE][i] + 0.5f);
        add(centre, b->values);
        add(&b->rounded, b->values);
        add(&b->order[HL_ORDER_PIXEL], b->values);
        for (size_t i = 0; i < b->values && k > 1 && k + 1 < b->o->frames; i++) {
            const float jump = fabsf(out[HL_ORDER_CENTRE][i] - out[HL_ORDER_BEFORE][i]);
            note(before, jump, k);
            sum += (double)jump;
        }
        if (sum > b->worst) {
            b->worst = sum;
            b->worst_at = k;
        }
    }
    before->change = centre->change; /* of the same steps */
    before->values = centre->values;
    return HL_OK;
}

static hl_status save_bytes(const bench_pops *b, const char *name, const float *values)
{
    char path[PATH_BYTES];
    hl_image8 picture;
    HL_TRY(hl_path_join(path, sizeof path, b->o->save, name));
    HL_TRY(hl_image8_create(&picture, b->view.width, b->view.height, 3));
    for (size_t i = 0; i < b->values; i++)
        picture.data[i] = (uint8_t)(fminf(values[i], 255) + 0.5f);
    const hl_status s = hl_image8_save(&picture, path);
    hl_image8_release(&picture);
    return s;
}

/* The view that reordering changes most, in both orders, and the difference. */
static hl_status save(bench_pops *b)
{
    const hl_raster_view view = turned(b, b->worst_at);
    const hl_raster_view last = turned(b, b->worst_at > 0 ? b->worst_at - 1 : 0);
    float *out[HL_ORDER_COUNT];
    for (int i = 0; i < HL_ORDER_COUNT; i++)
        out[i] = b->order[i].frame[0];
    HL_TRY(hl_file_make_folder(b->o->save));
    HL_TRY(hl_order_draw(&b->scene.splats, &view, &last, out));
    for (int i = 0; i < HL_ORDER_COUNT; i++)
        to_bytes(out[i], b->values);
    HL_TRY(save_bytes(b, "own_order.png", out[HL_ORDER_CENTRE]));
    HL_TRY(save_bytes(b, "order_before.png", out[HL_ORDER_BEFORE]));
    HL_TRY(save_bytes(b, "order_by_pixel.png", out[HL_ORDER_PIXEL]));
    for (size_t i = 0; i < b->values; i++)
        out[0][i] = GAIN * fabsf(out[HL_ORDER_CENTRE][i] - out[HL_ORDER_BEFORE][i]);
    return save_bytes(b, "difference_x20.png", out[0]);
}

/* ---- paths --------------------------------------------------------------------------------- */

static hl_status run_frames(bench_pops *b, hl_renderer *r, series *s)
{
    hl_look look = HL_LOOK_DEFAULTS;
    look.antialiased = b->scene.splats.antialiased;
    for (int32_t k = 0; k < b->o->frames; k++) {
        const hl_raster_view view = turned(b, k);
        float *to = s->frame[k % RING];
        hl_image8 picture;
        HL_TRY(hl_renderer_draw(r, &view, &look));
        HL_TRY(hl_renderer_read(r, &picture));
        for (size_t i = 0; i < b->values; i++)
            to[i] = picture.data[i];
        hl_image8_release(&picture);
        add(s, b->values);
    }
    return HL_OK;
}

static hl_status run_path(bench_pops *b, hl_raster_path path)
{
    hl_renderer *r = NULL;
    HL_TRY(hl_renderer_create(&r, &(hl_renderer_params){.path = path}));
    hl_status s = hl_renderer_set_splats(r, &b->scene.splats);
    s = s == HL_OK ? run_frames(b, r, &b->path[path]) : s;
    hl_renderer_destroy(&r);
    return s;
}

/* ---- report -------------------------------------------------------------------------------- */

static double percent(const series *s)
{
    return s->change > 0 ? 100 * s->jumps / s->change : 0;
}

static void add_series(hl_json *root, const char *name, const series *s)
{
    hl_json *node = hl_json_add_object(root, name);
    hl_json_add_number(node, "change", s->values > 0 ? s->change / s->values : 0);
    hl_json_add_number(node, "percent", percent(s));
    hl_json_add_number(node, "seen_per_million", s->values > 0 ? 1e6 * s->seen / s->values : 0);
    hl_json_add_number(node, "largest", (double)s->largest);
    hl_json_add_number(node, "largest_at", s->largest_at);
}

static hl_status print_json(const bench_pops *b)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.bench.pops/1");
    hl_json_add_number(root, "splats", b->scene.splats.count);
    hl_json_add_number(root, "width", b->view.width);
    hl_json_add_number(root, "height", b->view.height);
    hl_json_add_number(root, "frames", b->o->frames);
    hl_json_add_number(root, "step_rad", STEP_RAD);
    add_series(root, "reordered", &b->order[HL_ORDER_BEFORE]);
    add_series(root, "by_centre", &b->order[HL_ORDER_CENTRE]);
    add_series(root, "by_pixel", &b->order[HL_ORDER_PIXEL]);
    add_series(root, "rounded", &b->rounded);
    hl_json_add_number(root, "worst_at", b->worst_at);
    hl_json *paths = hl_json_add_object(root, "paths");
    for (int i = HL_RASTER_QUADS; i < PATHS; i++)
        if (b->path[i].present)
            add_series(paths, hl_raster_path_name((hl_raster_path)i), &b->path[i]);
    return hl_command_print_json(&root);
}

static void print_series(const char *name, const char *what, const series *s)
{
    printf("%-10s %6.3f %% %s, %.1f values in a million above %g/255, the largest %.1f/255 at "
           "picture %d\n",
           name, percent(s), what, s->values > 0 ? 1e6 * s->seen / s->values : 0, (double)SEEN,
           (double)s->largest, s->largest_at);
}

static void print_text(const bench_pops *b)
{
    const series *centre = &b->order[HL_ORDER_CENTRE];
    printf("%d splats, %dx%d, %d pictures of a turn by %.1f degrees each; a step changes a value "
           "by %.3f/255\n",
           b->scene.splats.count, b->view.width, b->view.height, b->o->frames,
           STEP_RAD * 180 / 3.14159265358979,
           centre->values > 0 ? centre->change / centre->values : 0);
    print_series("order", "reordered", &b->order[HL_ORDER_BEFORE]);
    print_series("by centre", "jumps", centre);
    print_series("by pixel", "jumps", &b->order[HL_ORDER_PIXEL]);
    print_series("rounded", "jumps", &b->rounded);
    for (int i = HL_RASTER_QUADS; i < PATHS; i++)
        if (b->path[i].present)
            print_series(hl_raster_path_name((hl_raster_path)i), "jumps", &b->path[i]);
}

static hl_status run_paths(bench_pops *b, bool *absent)
{
    for (int path = HL_RASTER_QUADS; path < PATHS; path++) {
        const bool named = b->o->path == path;
        if (!named && b->o->path != HL_RASTER_AUTO)
            continue;
        const hl_status s = run_path(b, (hl_raster_path)path);
        *absent = s == HL_E_BACKEND && named;
        if (s != HL_E_BACKEND || named)
            HL_TRY(s);
        else
            hl_log(HL_LOG_WARN, "%s", hl_last_error());
    }
    return HL_OK;
}

hl_status hl_bench_pops(const hl_bench_pops_options *options, bool *absent)
{
    bench_pops b = {.o = options};
    *absent = false;
    hl_status s = options->frames < RING ? hl_fail(HL_E_ARG, "--frames %d: pops need %d and more",
                                                   options->frames, (int)RING)
                                         : open_scene(&b);
    s = s == HL_OK ? run_orders(&b) : s;
    s = s == HL_OK ? run_paths(&b, absent) : s;
    s = s == HL_OK && options->save ? save(&b) : s;
    if (s == HL_OK)
        s = options->json ? print_json(&b) : HL_OK;
    if (s == HL_OK && !options->json)
        print_text(&b);
    release(&b);
    return s;
}
