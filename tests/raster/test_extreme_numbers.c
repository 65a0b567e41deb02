/* SPDX-License-Identifier: MIT */
/* Splats and cameras whose numbers have any magnitude a float can have: nothing crashes, every
 * output and gradient is finite.  argv[1], argv[2]: other seeds, to search by hand. */
#include "tests/raster/float_scene.h"

#include <stdlib.h>

static int64_t first_seed = 1, seed_count = 25;

/* Mostly the usual value, else a special one or any magnitude. */
static float extreme(hl_rng *rng, float usual)
{
    static const float special[] = {0,     -0.0f,  1e-45f, 3.4e38f, -3.4e38f, 1,    -1,
                                    1e20f, -1e20f, 88.8f,  -88.8f,  -104,     -200, (float)NAN};
    const uint32_t kind = hl_rng_below(rng, 12);
    if (kind > 1)
        return usual;
    if (kind == 1)
        return special[hl_rng_below(rng, sizeof special / sizeof *special)];
    const float size = powf(10, 76 * hl_rng_uniform(rng) - 38);
    return hl_rng_below(rng, 2) ? size : -size;
}

static void spoil(hl_rng *rng, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = extreme(rng, values[i]);
}

static void spoil_view(hl_rng *rng, hl_raster_view *v)
{
    float *const all[] = {&v->fx, &v->fy, &v->cx, &v->cy};
    for (size_t k = 0; k < 4; k++) {
        const float drawn = extreme(rng, *all[k]);
        const float value = k < 2 ? fabsf(drawn) : drawn;
        if (isfinite(value) && (k > 1 || value > 0))
            *all[k] = value;
    }
    for (int k = 0; k < 3; k++) {
        const float value = extreme(rng, v->t[k]);
        v->t[k] = isfinite(value) ? value : 0;
    }
}

static void check_finite(const float *values, size_t n, int64_t seed, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            fail_msg("seed %d: %s[%zu] is not finite", (int)seed, what, i);
}

static void check_all(float_scene *s, const hl_raster_frame *f, const hl_raster_sink *sink,
                      int64_t seed)
{
    const size_t n = (size_t)s->splats.count;
    for (int32_t p = 0; p < f->plane_count; p++)
        for (int32_t y = 0; y < f->height; y++)
            check_finite(f->plane[p] + (size_t)y * (size_t)f->stride, (size_t)f->width, seed,
                         "picture");
#define X(name, components) check_finite(s->grad.name, n *(components), seed, #name);
    HL_SPLAT_FIELDS(X)
#undef X
    check_finite(s->feature_grad, 2 * n, seed, "features");
    check_finite(sink->background, 3, seed, "background");
}

static void run_seed(int64_t seed, hl_isa isa)
{
    hl_raster *r = float_scene_raster(isa);
    if (!r)
        return;
    hl_rng rng = hl_rng_at((uint64_t)seed, 9, 9, HL_RNG_TEST);
    float_scene s;
    const int32_t count = 1 + (int32_t)hl_rng_below(&rng, 60);
    const int32_t width = 1 + (int32_t)hl_rng_below(&rng, 60);
    float_scene_create(&s, count, width, 1 + (int32_t)hl_rng_below(&rng, 40),
                       (int)hl_rng_below(&rng, 2));
    spoil(&rng, s.splats.mean, 3 * (size_t)count);
    spoil(&rng, s.splats.log_scale, 3 * (size_t)count);
    spoil(&rng, s.splats.quat, 4 * (size_t)count);
    spoil(&rng, s.splats.logit_opa, (size_t)count);
    for (size_t i = 0; i < (size_t)count; i += 8)
        for (size_t k = 0; k < 3; k++) { /* gradients of more would overflow */
            const float value = extreme(&rng, 1);
            s.splats.sh[48 * i + k] = fabsf(value) > 1e30f ? 1e30f : value;
        }
    if (hl_rng_below(&rng, 5) == 0)
        spoil_view(&rng, &s.view);
    s.options.antialiased = hl_rng_below(&rng, 2);
    hl_raster_frame f;
    hl_raster_sink sink = {.grad = &s.grad, .feature_grad = s.feature_grad, .stats = &s.stats};
    check_ok(hl_raster_forward(r, &s.splats, &s.view, &s.options, &f));
    check_ok(hl_raster_backward(r, &s.splats, &s.frame_grad, &sink));
    check_all(&s, &f, &sink, seed);
    hl_raster_destroy(&r);
    hl_arena_release(&s.arena);
}

static void any_magnitude(void **state)
{
    (void)state;
    for (int64_t k = 0; k < seed_count; k++)
        for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++)
            run_seed(first_seed + k, (hl_isa)isa);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        first_seed = strtoll(argv[1], NULL, 10);
        seed_count = strtoll(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_magnitude),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
