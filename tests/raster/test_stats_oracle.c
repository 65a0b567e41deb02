/* SPDX-License-Identifier: MIT */
/* Per-splat statistics of backward against a count over every pixel in double, in which dL/dalpha
 * comes from the sum over the later pairs written out, for each instruction set. */
#define HL_REAL double
#include "tests/raster/twin.h"

enum { PAIRS_MAX = 256 };

typedef struct brute {
    double *fragments, *weight, *grad_alpha, *grad_alpha_2, *grad, *grad_abs; /* grad*: (N, 2) */
    double *radius;
} brute;

typedef struct pair {
    int32_t splat;
    int clamped;
    double alpha, t, v, d[2];
} pair;

static double value_of(const hl_reference *s, int32_t i, size_t at)
{
    const size_t plane = (size_t)s->width * (size_t)s->height;
    double v = 0;
    for (int32_t p = 0; p < hl_reference_planes(s); p++)
        v += s->value[(size_t)i * HL_REFERENCE_PLANES + (size_t)p] *
             s->d_planes[(size_t)p * plane + at];
    return v;
}

static int collect(const hl_reference *s, int32_t x, int32_t y, pair *pairs)
{
    int n = 0;
    double t = 1;
    for (int32_t k = 0; k < s->count && s->order[k] >= 0; k++) {
        pair p = {.splat = s->order[k], .t = t};
        p.alpha = hl_reference_alpha(s, p.splat, x, y, p.d, &p.clamped);
        if (p.alpha <= 0)
            continue;
        if (t * (1 - p.alpha) < 1e-4)
            break;
        p.v = value_of(s, p.splat, (size_t)y * (size_t)s->width + (size_t)x);
        assert_true(n < PAIRS_MAX);
        pairs[n++] = p;
        t *= 1 - p.alpha;
    }
    return n;
}

static void count_pixel(const hl_reference *s, int32_t x, int32_t y, brute *b)
{
    pair pairs[PAIRS_MAX];
    const size_t at = (size_t)y * (size_t)s->width + (size_t)x;
    const size_t plane = (size_t)s->width * (size_t)s->height;
    const int n = collect(s, x, y, pairs);
    double behind = -s->d_alpha[at];
    for (size_t c = 0; c < 3; c++)
        behind += s->background[c] * s->d_planes[c * plane + at];
    behind *= n ? pairs[n - 1].t * (1 - pairs[n - 1].alpha) : 1;
    for (int k = 0; k < n; k++) {
        const pair *p = &pairs[k];
        double later = behind;
        for (int j = k + 1; j < n; j++)
            later += pairs[j].alpha * pairs[j].t * pairs[j].v;
        const double d_alpha = p->t * p->v - later / (1 - p->alpha);
        const int32_t i = p->splat;
        b->fragments[i] += 1;
        b->weight[i] += p->alpha * p->t;
        b->grad_alpha[i] += d_alpha;
        b->grad_alpha_2[i] += d_alpha * d_alpha;
        const double *k3 = s->footprint[i].conic;
        for (int c = 0; c < 2 && !p->clamped; c++) {
            const double g = d_alpha * p->alpha * (k3[c] * p->d[0] + k3[c + 1] * p->d[1]);
            b->grad[2 * i + c] += g;
            b->grad_abs[2 * i + c] += fabs(g);
        }
    }
}

static void count_all(hl_reference *s, hl_arena *arena, brute *b)
{
    const size_t n = (size_t)s->count;
    double **all[] = {&b->fragments, &b->weight, &b->grad_alpha, &b->grad_alpha_2,
                      &b->radius,    &b->grad,   &b->grad_abs};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        *all[k] = scene_reals(arena, 2 * n);
    hl_reference_forward(s);
    for (int32_t y = 0; y < s->height; y++)
        for (int32_t x = 0; x < s->width; x++)
            count_pixel(s, x, y, b);
    const double side = s->width > s->height ? s->width : s->height;
    for (int32_t i = 0; i < s->count; i++) {
        const hl_footprint *f = &s->footprint[i];
        const double gx = s->width / 2.0, gy = s->height / 2.0;
        b->grad[i] = hypot(b->grad[2 * i] * gx, b->grad[2 * i + 1] * gy);
        b->grad_abs[i] = hypot(b->grad_abs[2 * i] * gx, b->grad_abs[2 * i + 1] * gy);
        if (s->flags[i] >= 0)
            b->radius[i] = sqrt(2 * log(255 * f->opacity) * fmax(f->cov[0], f->cov[2])) / side;
    }
}

static void check_seen(const float *seen, const float *radius, const brute *b, int32_t n, int times)
{
    for (int32_t i = 0; i < n; i++) {
        assert_true(seen[i] == 0 || seen[i] == (float)times);
        if (b->fragments[i] > 0)
            assert_true(seen[i] == (float)times);
        const double got = (double)radius[i], want = seen[i] > 0 ? b->radius[i] : 0;
        check_close(&got, &want, 1, 1e-3, 1e-3);
    }
}

static void compare_stats(twin *t, const brute *b, hl_isa isa)
{
    hl_raster *r = NULL;
    if (hl_raster_create(&r, "cpu", isa) != HL_OK) {
        print_message("skipped: %s\n", hl_last_error());
        return;
    }
    const size_t n = (size_t)t->ref.count;
    float *a[8];
    for (int k = 0; k < 8; k++)
        a[k] = twin_floats(&t->arena, n);
    hl_raster_stats stats = {a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]};
    hl_raster_frame frame;
    hl_raster_frame_grad g = {.alpha = t->d_alpha};
    memcpy(g.plane, t->d_plane, sizeof g.plane);
    const int times = 2;
    for (int k = 0; k < times; k++) {
        hl_raster_sink sink = {.stats = &stats};
        check_ok(hl_raster_forward(r, &t->splats, &t->view, &t->options, &frame));
        check_ok(hl_raster_backward(r, &t->splats, &g, &sink));
    }
    double pairs = 0; /* hl_raster_count_pairs counts the same ones */
    for (size_t i = 0; i < n; i++)
        pairs += b->fragments[i];
    assert_true(fabs((double)hl_raster_count_pairs(r) - pairs) <= 2);
    check_seen(stats.seen, stats.radius, b, t->ref.count, times);
    float *sums[6] = {stats.fragments,    stats.weight,  stats.grad_alpha,
                      stats.grad_alpha_2, stats.grad_2d, stats.grad_2d_abs};
    const double *want[6] = {b->fragments,    b->weight, b->grad_alpha,
                             b->grad_alpha_2, b->grad,   b->grad_abs};
    static const char *const name[6] = {"fragments",    "weight",  "grad_alpha",
                                        "grad_alpha_2", "grad_2d", "grad_2d_abs"};
    for (int k = 0; k < 6; k++) {
        for (size_t i = 0; i < n; i++)
            sums[k][i] /= (float)times;
        twin_check(sums[k], want[k], n, 1e-4, name[k]);
    }
    hl_raster_destroy(&r);
}

static void run(scene_size size, uint64_t seed)
{
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        twin t;
        brute b;
        twin_create(&t, size, seed, 0);
        for (size_t i = 0; i < (size_t)size.splats; i += 3) /* some reach the clamp of alpha */
            ((double *)(uintptr_t)t.ref.logit_opa)[i] = (double)(t.splats.logit_opa[i] = 6);
        count_all(&t.ref, &t.arena, &b);
        compare_stats(&t, &b, (hl_isa)isa);
        hl_arena_release(&t.arena);
    }
}

static void colour_only(void **state)
{
    (void)state;
    run((scene_size){90, 50, 37, 0, 3, 0}, 31);
}

static void features_and_antialiasing(void **state)
{
    (void)state;
    run((scene_size){60, 33, 40, 3, 1, 1}, 32);
}

/* Only some arrays: the others must not be needed. */
static void a_few_of_them(void **state)
{
    (void)state;
    twin t;
    twin_create(&t, (scene_size){30, 20, 20, 0, 1, 0}, 33, 0);
    for (int which = 0; which < 8; which++) {
        hl_raster *r = NULL;
        hl_raster_frame frame;
        check_ok(hl_raster_create(&r, "cpu", HL_ISA_AUTO));
        float *a[8] = {NULL};
        a[which] = twin_floats(&t.arena, 30);
        hl_raster_stats stats = {a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]};
        hl_raster_frame_grad g = {.alpha = t.d_alpha};
        memcpy(g.plane, t.d_plane, sizeof g.plane);
        hl_raster_sink sink = {.stats = &stats};
        check_ok(hl_raster_forward(r, &t.splats, &t.view, &t.options, &frame));
        check_ok(hl_raster_backward(r, &t.splats, &g, &sink));
        double sum = 0;
        for (int i = 0; i < 30; i++)
            sum += fabs((double)a[which][i]);
        assert_true(isfinite(sum) && sum > 0);
        hl_raster_destroy(&r);
    }
    hl_arena_release(&t.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colour_only),
        cmocka_unit_test(features_and_antialiasing),
        cmocka_unit_test(a_few_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
