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

enum { LINES_MAX = 24, BENCH_BLOCKS = 256, BENCH_DRAWS = 1 << 14 };

typedef struct finding {
    const char *name;
    const char *state; /* "ok", "absent", "limited" */
    char text[200];
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

static const char *best_isa(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return "AVX-512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "AVX2";
#endif
    return "scalar";
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

static void draw_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    hl_rng rng = hl_rng_at(1, 0, (uint64_t)block, HL_RNG_BENCH);
    float sum = 0;
    for (int i = 0; i < BENCH_DRAWS; i++)
        sum += hl_rng_uniform(&rng);
    ((float *)ctx)[block] = sum;
}

/* Random numbers a second through the thread pool: shows that the pool works and scales. */
static double pool_speed(void)
{
    static float sums[BENCH_BLOCKS];
    hl_parallel_for(BENCH_BLOCKS, draw_block, sums);
    const double start = hl_wall_seconds();
    double elapsed = 0;
    int rounds = 0;
    for (; elapsed < 0.25; rounds++) {
        hl_parallel_for(BENCH_BLOCKS, draw_block, sums);
        elapsed = hl_wall_seconds() - start;
    }
    return (double)rounds * BENCH_BLOCKS * BENCH_DRAWS / elapsed;
}

static void examine(report *r)
{
    char name[128];
    ADD(r, "version", "ok", "%s, commit %s", HL_BUILD_VERSION, HL_BUILD_COMMIT);
    ADD(r, "build", "ok", "%s, %s, %s", HL_BUILD_COMPILER, HL_BUILD_TYPE, HL_BUILD_FLAGS);
    processor_name(name, sizeof name);
    ADD(r, "processor", "ok", "%s, %ld online", name, sysconf(_SC_NPROCESSORS_ONLN));
    ADD(r, "threads", "ok", "%d (--threads)", hl_parallel_threads());
    const char *isa = best_isa();
    if (strcmp(isa, "scalar") == 0)
        ADD(r, "vector unit", "limited", "scalar code only; a processor with AVX2 is faster");
    else
        ADD(r, "vector unit", "ok", "%s", isa);
    const double gib = (double)hl_memory_available() / (1024.0 * 1024.0 * 1024.0);
    ADD(r, "memory", gib < 2 ? "limited" : "ok", "%.1f GiB free%s", gib,
        gib < 2 ? "; training at full size wants 4" : "");
    ADD(r, "cuda", "absent", "this version has no CUDA backend");
    ADD(r, "vulkan", "absent", "this version has no viewer");
    if (on_path("ffmpeg"))
        ADD(r, "ffmpeg", "ok", "found: videos are encoded");
    else
        ADD(r, "ffmpeg", "absent", "camera paths end as PNG files; apt install ffmpeg");
    ADD(r, "thread pool", "ok", "%.0f M random numbers/s", pool_speed() / 1e6);
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
    examine(&r);
    return hl_command_end(&spec, print_report(&r, o.common.json));
}
