/* SPDX-License-Identifier: MIT */
#include "tests/sfm/blob_texture.h"

#include "core/rng.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { BLOBS = 900 };

void blob_texture_at(const blob_view *view, int32_t width, int32_t height, double x, double y,
                     double t[2])
{
    const double c = view->scale * cos(view->angle), s = view->scale * sin(view->angle);
    const double px = x - 0.5 * width, py = y - 0.5 * height;
    t[0] = c * px - s * py + view->tx;
    t[1] = s * px + c * py + view->ty;
}

void blob_texture_back(const blob_view *view, int32_t width, int32_t height, const double t[2],
                       double p[2])
{
    const double c = cos(view->angle) / view->scale, s = sin(view->angle) / view->scale;
    const double tx = t[0] - view->tx, ty = t[1] - view->ty;
    p[0] = c * tx + s * ty + 0.5 * width;
    p[1] = -s * tx + c * ty + 0.5 * height;
}

void blob_texture_render(hl_image8 *out, int32_t width, int32_t height, uint64_t seed,
                         const blob_view *view)
{
    hl_image sum;
    assert_int_equal(hl_image_create(&sum, width, height, 1), 0);
    assert_int_equal(hl_image8_create(out, width, height, 1), 0);
    for (int b = 0; b < BLOBS; b++) {
        hl_rng rng = hl_rng_at(seed, 0, (uint64_t)b, HL_RNG_TEST);
        const double centre[2] = {(double)hl_rng_uniform(&rng) * BLOB_SIDE,
                                  (double)hl_rng_uniform(&rng) * BLOB_SIDE};
        const double sigma = exp2(0.8 + 3.0 * (double)hl_rng_uniform(&rng)) / view->scale;
        const double height_of = (double)hl_rng_uniform(&rng) * 0.8 - 0.4;
        const double squeeze = 0.6 + 0.8 * (double)hl_rng_uniform(&rng);
        double p[2];
        blob_texture_back(view, width, height, centre, p);
        const double reach = 5 * sigma;
        const double ca = cos(view->angle), sa = sin(view->angle);
        for (int y = (int)fmax(0, p[1] - reach); y < fmin(height, p[1] + reach); y++)
            for (int x = (int)fmax(0, p[0] - reach); x < fmin(width, p[0] + reach); x++) {
                const double dx = x + 0.5 - p[0], dy = y + 0.5 - p[1];
                const double u = (ca * dx - sa * dy) / squeeze, v = (sa * dx + ca * dy) * squeeze;
                sum.data[y * width + x] +=
                    (float)(height_of * exp(-0.5 * (u * u + v * v) / (sigma * sigma)));
            }
    }
    for (int k = 0; k < width * height; k++)
        out->data[k] = (uint8_t)lrint(255 * fmin(1, fmax(0, 0.5 + (double)sum.data[k])));
    hl_image_release(&sum);
}
