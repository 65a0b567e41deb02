/* SPDX-License-Identifier: MIT */
/* datasets/synth/synth_noise.h -- lattice noise in double: gradient noise, fractal sums, cells.
 *
 * Hashes are integer arithmetic only, so that the same seed gives the same picture everywhere.
 * Gradient noise: Perlin 2002 (quintic fade, twelve edge directions).  Cells: Worley 1996.
 * Pure functions.
 */
#ifndef HL_DATASETS_SYNTH_NOISE_H
#define HL_DATASETS_SYNTH_NOISE_H

#include <stdint.h>

/* 32 well-mixed bits of a lattice point. */
uint32_t hl_synth_hash(int32_t x, int32_t y, int32_t z, uint32_t seed);

/* The same as a number in [0, 1). */
double hl_synth_hash01(int32_t x, int32_t y, int32_t z, uint32_t seed);

/* In about [-1, 1], mean 0, feature size 1. */
double hl_synth_noise(const double p[3], uint32_t seed);

/* Sum of `octaves` noises, each twice as fine and half as strong; about [-1, 1].
 *
 *   width   side of a pixel in the unit of p: octaves finer than two pixels fade out, so that
 *           pictures from near and far agree and nothing shimmers */
double hl_synth_fractal(const double p[3], int32_t octaves, double width, uint32_t seed);

typedef struct hl_synth_cell {
    double nearest; /* distance to the nearest feature point      */
    double border;  /* half the gap between the two nearest: 0 on the edge between two cells */
    uint32_t id;    /* hash of the nearest cell                   */
} hl_synth_cell;

hl_synth_cell hl_synth_cells(const double p[3], uint32_t seed);

#endif /* HL_DATASETS_SYNTH_NOISE_H */
