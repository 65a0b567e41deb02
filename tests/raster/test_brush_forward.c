/* SPDX-License-Identifier: MIT */
/* Pictures made by another rasterizer (gsplat, as kept by Brush) against ours: the double reference
 * under their rule for the largest alpha, and each instruction set wherever ours and theirs agree.
 */
#define HL_REAL      double
#define HL_ALPHA_MAX 0.999 /* theirs; the backend is compiled with ours */
#include "core/file.h"
#include "core/json.h"
#include "raster/raster.h"
#include "tests/check.h"
#include "tests/raster/scene.h"

#include <string.h>

enum { WIDTH = 123, HEIGHT = 82, PIXELS = WIDTH * HEIGHT, SPLATS_MAX = 16 };

/* safetensors: u64 length of the header, a JSON header, then the tensors. */
typedef struct tensors {
    hl_file_map map;
    hl_json *header;
    const unsigned char *data;
    size_t bytes;
    int32_t count; /* splats */
} tensors;

static void tensors_open(tensors *t, const char *path)
{
    uint64_t length;
    check_ok(hl_file_map_open(&t->map, path));
    assert_true(t->map.size > sizeof length);
    memcpy(&length, t->map.bytes, sizeof length);
    assert_true(length < t->map.size - sizeof length);
    const char *text = (const char *)t->map.bytes + sizeof length;
    check_ok(hl_json_parse(&t->header, text, (size_t)length, path));
    t->data = (const unsigned char *)text + length;
    t->bytes = t->map.size - sizeof length - (size_t)length;
    double shape[2];
    check_ok(hl_json_need_numbers(hl_json_find(t->header, "means"), "shape", shape, 2, path));
    t->count = (int32_t)shape[0];
    assert_in_range(t->count, 1, SPLATS_MAX);
}

/* `n` floats of the tensor `name`. */
static void tensor_read(const tensors *t, const char *name, size_t n, float *out)
{
    double at[2];
    const hl_json *node = hl_json_find(t->header, name);
    check_ok(hl_json_need_numbers(node, "data_offsets", at, 2, name));
    assert_true(at[0] >= 0 && at[1] <= (double)t->bytes);
    assert_true(at[1] - at[0] == (double)(n * sizeof(float)));
    memcpy(out, t->data + (size_t)at[0], n * sizeof(float));
}

static void tensors_close(tensors *t)
{
    hl_json_destroy(&t->header);
    hl_file_map_close(&t->map);
}

typedef struct golden {
    hl_arena arena;
    hl_splats splats;
    hl_reference ref;
    float picture[PIXELS][4]; /* r g b alpha */
    unsigned char comparable[PIXELS];
} golden;

static double *in_double(hl_arena *arena, const float *from, size_t n)
{
    double *out = scene_reals(arena, n);
    for (size_t i = 0; i < n; i++)
        out[i] = (double)from[i];
    return out;
}

static void golden_load(golden *g, const char *path)
{
    tensors t = {.count = 0};
    memset(g, 0, sizeof *g);
    hl_arena_init(&g->arena, 0, 0);
    tensors_open(&t, path);
    const size_t n = (size_t)t.count;
    check_ok(hl_splats_init(&g->splats, &g->arena, t.count));
    g->splats.count = t.count;
    g->splats.sh_degree = 3;
    float coeffs[SPLATS_MAX * 48];
    tensor_read(&t, "means", 3 * n, g->splats.mean);
    tensor_read(&t, "scales", 3 * n, g->splats.log_scale);
    tensor_read(&t, "quats", 4 * n, g->splats.quat);
    tensor_read(&t, "opacities", n, g->splats.logit_opa);
    tensor_read(&t, "coeffs", 48 * n, coeffs);
    tensor_read(&t, "out_img", (size_t)4 * PIXELS, g->picture[0]);
    tensors_close(&t);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 48; k++) /* theirs: [coeff][rgb] */
            g->splats.sh[48 * i + k] = coeffs[48 * i + k % 16 * 3 + k / 16];
}

static const double centre[3] = {0.123, 0.456, -8.0};

static void golden_reference(golden *g)
{
    hl_reference *s = &g->ref;
    const scene_size size = {g->splats.count, WIDTH, HEIGHT, 0, 3, 0};
    const size_t n = (size_t)g->splats.count;
    s->count = g->splats.count;
    s->width = WIDTH;
    s->height = HEIGHT;
    s->sh_degree = 3;
    s->mean = in_double(&g->arena, g->splats.mean, 3 * n);
    s->log_scale = in_double(&g->arena, g->splats.log_scale, 3 * n);
    s->quat = in_double(&g->arena, g->splats.quat, 4 * n);
    s->logit_opa = in_double(&g->arena, g->splats.logit_opa, n);
    s->sh = in_double(&g->arena, g->splats.sh, 48 * n);
    scene_memory(s, &g->arena, &size);
    const double wh[2] = {WIDTH, HEIGHT}, k[4] = {61.5, 61.5, 61.5, 41};
    const double r[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, t[3] = {-centre[0], -centre[1], -centre[2]};
    hl_projector_init(&s->projector, wh, k, r, t, 0);
    hl_reference_forward(s);
    for (int32_t at = 0; at < PIXELS; at++) {
        double d[2];
        int clamped;
        g->comparable[at] = 1;
        for (int32_t i = 0; i < s->count; i++)
            if (s->flags[i] >= 0 &&
                hl_reference_alpha(s, i, at % WIDTH, at / WIDTH, d, &clamped) > 0.99)
                g->comparable[at] = 0;
    }
}

static double worst(double now, double a, double b)
{
    return fabs(a - b) > now ? fabs(a - b) : now;
}

static double reference_error(const golden *g)
{
    double error = 0;
    for (size_t at = 0; at < PIXELS; at++) {
        for (size_t c = 0; c < 3; c++)
            error = worst(error, g->ref.planes[c * PIXELS + at], (double)g->picture[at][c]);
        error = worst(error, 1 - g->ref.transmittance[at], (double)g->picture[at][3]);
    }
    return error;
}

static double backend_error(golden *g, hl_raster *r)
{
    const hl_raster_view view = {
        .width = WIDTH,
        .height = HEIGHT,
        .fx = 61.5f,
        .fy = 61.5f,
        .cx = 61.5f,
        .cy = 41,
        .r = {1, 0, 0, 0, 1, 0, 0, 0, 1},
        .t = {-(float)centre[0], -(float)centre[1], -(float)centre[2]},
    };
    const hl_raster_options options = {.sh_degree = 3};
    hl_raster_frame f;
    double error = 0;
    check_ok(hl_raster_forward(r, &g->splats, &view, &options, &f));
    for (size_t i = 0; i < PIXELS; i++) {
        const size_t at = i / WIDTH * (size_t)f.stride + i % WIDTH;
        for (size_t c = 0; c < 3 && g->comparable[i]; c++)
            error = worst(error, (double)f.plane[c][at], (double)g->picture[i][c]);
        if (g->comparable[i])
            error = worst(error, 1 - (double)f.transmittance[at], (double)g->picture[i][3]);
    }
    return error;
}

static void compare(const char *name)
{
    static golden g;
    golden_load(&g, hl_test_data(name));
    golden_reference(&g);
    int32_t compared = 0;
    double light = 0;
    for (int32_t i = 0; i < PIXELS; i++) {
        compared += g.comparable[i];
        light += (double)g.picture[i][3];
    }
    const double error = reference_error(&g);
    print_message("%s: %d splats, reference differs by %.2g; %d of %d pixels free of the clamp\n",
                  name, g.splats.count, error, compared, PIXELS);
    assert_true(light > 50); /* there is something to see */
    assert_true(error <= 1e-5);
    assert_true(compared > PIXELS * 9 / 10);
    for (int isa = HL_ISA_PLAIN; isa <= HL_ISA_AVX512; isa++) {
        hl_raster *r = NULL;
        if (hl_raster_create(&r, "cpu", (hl_isa)isa) != HL_OK) {
            print_message("skipped: %s\n", hl_last_error());
            continue;
        }
        const double off = backend_error(&g, r);
        print_message("%s: %s differs by %.2g\n", name, hl_raster_isa_name(r), off);
        hl_raster_destroy(&r);
        assert_true(off <= 1e-5);
    }
    hl_arena_release(&g.arena);
}

static void four_splats(void **state)
{
    (void)state;
    compare("reference/brush_forward/tiny_case.safetensors");
}

static void sixteen_splats(void **state)
{
    (void)state;
    compare("reference/brush_forward/basic_case.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_splats),
        cmocka_unit_test(sixteen_splats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
