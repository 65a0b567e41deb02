/* SPDX-License-Identifier: MIT */
/* helio doctor -- what works on this machine: build, processor, memory, devices, libraries, speed.
 *
 * One line per thing: ok, absent or limited, and what would change it. */
#include "cli/command.h"
#include "cli/commands.h"
#include "core/build_info.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/timer.h"
#include "raster/raster.h"
#include "viewer/renderer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct doctor_options {
    hl_common common;
} doctor_options;

static const hl_option rows[] = {HL_COMMON_OPTIONS(doctor_options)};
static const hl_command_spec spec = {
    "doctor", "what works on this machine", rows, HL_ROWS(rows), NULL, NULL};

enum { LINES_MAX = 24, BENCH_SPLATS = 20000, BENCH_SIDE = 256 };

typedef struct finding {
    const char *name;
    const char *state; /* "ok", "absent", "limited" */
    char text[400];
} finding;

typedef struct report {
    finding lines[LINES_MAX];
    int count;
} report;

static char *add(report *r, const char *name, const char *state)
{
    finding *f = &r->lines[r->count < LINES_MAX - 1 ? r->count++ : LINES_MAX - 1];
    f->name = name;
    f->state = state;
    f->text[0] = '\0';
    return f->text;
}

#define ADD(r, name, state, ...) \
    snprintf(add((r), (name), (state)), sizeof((finding *)0)->text, __VA_ARGS__)

static void processor_name(char *out, size_t capacity)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, capacity, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (colon && strncmp(line, "model name", 10) == 0) {
            snprintf(out, capacity, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (f)
        fclose(f);
}

static bool on_path(const char *program)
{
    const char *path = getenv("PATH");
    char full[1024];
    while (path && *path) {
        const int length = (int)strcspn(path, ":");
        snprintf(full, sizeof full, "%.*s/%s", length, path, program);
        if (access(full, X_OK) == 0)
            return true;
        path += length;
        path += *path == ':';
    }
    return false;
}

/* A cloud in front of the camera: BENCH_SPLATS small splats, spread evenly over the picture. */
static void bench_scene(hl_splats *s)
{
    s->count = s->capacity;
    for (int32_t i = 0; i < s->count; i++) {
        hl_rng rng = hl_rng_at(1, 0, (uint64_t)i, HL_RNG_BENCH);
        float *mean = s->mean + 3 * (size_t)i;
        mean[2] = 2 + 2 * hl_rng_uniform(&rng);
        mean[0] = mean[2] * (hl_rng_uniform(&rng) - 0.5f);
        mean[1] = mean[2] * (hl_rng_uniform(&rng) - 0.5f);
        for (int k = 0; k < 3; k++) {
            s->log_scale[3 * (size_t)i + (size_t)k] = logf(0.01f * mean[2]);
            s->sh[((size_t)i * 3 + (size_t)k) * HL_SH_COEFFS_MAX] = hl_rng_normal(&rng);
        }
        s->quat[4 * (size_t)i] = 1;
    }
}

/* Splats rendered a second, over a quarter of a second of wall time. */
static hl_status splat_speed(const hl_splats *splats, double *rate)
{
    const hl_raster_view view = {.width = BENCH_SIDE,
                                 .height = BENCH_SIDE,
                                 .fx = BENCH_SIDE,
                                 .fy = BENCH_SIDE,
                                 .cx = BENCH_SIDE / 2.0f,
                                 .cy = BENCH_SIDE / 2.0f,
                                 .r = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
    const hl_raster_options options = {.outputs = 0};
    hl_raster_frame frame;
    hl_raster *raster = NULL;
    HL_TRY(hl_raster_create(&raster, "cpu", HL_ISA_AUTO));
    hl_status s = hl_raster_forward(raster, splats, &view, &options, &frame); /* warms up */
    const double start = hl_wall_seconds();
    double elapsed = 0;
    int rounds = 0;
    for (; s == HL_OK && elapsed < 0.25; rounds++) {
        s = hl_raster_forward(raster, splats, &view, &options, &frame);
        elapsed = hl_wall_seconds() - start;
    }
    if (s == HL_OK)
        *rate = (double)rounds * splats->count / elapsed;
    hl_raster_destroy(&raster);
    return s;
}

static hl_status add_speed(report *r)
{
    hl_arena arena;
    hl_splats splats;
    double rate = 0;
    hl_arena_init(&arena, 0, 0);
    hl_status s = hl_splats_init(&splats, &arena, BENCH_SPLATS);
    if (s == HL_OK) {
        bench_scene(&splats);
        s = splat_speed(&splats, &rate);
    }
    hl_arena_release(&arena);
    if (s == HL_OK)
        ADD(r, "speed", "ok", "%.2f M splats/s on the CPU, %dx%d pixels; helio bench says more",
            rate / 1e6, (int)BENCH_SIDE, (int)BENCH_SIDE);
    return s;
}

static void add_libraries(report *r)
{
#define X(name, present, package, use) \
    if (present)                       \
        ADD(r, name, "ok", "%s", use); \
    else                               \
        ADD(r, name, "absent", "built without %s; apt install %s and build again", use, package);
    HL_BUILD_FEATURES(X)
#undef X
}

static hl_status examine(report *r)
{
    char name[256];
    ADD(r, "version", "ok", "%s, commit %s", HL_BUILD_VERSION, HL_BUILD_COMMIT);
    ADD(r, "build", "ok", "%s, %s, %s", HL_BUILD_COMPILER, HL_BUILD_TYPE, HL_BUILD_FLAGS);
    processor_name(name, sizeof name);
    ADD(r, "processor", "ok", "%s, %ld online", name, sysconf(_SC_NPROCESSORS_ONLN));
    ADD(r, "threads", "ok", "%d (--threads)", hl_parallel_threads());
    const hl_isa isa = hl_raster_best_isa();
    if (isa == HL_ISA_PLAIN)
        ADD(r, "vector unit", "limited", "plain C only; a processor with AVX2 is faster");
    else
        ADD(r, "vector unit", "ok", "%s", isa == HL_ISA_AVX512 ? "AVX-512" : "AVX2");
    const double gib = (double)hl_memory_available() / (1024.0 * 1024.0 * 1024.0);
    ADD(r, "memory", gib < 2 ? "limited" : "ok", "%.1f GiB free%s", gib,
        gib < 2 ? "; training at full size wants 4" : "");
    if (!hl_raster_has_backend("cuda"))
        ADD(r, "cuda", "absent", "this build has no CUDA backend; configure with nvcc on the PATH");
    else if (hl_raster_describe("cuda", name, sizeof name) == HL_OK)
        ADD(r, "cuda", "ok", "%s", name);
    else
        ADD(r, "cuda", "absent", "%s", hl_last_error());
    char vulkan[180];
    const bool device = hl_renderer_describe_vulkan(vulkan, sizeof vulkan);
    ADD(r, "vulkan", device ? "ok" : "absent", "%s%s", device ? "" : "tier T0: ", vulkan);
    add_libraries(r);
    if (on_path("ffmpeg"))
        ADD(r, "ffmpeg", "ok", "found: videos are encoded");
    else
        ADD(r, "ffmpeg", "absent", "camera paths end as PNG files; apt install ffmpeg");
    return add_speed(r);
}

static hl_status print_report(const report *r, bool json)
{
    if (json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.doctor/1");
        hl_json *lines = hl_json_add_object(root, "findings");
        for (int i = 0; i < r->count; i++) {
            hl_json *line = hl_json_add_object(lines, r->lines[i].name);
            hl_json_add_text(line, "state", r->lines[i].state);
            hl_json_add_text(line, "text", r->lines[i].text);
        }
        return hl_command_print_json(&root);
    }
    for (int i = 0; i < r->count; i++)
        printf("%-12s %-8s %s\n", r->lines[i].name, r->lines[i].state, r->lines[i].text);
    return HL_OK;
}

int hl_cmd_doctor(int argc, char **argv)
{
    doctor_options o = {.common = HL_COMMON_DEFAULTS};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    report r = {.count = 0};
    hl_status s = examine(&r);
    if (s == HL_OK)
        s = print_report(&r, o.common.json);
    return hl_command_end(&spec, s);
}
