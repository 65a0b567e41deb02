/* SPDX-License-Identifier: MIT */
/* The table of cases on every backend: the CPU, the GPU's kernels run lane by lane on the
 * processor, and CUDA where there is a device.  Outputs and gradients against the double
 * reference.
 *
 *   test_backend_cases         test and grad
 *   test_backend_cases bench   milliseconds of forward and backward, for each case that passes
 *   test_backend_cases cuda    the GPU alone: for compute-sanitizer
 */
#define HL_REAL double
#include "core/timer.h"
#include "raster/backend.h"
#include "raster/cuda/raster_gpu.h"
#include "tests/backends/cases.h"
#include "tests/raster/twin.h"

static bool timed;

static hl_raster *create(const char *backend)
{
    hl_raster *r = NULL;
    const bool emulated = strcmp(backend, "emulated") == 0;
    const hl_status s = emulated
                            ? hl_raster_create_on(&r, hl_raster_backend_emulated(), HL_ISA_AUTO)
                            : hl_raster_create(&r, backend, HL_ISA_AUTO);
    if (s != HL_OK)
        print_message("skipped: %s\n", hl_last_error());
    return r;
}

static void measure(twin *t, hl_raster *r, const backend_case *c, const char *backend)
{
    double best[2] = {HUGE_VAL, HUGE_VAL};
    hl_raster_frame_grad g = {.alpha = t->d_alpha};
    memcpy(g.plane, t->d_plane, sizeof g.plane);
    for (int k = 0; k < 10; k++) {
        hl_raster_frame frame;
        hl_raster_sink sink = {.grad = &t->grad};
        const double start = hl_wall_seconds();
        check_ok(hl_raster_forward(r, &t->splats, &t->view, &t->options, &frame));
        const double middle = hl_wall_seconds();
        check_ok(hl_raster_backward(r, &t->splats, &g, &sink));
        best[0] = fmin(best[0], middle - start);
        best[1] = fmin(best[1], hl_wall_seconds() - middle);
    }
    print_message("%-9s %-26s forward %8.3f ms, backward %8.3f ms\n", backend, c->name,
                  best[0] * 1e3, best[1] * 1e3);
}

static void run_case(hl_raster *r, const backend_case *c, const char *backend)
{
    twin t;
    const scene_size size = {c->splats,   c->width,  c->height,
                             c->features, c->degree, c->antialiased};
    twin_create(&t, size, c->seed, c->extras);
    if (c->window)
        twin_window(&t);
    if (strcmp(backend, "cuda") == 0) { /* approximate exponentials and division */
        t.tolerance = 1e-3;
        t.tolerance_forward = 1e-3;
    }
    twin_compare_on(&t, r);
    if (timed)
        measure(&t, r, c, backend);
    hl_arena_release(&t.arena);
}

static void run_all(const char *backend, bool ordered)
{
    hl_raster *r = create(backend);
    if (!r)
        skip();
    hl_raster_deterministic(r, ordered);
    for (size_t k = 0; k < sizeof backend_cases / sizeof *backend_cases; k++)
        run_case(r, &backend_cases[k], backend);
    hl_raster_destroy(&r);
}

static void cpu(void **state)
{
    (void)state;
    run_all("cpu", false);
}

static void emulated(void **state)
{
    (void)state;
    run_all("emulated", false);
}

static void emulated_in_order(void **state)
{
    (void)state;
    run_all("emulated", true);
}

static void cuda(void **state)
{
    (void)state;
    run_all("cuda", false);
}

static void cuda_in_order(void **state)
{
    (void)state;
    run_all("cuda", true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu),
        cmocka_unit_test(emulated),
        cmocka_unit_test(emulated_in_order),
        cmocka_unit_test(cuda),
        cmocka_unit_test(cuda_in_order),
    };
    timed = argc > 1 && strcmp(argv[1], "bench") == 0;
    if (argc > 1 && strcmp(argv[1], "cuda") == 0)
        cmocka_set_test_filter("cuda*");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
