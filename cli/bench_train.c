/* SPDX-License-Identifier: MIT */
#include "cli/bench_train.h"

#include "cli/command.h"
#include "core/build_info.h"
#include "core/image.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "raster/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WARM_STEPS = 8, PATH_BYTES = 4096 };

/* A GPU's first steps against the CPU's: relative difference of the mean loss. */
#define LOSS_TOLERANCE 1e-3

typedef struct bench_train {
    const hl_bench_train_options *o;
    hl_bench_scene scene;
    hl_splats start;
    hl_image8 photo[HL_BENCH_VIEWS];
    const char *names[HL_BENCH_VIEWS];
    int32_t index[HL_BENCH_VIEWS];
    hl_train_scene train;
    int32_t visible;
    int64_t instances, pairs;
    double copy_rate; /* bytes per second */
    double loss;      /* mean of the warm-up */
} bench_train;

/* Of one way to train. */
typedef struct train_timing {
    double step_s;
    hl_spans spans; /* seconds of a step */
    size_t bytes;
} train_timing;

static hl_status acquire(void *ctx, int32_t index, hl_train_photo *photo)
{
    const hl_image8 *image = &((const bench_train *)ctx)->photo[index];
    *photo = (hl_train_photo){
        .target = {
            .width = image->width, .height = image->height, .channels = 3, .pixels = image->data}};
    return HL_OK;
}

static void release(void *ctx, hl_train_photo *photo)
{
    (void)ctx;
    (void)photo;
}

static hl_status take_photo(bench_train *b, hl_raster *r, int32_t k)
{
    const hl_raster_options options = {.sh_degree = HL_SH_DEGREE_MAX};
    const hl_raster_view *v = &b->scene.view[k];
    hl_raster_frame f;
    HL_TRY(hl_raster_forward(r, &b->scene.splats, v, &options, &f));
    HL_TRY(hl_image8_create(&b->photo[k], v->width, v->height, 3));
    uint8_t *p = b->photo[k].data;
    for (int32_t y = 0; y < v->height; y++)
        for (int32_t x = 0; x < v->width; x++)
            for (int c = 0; c < 3; c++)
                *p++ = (uint8_t)lrintf(
                    255 * fminf(fmaxf(f.plane[c][(size_t)y * (size_t)f.stride + (size_t)x], 0), 1));
    if (k > 0)
        return HL_OK;
    b->visible = f.visible;
    b->instances = f.instances;
    b->pairs = hl_raster_count_pairs(r);
    return HL_OK;
}

static hl_status take_photos(bench_train *b)
{
    hl_raster *r = NULL;
    HL_TRY(hl_raster_create(&r, b->o->backend, b->o->isa));
    hl_status s = HL_OK;
    for (int32_t k = 0; k < b->scene.view_count && s == HL_OK; k++)
        s = take_photo(b, r, k);
    if (s == HL_OK)
        s = hl_raster_copy_rate(r, &b->copy_rate);
    hl_raster_destroy(&r);
    return s;
}

static hl_status save_files(const bench_train *b)
{
    HL_TRY(hl_bench_scene_save(&b->scene, b->o->save));
    for (int32_t k = 0; k < b->scene.view_count; k++) {
        char path[PATH_BYTES];
        const int n = snprintf(path, sizeof path, "%s/photo_%d.png", b->o->save, k);
        if (n < 0 || (size_t)n >= sizeof path)
            return hl_fail(HL_E_ARG, "%s: the name is too long", b->o->save);
        HL_TRY(hl_image8_save(&b->photo[k], path));
    }
    return HL_OK;
}

static hl_status make_train(bench_train *b)
{
    const hl_splats *from = &b->scene.splats;
    HL_TRY(hl_splats_init(&b->start, &b->scene.arena, from->count > 0 ? from->count : 1));
    for (int32_t i = 0; i < from->count; i++)
        hl_splats_copy_row(&b->start, i, from, i);
    b->start.count = from->count;
    for (size_t k = 0; k < (size_t)from->count * HL_SPLAT_DIM_sh; k++)
        b->start.sh[k] *= 0.5f;
    for (int32_t k = 0; k < b->scene.view_count; k++) {
        b->names[k] = "photo";
        b->index[k] = k;
    }
    b->train = (hl_train_scene){.view_count = b->scene.view_count,
                                .views = b->scene.view,
                                .names = b->names,
                                .train_count = b->scene.view_count,
                                .train = b->index,
                                .init_splats = &b->start,
                                .photos = {.ctx = b, .acquire = acquire, .release = release}};
    return HL_OK;
}

static hl_status keep_loss(void *ctx, const hl_train_record *record)
{
    *(double *)ctx = record->loss;
    return HL_OK;
}

/* A trainer behind its first steps. */
static hl_status warm_up(const bench_train *b, hl_trainer **t, const char *backend,
                         bool deterministic, int32_t steps, double *loss)
{
    hl_train_config c;
    hl_train_config_init(&c);
    c.seed = (int64_t)b->o->scene.seed;
    c.iterations = WARM_STEPS + 1 + 2 * b->o->steps;
    c.cap = b->start.count > 0 ? b->start.count : 1;
    c.densify = HL_DENSITY_NONE;
    c.full_from = 0;
    c.sh_every = 1;
    const hl_train_events events = {.ctx = loss, .record = keep_loss, .record_every = steps};
    HL_TRY(hl_trainer_create(t, &c, &b->train, backend, b->o->isa));
    hl_trainer_deterministic(*t, deterministic);
    return hl_trainer_run(*t, steps, &events);
}

/* The losses of the first steps must be the CPU's. */
static hl_status check_loss(bench_train *b, const char *name)
{
    hl_trainer *t = NULL;
    double want = 0;
    const hl_status s = warm_up(b, &t, "cpu", false, WARM_STEPS, &want);
    hl_trainer_destroy(&t);
    HL_TRY(s);
    if (fabs(b->loss - want) <= LOSS_TOLERANCE * want)
        return HL_OK;
    return hl_fail(HL_E_BACKEND, "%s: loss %.6f after %d steps, %.6f on the CPU; not timed", name,
                   b->loss, (int)WARM_STEPS, want);
}

static hl_status time_steps(bench_train *b, hl_trainer *t, train_timing *out)
{
    double unused;
    const int32_t n = b->o->steps;
    const hl_train_events events = {.ctx = &unused, .record = keep_loss, .record_every = INT32_MAX};
    HL_TRY(hl_trainer_step(
        t)); /* the record took the splats from the device: now they are there again */
    HL_TRY(hl_trainer_wait(t));
    const double start = hl_wall_seconds();
    for (int32_t k = 0; k < n; k++)
        HL_TRY(hl_trainer_step(t));
    HL_TRY(hl_trainer_wait(t));
    out->step_s = (hl_wall_seconds() - start) / n;
    hl_trainer_profile(t, &out->spans);
    HL_TRY(hl_trainer_run(t, WARM_STEPS + 1 + 2 * n, &events));
    hl_trainer_profile(t, NULL);
    for (int32_t k = 0; k < out->spans.count; k++)
        out->spans.seconds[k] /= n;
    out->bytes = hl_trainer_bytes_held(t);
    return HL_OK;
}

static hl_status run(bench_train *b, bool deterministic, train_timing *out, char isa[16])
{
    hl_trainer *t = NULL;
    hl_status s = warm_up(b, &t, b->o->backend, deterministic, WARM_STEPS, &b->loss);
    if (s == HL_OK) {
        snprintf(isa, 16, "%s", hl_trainer_isa_name(t));
        s = strcmp(isa, "cuda") == 0 ? check_loss(b, isa) : HL_OK;
    }
    if (s == HL_OK)
        s = time_steps(b, t, out);
    hl_trainer_destroy(&t);
    return s;
}

static double stage_bytes(const bench_train *b, const char *name)
{
    const hl_raster_view *v = &b->scene.view[0];
    return hl_bench_stage_bytes(name, b->start.count, b->visible, b->instances,
                                (int64_t)v->width * v->height, true);
}

/* Splat-pixel pairs per second of a stage. */
static double pair_rate(const bench_train *b, const train_timing *t, const char *name)
{
    for (int32_t k = 0; k < t->spans.count; k++)
        if (strcmp(t->spans.name[k], name) == 0 && t->spans.seconds[k] > 0)
            return (double)b->pairs / t->spans.seconds[k];
    return 0;
}

static void add_timing(hl_json *node, const bench_train *b, const train_timing *t)
{
    hl_json_add_number(node, "step_ms", t->step_s * 1e3);
    hl_json_add_number(node, "steps_per_s", 1 / t->step_s);
    hl_json_add_number(node, "held_bytes", (double)t->bytes);
    hl_json_add_number(node, "forward_pairs_per_s", pair_rate(b, t, "blend"));
    hl_json_add_number(node, "backward_pairs_per_s", pair_rate(b, t, "blend_bwd"));
    hl_json *stages = hl_json_add_object(node, "stages_ms");
    for (int32_t k = 0; k < t->spans.count; k++)
        hl_json_add_number(stages, t->spans.name[k], t->spans.seconds[k] * 1e3);
    hl_json *rates = hl_json_add_object(node, "stages_gb_s");
    for (int32_t k = 0; k < t->spans.count; k++) {
        const double bytes = stage_bytes(b, t->spans.name[k]);
        if (bytes > 0 && t->spans.seconds[k] > 0)
            hl_json_add_number(rates, t->spans.name[k], bytes / t->spans.seconds[k] / 1e9);
    }
}

static hl_status print_json(const bench_train *b, const char *isa, const train_timing *t,
                            const train_timing *ordered)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.bench.train/1");
    hl_json_add_text(root, "commit", HL_BUILD_COMMIT);
    hl_json_add_text(root, "isa", isa);
    hl_json_add_number(root, "splats", b->start.count);
    hl_json_add_number(root, "width", b->scene.view[0].width);
    hl_json_add_number(root, "height", b->scene.view[0].height);
    hl_json_add_number(root, "views", b->scene.view_count);
    hl_json_add_number(root, "threads", hl_parallel_threads());
    hl_json_add_number(root, "steps", b->o->steps);
    hl_json_add_number(root, "seed", (double)b->o->scene.seed);
    hl_json_add_number(root, "visible", b->visible);
    hl_json_add_number(root, "instances", (double)b->instances);
    hl_json_add_number(root, "pairs", (double)b->pairs);
    hl_json_add_number(root, "copy_gb_s", b->copy_rate / 1e9);
    hl_json_add_number(root, "loss", b->loss);
    add_timing(root, b, t);
    if (ordered) {
        hl_json *node = hl_json_add_object(root, "deterministic");
        add_timing(node, b, ordered);
        hl_json_add_number(node, "times_slower", ordered->step_s / t->step_s);
    }
    return hl_command_print_json(&root);
}

static void print_stages(const bench_train *b, const train_timing *t)
{
    for (int32_t k = 0; k < t->spans.count; k++) {
        const double s = t->spans.seconds[k], bytes = stage_bytes(b, t->spans.name[k]);
        printf("%-12s %9.3f ms", t->spans.name[k], s * 1e3);
        if (bytes > 0 && s > 0)
            printf(", at least %.1f GB/s (%.0f %% of a copy)", bytes / s / 1e9,
                   100 * bytes / s / b->copy_rate);
        else if (pair_rate(b, t, t->spans.name[k]) > 0 &&
                 strncmp(t->spans.name[k], "blend", 5) == 0)
            printf(", %.3g pairs/s", pair_rate(b, t, t->spans.name[k]));
        printf("\n");
    }
}

static void print_text(const bench_train *b, const char *isa, const train_timing *t,
                       const train_timing *ordered)
{
    printf("%s, %d splats, %dx%d, %d threads: %.3f ms a step, %.1f steps/s, %.1f MB held\n", isa,
           b->start.count, b->scene.view[0].width, b->scene.view[0].height, hl_parallel_threads(),
           t->step_s * 1e3, 1 / t->step_s, (double)t->bytes / 1e6);
    printf("%d visible, %lld splat-tile pairs, %lld contributing pairs; a copy moves %.1f GB/s\n",
           b->visible, (long long)b->instances, (long long)b->pairs, b->copy_rate / 1e9);
    print_stages(b, t);
    if (ordered)
        printf("deterministic: %.3f ms a step, %.2fx\n", ordered->step_s * 1e3,
               ordered->step_s / t->step_s);
}

static hl_status bench(bench_train *b, bool *absent)
{
    train_timing plain = {.step_s = 0}, ordered = {.step_s = 0};
    char isa[16] = "";
    HL_TRY(hl_bench_scene_make(&b->scene, &b->o->scene));
    const hl_status s = take_photos(b);
    *absent = s == HL_E_BACKEND;
    HL_TRY(s);
    if (b->o->save)
        HL_TRY(save_files(b));
    HL_TRY(make_train(b));
    HL_TRY(run(b, false, &plain, isa));
    if (b->o->deterministic)
        HL_TRY(run(b, true, &ordered, isa));
    const train_timing *second = b->o->deterministic ? &ordered : NULL;
    if (b->o->json)
        return print_json(b, isa, &plain, second);
    print_text(b, isa, &plain, second);
    return HL_OK;
}

hl_status hl_bench_train(const hl_bench_train_options *options, bool *absent)
{
    bench_train *b = hl_alloc(1, sizeof *b);
    *absent = false;
    if (!b)
        return HL_E_MEMORY;
    b->o = options;
    const hl_status s = bench(b, absent);
    for (int k = 0; k < HL_BENCH_VIEWS; k++)
        hl_image8_release(&b->photo[k]);
    hl_bench_scene_release(&b->scene);
    hl_free(b);
    return s;
}
