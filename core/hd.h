/* SPDX-License-Identifier: MIT */
/* core/hd.h -- the one macro that lets a math header serve C, CUDA and tests.
 *
 * A header built on HL_HD holds pure functions: no I/O, no allocation, no globals, no libc
 * beyond <math.h>.  The same text is compiled by the C11 compiler for the CPU backend, by nvcc
 * for the CUDA backend, and once more with HL_REAL=double for gradient checks.  Such headers keep
 * to the common subset of C and C++: no compound literals, no designated initialisers, no
 * `restrict`, and integer literals (2 * x, never 2.0f * x) so that the double build stays double.
 */
#ifndef HL_CORE_HD_H
#define HL_CORE_HD_H

#include <math.h>

#ifdef __CUDACC__
#define HL_HD static inline __host__ __device__
#else
#define HL_HD static inline
#endif

/* Before a loop that indexes small arrays: unrolled on a GPU, they stay in registers. */
#ifdef __CUDA_ARCH__
#define HL_HD_UNROLL _Pragma("unroll")
#else
#define HL_HD_UNROLL
#endif

#ifndef HL_REAL
#define HL_REAL float
#endif
typedef HL_REAL hl_real;

/* Type-following libm: a double call in a float build would cost a conversion and be slow. */
HL_HD hl_real hl_sqrt(hl_real x)
{
    return sizeof(hl_real) == sizeof(float) ? (hl_real)sqrtf((float)x) : (hl_real)sqrt((double)x);
}

HL_HD hl_real hl_exp(hl_real x)
{
    return sizeof(hl_real) == sizeof(float) ? (hl_real)expf((float)x) : (hl_real)exp((double)x);
}

HL_HD hl_real hl_ln(hl_real x)
{
    return sizeof(hl_real) == sizeof(float) ? (hl_real)logf((float)x) : (hl_real)log((double)x);
}

HL_HD hl_real hl_pow(hl_real x, hl_real y)
{
    return sizeof(hl_real) == sizeof(float) ? (hl_real)powf((float)x, (float)y)
                                            : (hl_real)pow((double)x, (double)y);
}

HL_HD hl_real hl_sin(hl_real x)
{
    return sizeof(hl_real) == sizeof(float) ? (hl_real)sinf((float)x) : (hl_real)sin((double)x);
}

HL_HD hl_real hl_cos(hl_real x)
{
    return sizeof(hl_real) == sizeof(float) ? (hl_real)cosf((float)x) : (hl_real)cos((double)x);
}

HL_HD hl_real hl_atan2(hl_real y, hl_real x)
{
    return sizeof(hl_real) == sizeof(float) ? (hl_real)atan2f((float)y, (float)x)
                                            : (hl_real)atan2((double)y, (double)x);
}

HL_HD hl_real hl_abs(hl_real x)
{
    return x < 0 ? -x : x;
}

HL_HD hl_real hl_min(hl_real a, hl_real b)
{
    return a < b ? a : b;
}

HL_HD hl_real hl_max(hl_real a, hl_real b)
{
    return a > b ? a : b;
}

HL_HD hl_real hl_clamp(hl_real x, hl_real lo, hl_real hi)
{
    return x < lo ? lo : (x > hi ? hi : x);
}

HL_HD hl_real hl_sigmoid(hl_real x)
{
    return 1 / (1 + hl_exp(-x));
}

HL_HD hl_real hl_logit(hl_real p)
{
    return hl_ln(p / (1 - p));
}

#endif /* HL_CORE_HD_H */
