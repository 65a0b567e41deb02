/* SPDX-License-Identifier: MIT */
/* core/rng.h -- counter-based random numbers: a pure function of (seed, step, element, purpose).
 *
 * No generator state survives between steps, so checkpoints need none and results do not depend
 * on the order in which elements are visited.  The key is mixed by SplitMix64 (Steele et al.
 * 2014) into the state and stream of a PCG32 (O'Neill 2014, XSH-RR).
 */
#ifndef HL_CORE_RNG_H
#define HL_CORE_RNG_H

#include "core/hd.h"

#include <stdint.h>

typedef struct hl_rng {
    uint64_t state;
    uint64_t stream; /* odd */
} hl_rng;

/* What a stream is for; two purposes never share numbers. */
typedef enum hl_rng_purpose {
    HL_RNG_TEST = 1,
    HL_RNG_VIEW_ORDER,
    HL_RNG_BACKGROUND,
    HL_RNG_REFINE,
    HL_RNG_NOISE,
    HL_RNG_INIT,
    HL_RNG_SYNTH,
    HL_RNG_BENCH,
    HL_RNG_SFM,
    HL_RNG_RANSAC,
    HL_RNG_POSITIONS,
    HL_RNG_LIGHT,
    HL_RNG_FIT,
    HL_RNG_NEIGHBOUR,
    HL_RNG_BAKE
} hl_rng_purpose;

HL_HD uint64_t hl_rng_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

HL_HD uint32_t hl_rng_u32(hl_rng *rng)
{
    const uint64_t old = rng->state;
    rng->state = old * 6364136223846793005u + rng->stream;
    const uint32_t xored = (uint32_t)(((old >> 18) ^ old) >> 27);
    const uint32_t rot = (uint32_t)(old >> 59);
    return (xored >> rot) | (xored << ((32 - rot) & 31));
}

HL_HD hl_rng hl_rng_at(uint64_t seed, uint64_t step, uint64_t element, hl_rng_purpose purpose)
{
    hl_rng rng;
    const uint64_t key = hl_rng_mix(hl_rng_mix(seed ^ ((uint64_t)purpose << 56)) + step);
    rng.state = hl_rng_mix(key + element);
    rng.stream = hl_rng_mix(rng.state ^ key) | 1u;
    hl_rng_u32(&rng);
    return rng;
}

/* Uniform in [0, 1), 24 bits. */
HL_HD hl_real hl_rng_uniform(hl_rng *rng)
{
    return (hl_real)(hl_rng_u32(rng) >> 8) * (hl_real)(1.0 / 16777216.0);
}

/* Standard normal by Box and Muller; takes two numbers from the stream. */
HL_HD hl_real hl_rng_normal(hl_rng *rng)
{
    const hl_real u = 1 - hl_rng_uniform(rng); /* in (0, 1] */
    const hl_real v = hl_rng_uniform(rng);
    return hl_sqrt(-2 * hl_ln(u)) * hl_cos((hl_real)6.283185307179586 * v);
}

/* Uniform in 0 .. n-1 (n > 0), by multiplication; bias below n / 2^32. */
HL_HD uint32_t hl_rng_below(hl_rng *rng, uint32_t n)
{
    return (uint32_t)(((uint64_t)hl_rng_u32(rng) * n) >> 32);
}

#endif /* HL_CORE_RNG_H */
