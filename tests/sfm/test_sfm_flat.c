/* SPDX-License-Identifier: MIT */
/* Photos that hold no depth: a turn on the spot with a focal length that nobody knows, the same
 * photo twice, black ones.  No model is made up, and each photo gets the reason. */
#include "core/memory.h"
#include "sfm/sfm.h"
#include "tests/check.h"
#include "tests/sfm/blob_texture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 4, WIDTH = 240, HEIGHT = 200, TEXTURE = 400 };
#define FOCAL 260.0

static uint8_t sample(const hl_image8 *t, double x, double y)
{
    const double cx = fmin(fmax(x - 0.5, 0), TEXTURE - 2), cy = fmin(fmax(y - 0.5, 0), TEXTURE - 2);
    const int32_t ix = (int32_t)cx, iy = (int32_t)cy;
    const double fx = cx - ix, fy = cy - iy;
    const uint8_t *p = t->data + (size_t)iy * TEXTURE + (size_t)ix;
    return (uint8_t)lround((1 - fy) * ((1 - fx) * p[0] + fx * p[1]) +
                           fy * ((1 - fx) * p[TEXTURE] + fx * p[TEXTURE + 1]));
}

/* The texture, one picture at distance FOCAL, seen after a turn by (yaw, pitch). */
static void save_turned(const hl_image8 *texture, double yaw, double pitch, const char *path)
{
    static uint8_t pixels[HEIGHT * WIDTH];
    const hl_image8 out = {.width = WIDTH, .height = HEIGHT, .channels = 1, .data = pixels};
    for (int32_t y = 0; y < HEIGHT; y++)
        for (int32_t x = 0; x < WIDTH; x++) {
            const double u = (x + 0.5 - WIDTH / 2.0) / FOCAL, v = (y + 0.5 - HEIGHT / 2.0) / FOCAL;
            const double ty = cos(pitch) * v - sin(pitch), z = sin(pitch) * v + cos(pitch);
            const double tx = cos(yaw) * u + sin(yaw) * z, tz = cos(yaw) * z - sin(yaw) * u;
            pixels[y * WIDTH + x] =
                sample(texture, FOCAL * tx / tz + TEXTURE / 2.0, FOCAL * ty / tz + TEXTURE / 2.0);
        }
    check_ok(hl_image8_save(&out, path));
}

static char paths[MOST][512];

static void name_files(const char *stem)
{
    for (int k = 0; k < MOST; k++) {
        char name[64];
        snprintf(name, sizeof name, "%s%d.png", stem, k);
        snprintf(paths[k], sizeof paths[k], "%s", hl_test_file(name));
    }
}

/* Runs on the first `count` files; the camera is a guess. */
static void expect_none(int32_t count, hl_map_reason reason)
{
    hl_camera guess = {
        .id = 1, .model = HL_CAMERA_SIMPLE_PINHOLE, .width = WIDTH, .height = HEIGHT};
    hl_view view[MOST];
    hl_sfm_result r;
    guess.params[0] = 1.2 * WIDTH;
    guess.params[1] = WIDTH / 2.0;
    guess.params[2] = HEIGHT / 2.0;
    memset(view, 0, sizeof view);
    for (int32_t i = 0; i < count; i++)
        view[i].image_path = view[i].name = paths[i];
    const hl_views views = {
        .view_count = count, .views = view, .camera_count = 1, .cameras = &guess};
    check_ok(hl_sfm_run(&r, &views, NULL));
    assert_int_equal(r.mapping.model_count, 0);
    for (int32_t i = 0; i < count; i++)
        assert_int_equal(r.mapping.fates[i].reason, reason);
    hl_sfm_result_release(&r);
}

static void a_turn_on_the_spot(void **state)
{
    (void)state;
    const blob_view whole = {1, 0, BLOB_SIDE / 2.0, BLOB_SIDE / 2.0};
    hl_image8 texture;
    blob_texture_render(&texture, TEXTURE, TEXTURE, 8, &whole);
    name_files("turn");
    for (int k = 0; k < MOST; k++)
        save_turned(&texture, 0.08 * k - 0.12, 0.05 * (k % 2), paths[k]);
    hl_image8_release(&texture);
    expect_none(MOST, HL_MAP_FLAT);
}

static void the_same_photo_twice(void **state)
{
    (void)state;
    const blob_view whole = {1, 0, BLOB_SIDE / 2.0, BLOB_SIDE / 2.0};
    hl_image8 texture;
    blob_texture_render(&texture, TEXTURE, TEXTURE, 8, &whole);
    name_files("same");
    for (int k = 0; k < 2; k++)
        save_turned(&texture, 0, 0, paths[k]);
    hl_image8_release(&texture);
    expect_none(2, HL_MAP_FLAT);
}

static void black_photos(void **state)
{
    (void)state;
    static uint8_t pixels[HEIGHT * WIDTH];
    const hl_image8 black = {.width = WIDTH, .height = HEIGHT, .channels = 1, .data = pixels};
    name_files("black");
    for (int k = 0; k < 3; k++)
        check_ok(hl_image8_save(&black, paths[k]));
    expect_none(3, HL_MAP_NO_KEYPOINTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_on_the_spot),
        cmocka_unit_test(the_same_photo_twice),
        cmocka_unit_test(black_photos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
