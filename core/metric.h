/* SPDX-License-Identifier: MIT */
/* core/metric.h -- how far a picture is from the truth.
 *
 * Images of equal size and channels, values in [0, 1] (8-bit pictures divided by 255: that is
 * what published numbers compare).  Sums run in a fixed order: same bytes for any thread count.
 */
#ifndef HL_CORE_METRIC_H
#define HL_CORE_METRIC_H

#include "core/image.h"

/* Window of SSIM: 11 taps, Gaussian sigma 1.5, zero padding, C1 = 1e-4, C2 = 9e-4 (Wang et al.
 * 2004 with the constants of Kerbl et al. 2023's code). */
#define HL_SSIM_TAPS  11
#define HL_SSIM_SIGMA 1.5
#define HL_SSIM_C1    1e-4
#define HL_SSIM_C2    9e-4

/* Mean over all pixels and channels.  mask (height, width) of 0 / non-zero or NULL: pixels with 0
 * are left out.  Errors: HL_E_ARG on differing shapes. */
hl_status hl_metric_mse(double *out, const hl_image *a, const hl_image *b, const uint8_t *mask);

/* 10 log10(1 / mse); +infinity for equal images is reported as 100. */
double hl_metric_psnr(double mse);

hl_status hl_metric_ssim(double *out, const hl_image *a, const hl_image *b);
/* Over the windows that lie inside the picture alone: what scikit-image and TensoIR's code average.
 * HL_E_ARG where none does. */
hl_status hl_metric_ssim_valid(double *out, const hl_image *a, const hl_image *b);

/* LPIPS v0.1 with SqueezeNet 1.1 weights from a safetensors file of the user (Zhang et al. 2018).
 * NULL handle and a reason where the file is absent: the caller reports null. */
typedef struct hl_lpips hl_lpips;
hl_status hl_lpips_load(hl_lpips **out, const char *path);
void hl_lpips_destroy(hl_lpips **lpips);
/* RGB images, at least 32 pixels a side. */
hl_status hl_lpips_distance(double *out, const hl_lpips *lpips, const hl_image *a,
                            const hl_image *b);

#endif /* HL_CORE_METRIC_H */
