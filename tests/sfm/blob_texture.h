/* SPDX-License-Identifier: MIT */
/* tests/sfm/blob_texture.h -- a picture known as a function: Gaussian blobs of many sizes on grey,
 * seen through a similarity, so that where each feature must go is exact. */
#ifndef HL_TESTS_SFM_BLOB_TEXTURE_H
#define HL_TESTS_SFM_BLOB_TEXTURE_H

#include "core/image.h"

/* Texture point under a picture point: t = scale R(angle) (p - centre) + (tx, ty). */
typedef struct blob_view {
    double scale, angle, tx, ty;
} blob_view;

enum { BLOB_SIDE = 400 }; /* the texture covers 0..BLOB_SIDE in x and y */

/* The picture (height, width), 8 bits, 1 channel, of the texture of `seed`. */
void blob_texture_render(hl_image8 *out, int32_t width, int32_t height, uint64_t seed,
                         const blob_view *view);

/* Picture point, in pixels with the first centre at (0.5, 0.5), to texture point and back. */
void blob_texture_at(const blob_view *view, int32_t width, int32_t height, double x, double y,
                     double t[2]);
void blob_texture_back(const blob_view *view, int32_t width, int32_t height, const double t[2],
                       double p[2]);

#endif /* HL_TESTS_SFM_BLOB_TEXTURE_H */
