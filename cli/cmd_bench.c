/* SPDX-License-Identifier: MIT */
/* helio bench -- times the rasterizer on synthetic splats, each instruction set in turn; or
 * steps of training; or rays; or bundle adjustment.
 *
 * Correctness gates timing: a path whose picture or gradients differ from plain C is not timed. */
#include "cli/bench_pops.h"
#include "cli/bench_rays.h"
#include "cli/bench_scene.h"
#include "cli/bench_sfm.h"
#include "cli/bench_train.h"
#include "cli/bench_view.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "core/build_info.h"
#include "core/parallel.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Paths: instruction sets of the CPU by their number, then CUDA. */
enum { ALL = 0, ISA_COUNT = 3, PATH_CUDA, PATH_ORDERED };

typedef struct bench_options {
    hl_common common;
    const char *what;
    const char *size;
    const char *input, *cameras, *save;
    int32_t splats, isa, repeat, steps, frames, path, triangles, rays, photos, points, solver;
    float sigma_px;
    double noise_px, seconds;
    bool scaling, deterministic, lit;
} bench_options;

static const hl_option rows[] = {
    HL_ARG(bench_options, "WHAT", what,
           "what to time: raster, train, view, pops (of the sort in a slow turn), rays or sfm"),
    HL_OPT_INT(bench_options, "--splats", splats, 0, HL_SPLATS_CAPACITY_MAX, "random splats"),
    HL_OPT_TEXT(bench_options, "--size", size, "WxH", "pixels of the picture"),
    HL_OPT_CHOICE(bench_options, "--isa", isa, "all|plain|avx2|avx512",
                  "instruction set, all: each one present, and ratios to plain C"),
    HL_OPT_INT(bench_options, "--repeat", repeat, 1, 1000, "runs; the fastest counts"),
    HL_OPT_FLOAT(bench_options, "--sigma-px", sigma_px, 0.01, 1000,
                 "median standard deviation of a splat in the picture"),
    HL_OPT_TEXT(bench_options, "--input", input, "FILE",
                "raster, train, view, pops: splats of a file instead of random ones"),
    HL_OPT_TEXT(bench_options, "--cameras", cameras, "FILE",
                "raster, train, pops: cameras.json to see --input with; the first is timed"),
    HL_OPT_INT(bench_options, "--steps", steps, 1, 100000, "train: steps to time"),
    HL_OPT_FLAG(bench_options, "--deterministic", deterministic,
                "raster, train: time sums in an order of their own too, on a GPU"),
    HL_OPT_TEXT(
        bench_options, "--save", save, "FOLDER",
        "raster, train, view: keep splats, cameras and photos as files; pops: the worst picture"),
    HL_OPT_INT(bench_options, "--frames", frames, 1, 100000, "view, pops: pictures for each path"),
    HL_OPT_FLAG(bench_options, "--lit", lit, "view: under even light and a sun with its shadow"),
    HL_OPT_DOUBLE(bench_options, "--seconds", seconds, 0, 3600, "view: at most, for each path"),
    HL_OPT_CHOICE(bench_options, "--raster", path, "all|quads|tiles|cpu",
                  "view, pops: the path to take"),
    HL_OPT_INT(bench_options, "--triangles", triangles, 100, 20000000, "rays: size of the mesh"),
    HL_OPT_INT(bench_options, "--rays", rays, 1000, 10000000, "rays: how many"),
    HL_OPT_INT(bench_options, "--photos", photos, 4, 100000, "sfm: photos to adjust"),
    HL_OPT_INT(bench_options, "--points", points, 10, 20000000, "sfm: points that they see"),
    HL_OPT_CHOICE(bench_options, "--solver", solver, "auto|dense|pcg",
                  "sfm: of the reduced system, auto by the number of photos"),
    HL_OPT_DOUBLE(bench_options, "--noise-px", noise_px, 0, 100,
                  "sfm: standard deviation of a sight"),
    HL_OPT_FLAG(bench_options, "--scaling", scaling, "time one thread too, and print the ratio"),
    HL_COMMON_OPTIONS(bench_options)};
static const hl_command_spec spec = {
    "bench", "times rasterizer, training, viewer, rays or bundle adjustment",
    rows,    HL_ROWS(rows),
    NULL,    NULL};

/* What one path gave. */
typedef struct timing {
    bool present;
    double forward, backward;         /* wall seconds, of the fastest run of each */
    double forward_cpu, backward_cpu; /* processor seconds, the same              */
    hl_spans spans;                   /* the fastest of each stage           */
    double color_error, grad_error;
} timing;

typedef struct bench {
    const bench_options *o;
    hl_bench_scene scene;
    hl_splats grad;
    hl_raster_options options;
    hl_raster_frame_grad frame_grad;
    float *color;        /* (3, pixels) of plain C         */
    hl_splats reference; /* gradients of plain C        */
    int64_t pairs, instances;
    int32_t visible;
    double copy_rate[2]; /* bytes per second, of the host and of the GPU */
    timing path[PATH_ORDERED + 1];
    timing single[PATH_ORDERED + 1]; /* on one thread */
    bool absent;                     /* the path asked for by name is not there */
} bench;

static hl_status random_grads(bench *b, size_t pixels)
{
    for (int c = 0; c < 3; c++) {
        float *plane = hl_arena_alloc(&b->scene.arena, pixels, sizeof *plane);
        if (!plane)
            return HL_E_MEMORY;
        for (size_t i = 0; i < pixels; i++) {
            hl_rng rng = hl_rng_at((uint64_t)b->o->common.seed, (uint64_t)c + 1, i, HL_RNG_BENCH);
            plane[i] = hl_rng_uniform(&rng) - 0.5f;
        }
        b->frame_grad.plane[c] = plane;
    }
    return HL_OK;
}

static hl_bench_scene_options scene_options(const bench_options *o)
{
    return (hl_bench_scene_options){.splats = o->splats,
                                    .size = o->size,
                                    .sigma_px = o->sigma_px,
                                    .seed = (uint64_t)o->common.seed,
                                    .input = o->input,
                                    .cameras = o->cameras};
}

static hl_status make_scene(bench *b)
{
    const hl_bench_scene_options options = scene_options(b->o);
    HL_TRY(hl_bench_scene_make(&b->scene, &options));
    const hl_raster_view *v = &b->scene.view[0];
    b->options.sh_degree = HL_SH_DEGREE_MAX;
    const int32_t n = b->scene.splats.count, capacity = n > 0 ? n : 1;
    HL_TRY(hl_splats_init(&b->grad, &b->scene.arena, capacity));
    HL_TRY(hl_splats_init(&b->reference, &b->scene.arena, capacity));
    b->grad.count = b->reference.count = n;
    const size_t columns = ((size_t)v->width + HL_TILE - 1) / HL_TILE * HL_TILE;
    const size_t pixels = columns * (((size_t)v->height + HL_TILE - 1) / HL_TILE * HL_TILE);
    b->color = hl_arena_alloc(&b->scene.arena, 3 * pixels, sizeof *b->color);
    if (!b->color)
        return HL_E_MEMORY;
    return random_grads(b, pixels);
}

/* |got - want| / |want| in L2, over rows of `width` values that are `stride` apart. */
static double relative_error(const float *got, const float *want, size_t width, size_t stride,
                             size_t count)
{
    double error = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        if (i % stride >= width)
            continue;
        const double d = (double)got[i] - (double)want[i];
        error += d * d;
        norm += (double)want[i] * (double)want[i];
    }
    return error > 0 ? sqrt(error / (norm + 1e-30)) : (error == 0 ? 0 : HUGE_VAL);
}

/* The largest error over colour planes, and over parameter fields; both against plain C. */
static void compare(const bench *b, const hl_raster_frame *f, timing *t)
{
    const size_t stride = (size_t)f->stride, count = stride * (size_t)f->height;
    for (size_t c = 0; c < 3; c++)
        t->color_error = fmax(t->color_error,
                              relative_error(f->plane[c], b->color + c * stride * (size_t)f->rows,
                                             (size_t)f->width, stride, count));
#define X(name, components)                                                             \
    t->grad_error =                                                                     \
        fmax(t->grad_error, relative_error(b->grad.name, b->reference.name, components, \
                                           components, (size_t)b->grad.count * (components)));
    HL_SPLAT_FIELDS(X)
#undef X
}

static void keep_fastest(double *best, double seconds)
{
    *best = *best > 0 ? fmin(*best, seconds) : seconds;
}

/* One forward and backward of `r`; plain C fills the reference. */
static hl_status run_once(bench *b, hl_raster *r, hl_splats *grad, hl_raster_frame *frame,
                          timing *t)
{
    hl_spans spans = {0};
    hl_raster_sink sink = {.grad = grad};
    hl_raster_profile(r, &spans);
    const double start = hl_wall_seconds(), start_cpu = hl_cpu_seconds();
    HL_TRY(hl_raster_forward(r, &b->scene.splats, &b->scene.view[0], &b->options, frame));
    const double middle = hl_wall_seconds(), middle_cpu = hl_cpu_seconds();
    HL_TRY(hl_raster_backward(r, &b->scene.splats, &b->frame_grad, &sink));
    const double end = hl_wall_seconds(), end_cpu = hl_cpu_seconds();
    hl_raster_profile(r, NULL);
    if (!t)
        return HL_OK;
    keep_fastest(&t->forward, middle - start);
    keep_fastest(&t->backward, end - middle);
    keep_fastest(&t->forward_cpu, middle_cpu - start_cpu);
    keep_fastest(&t->backward_cpu, end_cpu - middle_cpu);
    for (int32_t k = 0; k < spans.count; k++)
        if (t->spans.count == 0 || spans.seconds[k] < t->spans.seconds[k])
            t->spans.seconds[k] = spans.seconds[k];
    memcpy(t->spans.name, spans.name, sizeof spans.name);
    t->spans.count = spans.count;
    return HL_OK;
}

static hl_status run_reference(bench *b)
{
    hl_raster *r = NULL;
    hl_raster_frame f;
    HL_TRY(hl_raster_create(&r, "cpu", HL_ISA_PLAIN));
    const hl_status s = run_once(b, r, &b->reference, &f, NULL);
    if (s == HL_OK) {
        const size_t plane = (size_t)f.stride * (size_t)f.rows;
        for (size_t c = 0; c < 3; c++)
            memcpy(b->color + c * plane, f.plane[c], plane * sizeof(float));
        b->visible = f.visible;
        b->instances = f.instances;
        b->pairs = hl_raster_count_pairs(r);
    }
    hl_raster_destroy(&r);
    return s;
}

static hl_status run_path(bench *b, int32_t path, timing *t)
{
    hl_raster *r = NULL;
    hl_raster_frame f;
    const hl_status made = path >= PATH_CUDA ? hl_raster_create(&r, "cuda", HL_ISA_AUTO)
                                             : hl_raster_create(&r, "cpu", (hl_isa)path);
    const double tolerance = path >= PATH_CUDA ? 1e-3 : 1e-4; /* approximate exponentials */
    b->absent = made == HL_E_BACKEND;
    if (made != HL_OK) /* what was not asked for by name may be absent */
        return b->absent && b->o->isa == ALL && b->o->common.backend != HL_BACKEND_CUDA ? HL_OK
                                                                                        : made;
    hl_raster_deterministic(r, path == PATH_ORDERED);
    hl_status s = run_once(b, r, &b->grad, &f, NULL);
    if (s == HL_OK) {
        compare(b, &f, t);
        if (!(t->color_error <= tolerance && t->grad_error <= 1e-3))
            s = hl_fail(HL_E_BACKEND,
                        "%s differs from plain C: colour by %.2g, gradients by %.2g; not timed",
                        hl_raster_isa_name(r), t->color_error, t->grad_error);
    }
    for (int32_t k = 0; k < b->o->repeat && s == HL_OK; k++)
        s = run_once(b, r, &b->grad, &f, t);
    t->present = s == HL_OK;
    double *rate = &b->copy_rate[path >= PATH_CUDA];
    if (s == HL_OK && *rate <= 0)
        s = hl_raster_copy_rate(r, rate);
    hl_raster_destroy(&r);
    return s;
}

static const char *isa_word(int32_t isa)
{
    static const char *const words[] = {"all", "plain", "avx2", "avx512", "cuda", "cuda_ordered"};
    return words[isa];
}

static double span_of(const timing *t, const char *name)
{
    for (int32_t k = 0; k < t->spans.count; k++)
        if (strcmp(t->spans.name[k], name) == 0)
            return t->spans.seconds[k];
    return 0;
}

static double per_pair_ns(const bench *b, double seconds)
{
    return b->pairs ? seconds * 1e9 / (double)b->pairs : 0;
}

static void print_scaling(const timing *one, const timing *all)
{
    if (one->present)
        printf("        against 1 thread: forward %.2fx, backward %.2fx\n",
               one->forward / all->forward, one->backward / all->backward);
}

/* Bytes per second of a stage, at least; 0 where memory does not set its time. */
static double stage_rate(const bench *b, const timing *t, int32_t k)
{
    const double bytes = hl_bench_stage_bytes(t->spans.name[k], b->scene.splats.count, b->visible,
                                              b->instances, 0, false);
    return t->spans.seconds[k] > 0 ? bytes / t->spans.seconds[k] : 0;
}

static void print_rates(const bench *b, const timing *t, double copy_rate)
{
    printf("        a copy moves %.1f GB/s;", copy_rate / 1e9);
    for (int32_t k = 0; k < t->spans.count; k++)
        if (stage_rate(b, t, k) > 0)
            printf(" %s %.1f,", t->spans.name[k], stage_rate(b, t, k) / 1e9);
    printf(" pairs %.3g and %.3g per s\n", (double)b->pairs / span_of(t, "blend"),
           (double)b->pairs / span_of(t, "blend_bwd"));
}

static void print_text(const bench *b)
{
    printf("%d splats, %dx%d, %d threads: %d visible, %lld splat-tile pairs, %lld contributing "
           "pairs (%.1f per pixel)\n",
           b->scene.splats.count, b->scene.view[0].width, b->scene.view[0].height,
           hl_parallel_threads(), b->visible, (long long)b->instances, (long long)b->pairs,
           (double)b->pairs / b->scene.view[0].width / b->scene.view[0].height);
    for (int32_t isa = HL_ISA_PLAIN; isa <= PATH_ORDERED; isa++) {
        const timing *t = &b->path[isa];
        if (!t->present)
            continue;
        printf("%-7s forward %.2f ms (%.2f CPU), backward %.2f ms (%.2f CPU), blend %.2f ns/pair, "
               "blend_bwd %.2f ns/pair\n       ",
               isa_word(isa), t->forward * 1e3, t->forward_cpu * 1e3, t->backward * 1e3,
               t->backward_cpu * 1e3, per_pair_ns(b, span_of(t, "blend")),
               per_pair_ns(b, span_of(t, "blend_bwd")));
        for (int32_t k = 0; k < t->spans.count; k++)
            printf(" %s %.2f%s", t->spans.name[k], t->spans.seconds[k] * 1e3,
                   k + 1 < t->spans.count ? "," : " ms\n");
        const timing *plain = &b->path[HL_ISA_PLAIN];
        if (plain->present && isa != HL_ISA_PLAIN)
            printf(
                "        against plain: forward %.1fx, backward %.1fx CPU, blend %.1fx, blend_bwd "
                "%.1fx; colour differs by %.1g, gradients by %.1g\n",
                plain->forward_cpu / t->forward_cpu, plain->backward_cpu / t->backward_cpu,
                span_of(plain, "blend") / span_of(t, "blend"),
                span_of(plain, "blend_bwd") / span_of(t, "blend_bwd"), t->color_error,
                t->grad_error);
        print_rates(b, t, b->copy_rate[isa >= PATH_CUDA]);
        print_scaling(&b->single[isa], t);
    }
}

static void add_path(hl_json *paths, const bench *b, int32_t isa)
{
    const timing *t = &b->path[isa], *plain = &b->path[HL_ISA_PLAIN];
    hl_json *node = hl_json_add_object(paths, isa_word(isa));
    hl_json_add_number(node, "forward_ms", t->forward * 1e3);
    hl_json_add_number(node, "backward_ms", t->backward * 1e3);
    hl_json_add_number(node, "forward_cpu_ms", t->forward_cpu * 1e3);
    hl_json_add_number(node, "backward_cpu_ms", t->backward_cpu * 1e3);
    hl_json_add_number(node, "blend_ns_per_pair", per_pair_ns(b, span_of(t, "blend")));
    hl_json_add_number(node, "blend_bwd_ns_per_pair", per_pair_ns(b, span_of(t, "blend_bwd")));
    hl_json_add_number(node, "colour_error", t->color_error);
    hl_json_add_number(node, "gradient_error", t->grad_error);
    hl_json *stages = hl_json_add_object(node, "stages_ms");
    for (int32_t k = 0; k < t->spans.count; k++)
        hl_json_add_number(stages, t->spans.name[k], t->spans.seconds[k] * 1e3);
    hl_json *rates = hl_json_add_object(node, "stages_gb_s");
    for (int32_t k = 0; k < t->spans.count; k++)
        if (stage_rate(b, t, k) > 0)
            hl_json_add_number(rates, t->spans.name[k], stage_rate(b, t, k) / 1e9);
    hl_json_add_number(node, "copy_gb_s", b->copy_rate[isa >= PATH_CUDA] / 1e9);
    hl_json_add_number(node, "forward_pairs_per_s", (double)b->pairs / span_of(t, "blend"));
    hl_json_add_number(node, "backward_pairs_per_s", (double)b->pairs / span_of(t, "blend_bwd"));
    const timing *one = &b->single[isa];
    if (one->present) {
        hl_json *scaling = hl_json_add_object(node, "times_faster_than_one_thread");
        hl_json_add_number(scaling, "forward", one->forward / t->forward);
        hl_json_add_number(scaling, "backward", one->backward / t->backward);
    }
    if (!plain->present)
        return;
    hl_json *ratio = hl_json_add_object(node, "times_faster_than_plain");
    hl_json_add_number(ratio, "forward", plain->forward_cpu / t->forward_cpu);
    hl_json_add_number(ratio, "backward", plain->backward_cpu / t->backward_cpu);
    hl_json_add_number(ratio, "blend", span_of(plain, "blend") / span_of(t, "blend"));
    hl_json_add_number(ratio, "blend_bwd", span_of(plain, "blend_bwd") / span_of(t, "blend_bwd"));
}

static hl_status print_json(const bench *b)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.bench.raster/1");
    hl_json_add_text(root, "commit", HL_BUILD_COMMIT);
    hl_json_add_number(root, "splats", b->scene.splats.count);
    hl_json_add_number(root, "width", b->scene.view[0].width);
    hl_json_add_number(root, "height", b->scene.view[0].height);
    hl_json_add_number(root, "threads", hl_parallel_threads());
    hl_json_add_number(root, "repeat", b->o->repeat);
    hl_json_add_number(root, "seed", (double)b->o->common.seed);
    hl_json_add_number(root, "visible", b->visible);
    hl_json_add_number(root, "instances", (double)b->instances);
    hl_json_add_number(root, "pairs", (double)b->pairs);
    hl_json *paths = hl_json_add_object(root, "paths");
    for (int32_t isa = HL_ISA_PLAIN; isa <= PATH_ORDERED; isa++)
        if (b->path[isa].present)
            add_path(paths, b, isa);
    return hl_command_print_json(&root);
}

/* --isa picks one path of the CPU; --backend picks CPU, CUDA or whatever is there. */
static bool is_wanted(const bench_options *o, int32_t path)
{
    if (path == PATH_ORDERED && !o->deterministic)
        return false;
    if (path >= PATH_CUDA)
        return o->common.backend != HL_BACKEND_CPU && o->isa == ALL;
    return o->common.backend != HL_BACKEND_CUDA && (o->isa == ALL || o->isa == path);
}

static hl_status bench_raster(bench *b)
{
    HL_TRY(make_scene(b));
    HL_TRY(run_reference(b));
    for (int32_t isa = HL_ISA_PLAIN; isa <= PATH_ORDERED; isa++) {
        if (!is_wanted(b->o, isa))
            continue;
        HL_TRY(run_path(b, isa, &b->path[isa]));
        if (!b->o->scaling || !b->path[isa].present || isa >= PATH_CUDA)
            continue;
        hl_parallel_set_threads(1);
        const hl_status s = run_path(b, isa, &b->single[isa]);
        hl_parallel_set_threads(b->o->common.threads);
        HL_TRY(s);
    }
    if (b->o->common.json)
        return print_json(b);
    print_text(b);
    return HL_OK;
}

int hl_cmd_bench(int argc, char **argv)
{
    bench_options o = {.common = HL_COMMON_DEFAULTS,
                       .size = "1008x756",
                       .splats = 300000,
                       .repeat = 3,
                       .steps = 20,
                       .frames = 200,
                       .seconds = 8,
                       .triangles = 490000,
                       .rays = 1000000,
                       .photos = 2000,
                       .points = 500000,
                       .noise_px = 0.5,
                       .sigma_px = 1.5f};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    if (strcmp(o.what, "rays") == 0) {
        const hl_bench_rays_options rays = {o.triangles, o.rays, o.repeat, (uint64_t)o.common.seed,
                                            o.common.json};
        return hl_command_end(&spec, hl_bench_rays(&rays));
    }
    if (strcmp(o.what, "sfm") == 0) {
        const hl_bench_sfm_options sfm = {
            o.photos, o.points, o.solver, o.noise_px, (uint64_t)o.common.seed, o.common.json};
        return hl_command_end(&spec, hl_bench_sfm(&sfm));
    }
    if (strcmp(o.what, "train") == 0) {
        bool absent;
        const hl_bench_train_options train = {.scene = scene_options(&o),
                                              .backend = hl_command_backend(&o.common),
                                              .isa = (hl_isa)o.isa,
                                              .steps = o.steps,
                                              .deterministic = o.deterministic,
                                              .json = o.common.json,
                                              .save = o.save};
        code = hl_command_end(&spec, hl_bench_train(&train, &absent));
        return absent ? HL_EXIT_ABSENT : code;
    }
    if (strcmp(o.what, "view") == 0) {
        bool absent;
        const hl_bench_view_options view = {.scene = scene_options(&o),
                                            .lit = o.lit,
                                            .path = o.path,
                                            .frames = o.frames,
                                            .seconds = o.seconds,
                                            .save = o.save,
                                            .json = o.common.json};
        code = hl_command_end(&spec, hl_bench_view(&view, &absent));
        return absent ? HL_EXIT_ABSENT : code;
    }
    if (strcmp(o.what, "pops") == 0) {
        bool absent;
        const hl_bench_pops_options pops = {.scene = scene_options(&o),
                                            .path = o.path,
                                            .frames = o.frames,
                                            .save = o.save,
                                            .json = o.common.json};
        code = hl_command_end(&spec, hl_bench_pops(&pops, &absent));
        return absent ? HL_EXIT_ABSENT : code;
    }
    if (strcmp(o.what, "raster") != 0)
        return hl_command_end(
            &spec,
            hl_fail(HL_E_ARG, "WHAT: expected raster, train, view, pops, rays or sfm, found \"%s\"",
                    o.what));
    bench b = {.o = &o};
    hl_status s = bench_raster(&b);
    if (s == HL_OK && o.save)
        s = hl_bench_scene_save(&b.scene, o.save);
    hl_bench_scene_release(&b.scene);
    code = hl_command_end(&spec, s);
    return s != HL_OK && b.absent ? HL_EXIT_ABSENT : code;
}
