/* SPDX-License-Identifier: MIT */
/* raster/constants.h -- every constant of projection and blending, named once for all backends.
 *
 * A trainer and a viewer that differ in one of these show different pictures.
 */
#ifndef HL_RASTER_CONSTANTS_H
#define HL_RASTER_CONSTANTS_H

#define HL_TILE          16   /* pixels: side of a raster tile                                */
#define HL_CLUSTER       128  /* splats: unit of culling and of sparse Adam                   */
#define HL_NEAR          0.01 /* scene units: nearer splats are dropped                       */
#define HL_FAR           1e18 /* scene units: farther ones too, before floats overflow        */
#define HL_ALPHA_MIN     (1.0 / 255) /* weaker pairs are skipped, weaker splats dropped         */
#define HL_T_STOP        1e-4 /* a pixel stops before the pair that takes T below this        */
#define HL_DILATION      0.3  /* px^2 added to the 2D covariance (Kerbl et al. 2023)          */
#define HL_DILATION_AA   0.1  /* px^2, with compensation (after Yu et al. 2024, Mip-Splatting) */
#define HL_DET_RATIO_MIN 1e-6 /* floor of the compensation's determinant ratio                */
#define HL_CLAMP_MARGIN  0.15 /* of the picture per side: clamp of the ray in the Jacobian    */
#define HL_MEDIAN_T      0.5  /* transmittance that defines the median depth                  */

/* Opaquer pairs are clamped: 1 - alpha stays invertible.  One value for the whole product; only a
 * test of pictures made under another rule compiles the reference with its own. */
#ifndef HL_ALPHA_MAX
#define HL_ALPHA_MAX 0.99
#endif

#endif /* HL_RASTER_CONSTANTS_H */
