/* SPDX-License-Identifier: MIT */
#include "datasets/synth/synth_noise.h"

#include <math.h>

#define LACUNARITY 2.03 /* not 2: keeps the lattices of the octaves from lining up */

uint32_t hl_synth_hash(int32_t x, int32_t y, int32_t z, uint32_t seed)
{
    /* Multiply and xor-shift (the finaliser of MurmurHash3, public domain). */
    uint32_t h = seed * 0x9e3779b1u ^ (uint32_t)x * 0x85ebca6bu ^ (uint32_t)y * 0xc2b2ae35u ^
                 (uint32_t)z * 0x27d4eb2fu;
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return h ^ (h >> 16);
}

double hl_synth_hash01(int32_t x, int32_t y, int32_t z, uint32_t seed)
{
    return (hl_synth_hash(x, y, z, seed) >> 8) * (1.0 / 16777216.0);
}

/* Dot product with one of the twelve edges of a cube. */
static double along_edge(uint32_t h, double x, double y, double z)
{
    static const signed char edge[12][3] = {{1, 1, 0}, {-1, 1, 0}, {1, -1, 0}, {-1, -1, 0},
                                            {1, 0, 1}, {-1, 0, 1}, {1, 0, -1}, {-1, 0, -1},
                                            {0, 1, 1}, {0, -1, 1}, {0, 1, -1}, {0, -1, -1}};
    const signed char *e = edge[((uint64_t)h * 12) >> 32];
    return e[0] * x + e[1] * y + e[2] * z;
}

static double fade(double t)
{
    return t * t * t * (t * (t * 6 - 15) + 10);
}

static double mix(double a, double b, double t)
{
    return a + t * (b - a);
}

double hl_synth_noise(const double p[3], uint32_t seed)
{
    const double fx = floor(p[0]), fy = floor(p[1]), fz = floor(p[2]);
    const int32_t ix = (int32_t)fx, iy = (int32_t)fy, iz = (int32_t)fz;
    const double x = p[0] - fx, y = p[1] - fy, z = p[2] - fz;
    double corner[8];
    for (int k = 0; k < 8; k++) {
        const int dx = k & 1, dy = (k >> 1) & 1, dz = k >> 2;
        corner[k] =
            along_edge(hl_synth_hash(ix + dx, iy + dy, iz + dz, seed), x - dx, y - dy, z - dz);
    }
    const double u = fade(x), v = fade(y), w = fade(z);
    return mix(mix(mix(corner[0], corner[1], u), mix(corner[2], corner[3], u), v),
               mix(mix(corner[4], corner[5], u), mix(corner[6], corner[7], u), v), w);
}

double hl_synth_fractal(const double p[3], int32_t octaves, double width, uint32_t seed)
{
    double sum = 0, amplitude = 1, frequency = 1;
    for (int32_t i = 0; i < octaves; i++) {
        /* Full strength down to four pixels per feature, none at two. */
        const double keep = fmin(1, 2 - 4 * width * frequency);
        if (keep <= 0)
            break;
        const double q[3] = {p[0] * frequency, p[1] * frequency, p[2] * frequency};
        sum += keep * amplitude * hl_synth_noise(q, seed + (uint32_t)i);
        amplitude *= 0.5;
        frequency *= LACUNARITY;
    }
    return sum;
}

hl_synth_cell hl_synth_cells(const double p[3], uint32_t seed)
{
    const double base[3] = {floor(p[0]), floor(p[1]), floor(p[2])};
    double first = HUGE_VAL, second = HUGE_VAL;
    uint32_t id = 0;
    for (int k = 0; k < 27; k++) {
        const int step[3] = {k % 3 - 1, k / 3 % 3 - 1, k / 9 - 1};
        const int32_t c[3] = {(int32_t)base[0] + step[0], (int32_t)base[1] + step[1],
                              (int32_t)base[2] + step[2]};
        const uint32_t h = hl_synth_hash(c[0], c[1], c[2], seed);
        const double x = c[0] + (h & 1023) / 1024.0 - p[0];
        const double y = c[1] + (h >> 10 & 1023) / 1024.0 - p[1];
        const double z = c[2] + (h >> 20 & 1023) / 1024.0 - p[2];
        const double square = x * x + y * y + z * z;
        if (square < first) {
            second = first;
            first = square;
            id = h;
        } else if (square < second) {
            second = square;
        }
    }
    const hl_synth_cell cell = {sqrt(first), (sqrt(second) - sqrt(first)) / 2, id};
    return cell;
}
