/* SPDX-License-Identifier: MIT */
/* PLY files as other programs write them: any order, any type, any encoding, any extras. */
#include "core/splat_io.h"
#include "tests/core/splat_scene.h"

#include <math.h>
#include <stdio.h>

static hl_arena arena;

static int start(void **state)
{
    (void)state;
    hl_arena_init(&arena, 0, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hl_arena_release(&arena);
    return 0;
}

/* A file under construction. */
typedef struct file {
    unsigned char bytes[16384];
    size_t size;
} file;

static void put(file *f, const void *bytes, size_t n)
{
    assert_true(f->size + n <= sizeof f->bytes);
    memcpy(f->bytes + f->size, bytes, n);
    f->size += n;
}

static void text(file *f, const char *line)
{
    put(f, line, strlen(line));
}

static hl_status load(const file *f, hl_splats *s, hl_splat_info *info)
{
    return hl_splats_load(s, &arena, hl_test_write("v.ply", f->bytes, f->size), info);
}

#define REQUIRED                                                                    \
    "property float x\nproperty float y\nproperty float z\nproperty float f_dc_0\n" \
    "property float f_dc_1\nproperty float f_dc_2\nproperty float opacity\n"        \
    "property float scale_0\nproperty float scale_1\nproperty float scale_2\n"      \
    "property float rot_0\nproperty float rot_1\nproperty float rot_2\nproperty float rot_3\n"

static const char row1[] = "1 2 3 0.1 0.2 0.3 0.4 -1 -2 -3 1 0.5 0.25 0.125\n";
static const float want1[14] = {1,  2,  3,  0.1f, 0.2f, 0.3f,  0.4f,
                                -1, -2, -3, 1,    0.5f, 0.25f, 0.125f};

static void check_row1(const hl_splats *s, int32_t i)
{
    check_close(s->mean + 3 * i, want1, 3, 1e-7, 0);
    for (int ch = 0; ch < 3; ch++)
        check_close(s->sh + 48 * i + 16 * ch, want1 + 3 + ch, 1, 1e-7, 0);
    check_close(s->logit_opa + i, want1 + 6, 1, 1e-7, 0);
    check_close(s->log_scale + 3 * i, want1 + 7, 3, 1e-7, 0);
    check_close(s->quat + 4 * i, want1 + 10, 4, 1e-7, 0);
}

static void ascii_with_carriage_returns(void **state)
{
    (void)state;
    file f = {.size = 0};
    text(&f, "ply\r\nformat ascii 1.0\r\ncomment by hand\r\nobj_info x\r\nelement vertex 1\r\n");
    for (const char *p = REQUIRED; *p; p++) {
        if (*p == '\n')
            text(&f, "\r");
        put(&f, p, 1);
    }
    text(&f, "end_header\r\n");
    text(&f, row1);
    hl_splats s;
    hl_splat_info info;
    check_ok(load(&f, &s, &info));
    assert_int_equal(s.count, 1);
    assert_string_equal(info.encoding, "ascii");
    check_row1(&s, 0);
    f.size--; /* the last line break may be missing */
    check_ok(load(&f, &s, &info));
    check_row1(&s, 0);
}

static void put_big(file *f, uint64_t bits, int bytes)
{
    for (int b = bytes - 1; b >= 0; b--) {
        const unsigned char c = (unsigned char)(bits >> 8 * b & 0xff);
        put(f, &c, 1);
    }
}

/* Every scalar type, other order, big-endian, lists in front, unknown columns between. */
static void any_order_and_type(void **state)
{
    (void)state;
    file f = {.size = 0};
    text(&f, "ply\nformat binary_big_endian 1.0\nelement face 2\n"
             "property list uchar int vertex_indices\nproperty float area\n"
             "element empty 7\nelement vertex 1\n"
             "property float64 rot_3\nproperty double rot_2\nproperty float rot_1\n"
             "property char rot_0\nproperty int16 scale_2\nproperty short scale_1\n"
             "property int32 scale_0\nproperty uchar albedo_0\nproperty float32 opacity\n"
             "property float f_dc_2\nproperty float f_dc_1\nproperty float f_dc_0\n"
             "property ushort z\nproperty uint y\nproperty uint8 x\nproperty uint16 confidence\n"
             "end_header\n");
    put_big(&f, 3, 1); /* a face of three corners */
    for (int i = 0; i < 4; i++)
        put_big(&f, (uint64_t)i, 4);
    put_big(&f, 0, 1); /* and one of none */
    put_big(&f, 0, 4);
    const double d[2] = {0.125, 0.25};
    uint64_t bits[2];
    memcpy(bits, d, sizeof bits);
    put_big(&f, bits[0], 8);
    put_big(&f, bits[1], 8);
    uint32_t b;
    const float h = 0.5f;
    memcpy(&b, &h, 4);
    put_big(&f, b, 4);
    put_big(&f, 1, 1);
    put_big(&f, (uint64_t)-3 & 0xffff, 2);
    put_big(&f, (uint64_t)-2 & 0xffff, 2);
    put_big(&f, (uint64_t)-1 & 0xffffffff, 4);
    put_big(&f, 9, 1);
    for (int k = 6; k >= 3; k--) {
        memcpy(&b, &want1[k == 6 ? 6 : k], 4);
        put_big(&f, b, 4);
    }
    put_big(&f, 3, 2);
    put_big(&f, 2, 4);
    put_big(&f, 1, 1);
    put_big(&f, 77, 2);
    hl_splats s;
    hl_splat_info info;
    check_ok(load(&f, &s, &info));
    check_row1(&s, 0);
    assert_int_equal(info.columns_skipped, 2);
    assert_string_equal(info.skipped, "albedo_0, confidence");
    f.size -= 1;
    check_fails(load(&f, &s, &info), "ends in element vertex at row 0 of 1");
    f.size = f.size - 50;
    check_fails(load(&f, &s, &info), "truncated");
}

static void columns_of_sh(void **state)
{
    (void)state;
    static const int counts[] = {0, 9, 24, 45, 72, 1, 8, 12, 48, 75};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        const int n = counts[c];
        file f = {.size = 0};
        text(&f, "ply\nformat ascii 1.0\nelement vertex 1\n" REQUIRED);
        for (int k = 0; k < n; k++) {
            char line[40];
            snprintf(line, sizeof line, "property float f_rest_%d\n", k);
            text(&f, line);
        }
        text(&f, "end_header\n");
        put(&f, row1, sizeof row1 - 2);
        for (int k = 0; k < n; k++) {
            char word[16];
            snprintf(word, sizeof word, " %d", k + 1);
            text(&f, word);
        }
        hl_splats s;
        hl_splat_info info;
        if (c >= 5) {
            check_fails(load(&f, &s, &info), "expected 0, 9, 24, 45 or 72");
            continue;
        }
        check_ok(load(&f, &s, &info));
        assert_int_equal(info.sh_degree, (int)c);
        assert_int_equal(s.sh_degree, c < 4 ? (int)c : 3);
        assert_int_equal(strstr(info.warnings, "cut to 3") != NULL, c == 4);
        for (int ch = 0; ch < 3; ch++)
            for (int k = 1; k < 16; k++) {
                const float want = k <= n / 3 ? (float)(ch * (n / 3) + k) : 0;
                assert_true(fabsf(s.sh[16 * ch + k] - want) < 1e-6f);
            }
    }
    file f = {.size = 0};
    text(&f, "ply\nformat ascii 1.0\nelement vertex 1\n" REQUIRED
             "property float f_rest_0\nproperty float f_rest_2\nend_header\n");
    hl_splats s;
    check_fails(load(&f, &s, NULL), "f_rest_1 is missing");
}

static void tags_and_substitutes(void **state)
{
    (void)state;
    hl_splats s;
    hl_splat_info info;
    file f = {.size = 0};
    text(&f, "ply\nformat ascii 1.0\ncomment antialiased 1\ncomment Vertical Axis: z\n"
             "element vertex 1\n" REQUIRED "property float nx\nend_header\n");
    put(&f, row1, sizeof row1 - 2);
    text(&f, " 0\n");
    check_ok(load(&f, &s, &info));
    assert_true(s.antialiased && info.antialiased);
    assert_non_null(strstr(info.warnings, "z is up"));
    assert_int_equal(info.columns_skipped, 0);

    f.size = 0; /* nerfstudio's rgb mode, and 2D splats without a third axis */
    text(&f, "ply\nformat ascii 1.0\ncomment SplatRenderMode: default\nelement vertex 1\n"
             "property float x\nproperty float y\nproperty float z\nproperty uchar red\n"
             "property uchar green\nproperty uchar blue\nproperty float opacity\n"
             "property float scale_0\nproperty float scale_1\nproperty float rot_0\n"
             "property float rot_1\nproperty float rot_2\nproperty float rot_3\nend_header\n"
             "1 2 3 255 0 51 0.4 -1 -2 1 0.5 0.25 0.125\n");
    check_ok(load(&f, &s, &info));
    assert_false(s.antialiased);
    const float dc[3] = {0.5f / 0.28209479f, -0.5f / 0.28209479f, -0.3f / 0.28209479f};
    for (int ch = 0; ch < 3; ch++)
        check_close(s.sh + 16 * ch, dc + ch, 1, 1e-6, 0);
    assert_true(fabsf(s.log_scale[2] - (-2 + logf(0.001f))) < 1e-5f);
    assert_non_null(strstr(info.warnings, "no scale_2"));
    assert_non_null(strstr(info.warnings, "no f_dc"));
}

static void rows_that_are_not_finite(void **state)
{
    (void)state;
    hl_splats s;
    hl_splat_info info;
    file f = {.size = 0};
    text(&f, "ply\nformat ascii 1.0\nelement vertex 6\n" REQUIRED "end_header\n");
    text(&f, "nan 2 3 0 0 0 0 -1 -1 -1 1 0 0 0\n");
    text(&f, row1);
    text(&f, "1 2 3 0 0 0 inf -1 -1 -1 1 0 0 0\n");
    text(&f, "1 2 3 0 0 1e99 0 -1 -1 -1 1 0 0 0\n");
    text(&f, "1 2 3 0 0 0 -inf -1 -1 -1 0 0 0 0\n");
    text(&f, "1 2 3 0 0 0 nan -1 -1 -1 1 0 0 0\n");
    check_ok(load(&f, &s, &info));
    assert_int_equal(info.count, 6);
    assert_int_equal(info.dropped, 3);
    assert_int_equal(s.count, 3);
    check_row1(&s, 0);
    assert_true(s.logit_opa[1] > 15 && s.logit_opa[1] < 17);
    assert_true(s.logit_opa[2] < -15 && s.logit_opa[2] > -17);
    assert_true(s.quat[8] == 1);
    assert_string_equal(info.warnings, "3 splats with a value that is not finite were dropped; "
                                       "2 infinite opacities were clamped; "
                                       "1 quaternions of zero became 1");
    f.size = 0;
    text(&f, "ply\nformat ascii 1.0\nelement vertex 1\n" REQUIRED "end_header\n");
    text(&f, "nan 2 3 0 0 0 0 -1 -1 -1 1 0 0 0\n");
    check_fails(load(&f, &s, &info), "none of the 1 splats is finite");
}

static void points_are_recognised(void **state)
{
    (void)state;
    file f = {.size = 0};
    text(&f, "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
             "property double z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
             "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
             "0 1 2 10 20 30\n3 nan 5 1 2 3\n6 7 8 255 0 128\n3 0 1 2\n");
    hl_splats s;
    hl_splat_info info;
    check_fails(load(&f, &s, &info), "a point cloud of 3 points, not splats");
    const char *path = hl_test_file("v.ply");
    check_ok(hl_splats_probe(&info, path));
    assert_true(info.point_cloud);
    assert_int_equal(info.count, 3);
    assert_string_equal(info.kind, "point cloud");
    hl_points p;
    check_ok(hl_points_load(&p, &arena, path));
    assert_int_equal(p.count, 2);
    const float want[6] = {0, 1, 2, 6, 7, 8};
    const uint8_t colors[6] = {10, 20, 30, 255, 0, 128};
    check_close(p.position, want, 6, 1e-7, 0);
    assert_memory_equal(p.color, colors, 6);

    f.size = 0;
    text(&f, "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
             "property float z\nproperty float red\nproperty float green\nproperty float blue\n"
             "end_header\n1 1 1 0 0.5 1\n");
    check_ok(hl_points_load(&p, &arena, hl_test_write("v.ply", f.bytes, f.size)));
    assert_true(p.color[0] == 0 && p.color[1] == 128 && p.color[2] == 255);
    f.size = 0;
    text(&f, "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
             "property float z\nend_header\nnan 1 1\n");
    check_fails(hl_points_load(&p, &arena, hl_test_write("v.ply", f.bytes, f.size)),
                "none of the 1 points");
    check_fails(hl_points_load(&p, &arena, hl_test_write("n.ply", "PK\3\4", 4)),
                "expected a PLY header");
}

typedef struct bad {
    const char *text, *sentence;
} bad;

static void bad_headers_get_one_sentence(void **state)
{
    (void)state;
    static const bad cases[] = {
        {"ply\n", "no end_header"},
        {"ply\nend_header\n", "no format line"},
        {"ply\nformat ascii 1.0\nend_header\n", "no element vertex"},
        {"ply\nformat binary_middle 1.0\n", "line 2: expected ascii"},
        {"ply\nformat ascii 1.0\nelement vertex\n", "line 3: expected an element's name"},
        {"ply\nformat ascii 1.0\nelement vertex -1\n", "found \"-1\""},
        {"ply\nformat ascii 1.0\nelement vertex 1e3\n", "found \"1e3\""},
        {"ply\nformat ascii 1.0\nelement vertex 99999999999999999999\n", "expected an element"},
        {"ply\nformat ascii 1.0\nproperty float x\n", "before any element"},
        {"ply\nformat ascii 1.0\nelement vertex 1\nproperty quad x\n", "found \"quad\""},
        {"ply\nformat ascii 1.0\nelement vertex 1\nproperty float\n", "a property's name"},
        {"ply\nformat ascii 1.0\nelement vertex 1\nproperty list float int x\n", "integer type"},
        {"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty int x\n", "twice"},
        {"ply\nformat ascii 1.0\nvertex 1\n", "found \"vertex\""},
        {"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n1\n",
         "lacks the columns y, z, f_dc_0"},
        {"ply\nformat ascii 1.0\nelement vertex 1\n" REQUIRED
         "property list uchar int k\nend_header\n",
         "property k is a list"},
        {"ply\nformat ascii 1.0\nelement vertex 1\n" REQUIRED "end_header\n1 2 3 zero\n",
         "truncated"},
        {"ply\nformat ascii 1.0\nelement vertex 1\n" REQUIRED
         "end_header\n1 2 3 zero 0 0 0 -1 -1 -1 1 0 0 0\n",
         "property f_dc_0: expected a number, found \"zero\""},
        {"ply\nformat ascii 1.0\nelement vertex 1\n" REQUIRED
         "end_header\n1 2 3 1\001\033x 0 0 0 -1 -1 -1 1 0 0 0\n",
         "found \"1??x\""},
        {"ply\nformat ascii 1.0\nelement vertex 2000000000\n" REQUIRED "end_header\n1 2 3\n",
         "truncated"},
        {"ply\nformat binary_little_endian 1.0\nelement vertex 999999999999999999\n" REQUIRED
         "end_header\n1 2 3\n",
         "truncated"},
        {"ply\nformat ascii 1.0\nelement a 999999999999999\nproperty list int int b\n"
         "element vertex 1\n" REQUIRED "end_header\n1000000000000 2 3\n",
         "ends in element a"},
        {"ply\nformat binary_big_endian 1.0\nelement a 9\nproperty list uint double b\n"
         "element vertex 1\n" REQUIRED "end_header\n\xff\xff\xff\xff 2 3\n",
         "ends in element a"},
        {"ply\nformat ascii 1.0\nelement vertex 99999999999\nend_header\n", "lacks the columns"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        file f = {.size = 0};
        hl_splats s;
        text(&f, cases[i].text);
        check_fails(load(&f, &s, NULL), cases[i].sentence);
        assert_non_null(strstr(hl_last_error(), "v.ply: "));
    }
}

static void headers_without_end_are_bounded(void **state)
{
    (void)state;
    const size_t size = (size_t)1 << 20;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, 'x', size);
    memcpy(bytes, "ply\nformat ascii 1.0\ncomment ", 29);
    hl_splats s;
    const char *path = hl_test_write("long.ply", bytes, size);
    check_fails(hl_splats_load(&s, &arena, path, NULL), "no end_header in the first 262144");
    for (size_t i = 29; i + 9 < size; i += 9)
        memcpy(bytes + i, "\ncomment ", 9);
    path = hl_test_write("long.ply", bytes, size);
    check_fails(hl_splats_load(&s, &arena, path, NULL), "no end_header in the first 262144");
    free(bytes);

    file f = {.size = 0};
    text(&f, "ply\nformat ascii 1.0\nelement vertex 1\n");
    for (int i = 0; i < 600; i++) {
        char line[32];
        snprintf(line, sizeof line, "property char p%d\n", i);
        text(&f, line);
    }
    check_fails(load(&f, &s, NULL), "more than 512 properties");
    f.size = 0;
    text(&f, "ply\nformat ascii 1.0\n");
    for (int i = 0; i < 20; i++)
        text(&f, "element e 1\n");
    check_fails(load(&f, &s, NULL), "more than 16 elements");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ascii_with_carriage_returns, start, stop),
        cmocka_unit_test_setup_teardown(any_order_and_type, start, stop),
        cmocka_unit_test_setup_teardown(columns_of_sh, start, stop),
        cmocka_unit_test_setup_teardown(tags_and_substitutes, start, stop),
        cmocka_unit_test_setup_teardown(rows_that_are_not_finite, start, stop),
        cmocka_unit_test_setup_teardown(points_are_recognised, start, stop),
        cmocka_unit_test_setup_teardown(bad_headers_get_one_sentence, start, stop),
        cmocka_unit_test_setup_teardown(headers_without_end_are_bounded, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
