/* SPDX-License-Identifier: MIT */
/* core/io/half.h -- IEEE 754 binary16 to float, exact for every code. */
#ifndef HL_CORE_IO_HALF_H
#define HL_CORE_IO_HALF_H

#include <math.h>
#include <stdint.h>

static inline float hl_float_from_half(uint32_t half)
{
    const uint32_t exponent = half >> 10 & 31, mantissa = half & 1023;
    float value;
    if (exponent == 31)
        value = mantissa ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexpf((float)mantissa, -24);
    else
        value = ldexpf((float)(mantissa | 1024), (int)exponent - 25);
    return half & 0x8000 ? -value : value;
}

#endif /* HL_CORE_IO_HALF_H */
