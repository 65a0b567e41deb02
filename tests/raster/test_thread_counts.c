/* SPDX-License-Identifier: MIT */
/* Forward, backward, statistics and Adam give the same bytes for any number of threads. */
#include "core/parallel.h"
#include "tests/raster/float_scene.h"

enum { STEPS = 2, PARTS = 8 };

/* Running hashes (FNV-1a over words), one per kind of result, so that a difference is named. */
typedef struct hashes {
    uint64_t part[PARTS];
} hashes;

static const char *const part_name[PARTS] = {"picture",    "extras",           "gradients",
                                             "features",   "pose, background", "statistics",
                                             "parameters", "moments"};

static void mix(hashes *h, int part, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i + sizeof(uint32_t) <= n; i += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, b + i, sizeof word);
        h->part[part] = (h->part[part] ^ word) * 0x100000001b3u;
    }
}

static void mix_splats(hashes *h, int part, const hl_splats *s)
{
    const size_t n = (size_t)s->count;
#define X(name, components) mix(h, part, s->name, n *(components) * sizeof(float));
    HL_SPLAT_FIELDS(X)
#undef X
}

/* Only the part of a plane that is picture. */
static void mix_plane(hashes *h, int part, const hl_raster_frame *f, const float *plane)
{
    for (int32_t y = 0; plane && y < f->height; y++)
        mix(h, part, plane + (size_t)y * (size_t)f->stride, (size_t)f->width * sizeof(float));
}

static void step(float_scene *s, hl_raster *r, hashes *h, int with_adam)
{
    hl_raster_frame f;
    const size_t n = (size_t)s->splats.count;
    check_ok(hl_raster_forward(r, &s->splats, &s->view, &s->options, &f));
    for (int32_t p = 0; p < f.plane_count; p++)
        mix_plane(h, 0, &f, f.plane[p]);
    mix_plane(h, 0, &f, f.transmittance);
    mix_plane(h, 1, &f, f.median_depth);
    if (f.max_weight)
        mix(h, 1, f.max_weight, n * sizeof(float));
    mix(h, 1, &f.instances, sizeof f.instances);
    hl_raster_sink sink = {.grad = &s->grad,
                           .feature_grad = s->feature_grad,
                           .stats = &s->stats,
                           .adam = with_adam ? &s->adam : NULL};
    check_ok(hl_raster_backward(r, &s->splats, &s->frame_grad, &sink));
    s->grad.count = s->splats.count;
    mix_splats(h, 2, &s->grad);
    mix(h, 3, s->feature_grad, 2 * n * sizeof(float));
    mix(h, 4, sink.pose, sizeof sink.pose);
    mix(h, 4, sink.background, sizeof sink.background);
    for (int k = 0; k < 8; k++)
        mix(h, 5, s->stat[k], n * sizeof(float));
    mix_splats(h, 6, &s->splats);
    s->adam.m.count = s->adam.v.count = s->splats.count;
    mix_splats(h, 7, &s->adam.m);
    mix_splats(h, 7, &s->adam.v);
}

static hashes train(hl_raster *r, int32_t threads, int extras)
{
    float_scene s;
    hashes h;
    for (int k = 0; k < PARTS; k++)
        h.part[k] = 0xcbf29ce484222325u;
    hl_parallel_set_threads(threads);
    float_scene_create(&s, 2600, 70, 50, extras);
    for (int k = 0; k < STEPS; k++) {
        s.options.antialiased = k % 2;
        step(&s, r, &h, 1);
    }
    step(&s, r, &h, 0);
    hl_arena_release(&s.arena);
    return h;
}

static void same_bytes(hl_isa isa, int extras)
{
    static const int32_t threads[] = {2, 3, 7, 1};
    hl_raster *r = float_scene_raster(isa);
    if (!r)
        return;
    const hashes one = train(r, 1, extras);
    for (size_t k = 0; k < sizeof threads / sizeof *threads; k++) {
        const hashes many = train(r, threads[k], extras);
        for (int part = 0; part < PARTS; part++)
            if (one.part[part] != many.part[part])
                fail_msg("%s: %d threads: other bytes in %s", hl_raster_isa_name(r), threads[k],
                         part_name[part]);
    }
    hl_raster_destroy(&r);
}

static void plain(void **state)
{
    (void)state;
    same_bytes(HL_ISA_PLAIN, 0);
}

static void avx2(void **state)
{
    (void)state;
    same_bytes(HL_ISA_AVX2, 0);
}

static void avx512(void **state)
{
    (void)state;
    same_bytes(HL_ISA_AVX512, 0);
}

static void with_median_and_largest_weight(void **state)
{
    (void)state;
    same_bytes(HL_ISA_AUTO, 1);
}

static int stop_pool(void **state)
{
    (void)state;
    hl_parallel_shutdown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(avx2),
        cmocka_unit_test(avx512),
        cmocka_unit_test(with_median_and_largest_weight),
    };
    return cmocka_run_group_tests(tests, NULL, stop_pool);
}
