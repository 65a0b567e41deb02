/* SPDX-License-Identifier: MIT */
/* radix_scatter.comp -- one pass of a stable least-significant-digit sort of keys and values.
 *
 * A group sorts its keys by the 8-bit digit in two rounds of 4 bits: every invocation counts its
 * 16 keys in a column of 16 counters, a scan over all columns gives each key its place.  Nothing
 * is assumed about subgroups.  (Satish et al. 2009, "Designing efficient sorting algorithms for
 * manycore GPUs", without their warp-synchronous steps.) */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) readonly buffer KeysIn { uint keys_in[]; };
layout(scalar, set = 0, binding = 1) readonly buffer ValuesIn { uint values_in[]; };
layout(scalar, set = 0, binding = 2) writeonly buffer KeysOut { uint keys_out[]; };
layout(scalar, set = 0, binding = 3) writeonly buffer ValuesOut { uint values_out[]; };
layout(scalar, set = 0, binding = 4) readonly buffer Counts { uint counts[]; };
layout(scalar, set = 0, binding = 5) readonly buffer Totals { uint totals[]; };
layout(push_constant, scalar) uniform Push {
    uint count;
    uint groups;
    uint shift;
};

const uint MINE = HL_RADIX_KEYS / HL_GROUP; /* keys of an invocation: 16 */
shared uint items[HL_RADIX_KEYS];           /* digit << 16 | place in the group's input */
shared uint columns[16 * HL_GROUP / 2];     /* (16, invocations) counters of 16 bits, in pairs */
shared uint sums[HL_GROUP];
shared uint begin[HL_RADIX_BINS]; /* of each digit's run in the output   */
shared uint head[HL_RADIX_BINS];  /* of each digit's run in the group    */

uint exclusive_scan(uint t, uint value)
{
    sums[t] = value;
    barrier();
    for (uint step = 1; step < HL_GROUP; step *= 2) {
        const uint before = t >= step ? sums[t - step] : 0;
        barrier();
        sums[t] += before;
        barrier();
    }
    return sums[t] - value;
}

/* Counter of (digit, invocation), and its place in a pair. */
uint counter(uint digit, uint t)
{
    return digit * HL_GROUP + t;
}

void sort_round(uint t, uint shift4)
{
    uint mine[MINE];
    uint own[8]; /* 16 counters in pairs */
    for (uint k = 0; k < 8; k++)
        own[k] = 0;
    uint rank[MINE]; /* among this invocation's keys of the same digit */
    for (uint k = 0; k < MINE; k++) {
        mine[k] = items[t * MINE + k];
        const uint digit = (mine[k] >> (16 + shift4)) & 15, at = (digit & 1) * 16;
        rank[k] = (own[digit >> 1] >> at) & 0xFFFF;
        own[digit >> 1] += 1u << at;
    }
    for (uint k = t; k < 8 * HL_GROUP; k += HL_GROUP)
        columns[k] = 0;
    barrier();
    for (uint digit = 0; digit < 16; digit++) {
        const uint n = (own[digit >> 1] >> ((digit & 1) * 16)) & 0xFFFF, c = counter(digit, t);
        atomicAdd(columns[c >> 1], n << ((c & 1) * 16));
    }
    barrier();
    /* Counters t * 16 .. t * 16 + 15 are this invocation's share of the scan. */
    uint sum = 0;
    for (uint k = 0; k < 8; k++)
        sum += (columns[t * 8 + k] & 0xFFFF) + (columns[t * 8 + k] >> 16);
    uint at = exclusive_scan(t, sum);
    for (uint k = 0; k < 8; k++) {
        const uint pair = columns[t * 8 + k], low = pair & 0xFFFF;
        columns[t * 8 + k] = at | ((at + low) << 16);
        at += low + (pair >> 16);
    }
    barrier();
    for (uint k = 0; k < MINE; k++) {
        const uint c = counter((mine[k] >> (16 + shift4)) & 15, t);
        items[((columns[c >> 1] >> ((c & 1) * 16)) & 0xFFFF) + rank[k]] = mine[k];
    }
    barrier();
}

void main()
{
    const uint t = gl_LocalInvocationIndex, group = GROUP_NUMBER, base = group * HL_RADIX_KEYS;
    const uint valid = group < groups ? min(count - base, HL_RADIX_KEYS) : 0;
    begin[t] = exclusive_scan(t, totals[t]) + (group < groups ? counts[t * groups + group] : 0);
    for (uint k = t; k < HL_RADIX_KEYS; k += HL_GROUP) {
        /* Past the end: the greatest digit, and so behind all keys. */
        const uint digit = k < valid ? (keys_in[base + k] >> shift) & 255 : 255;
        items[k] = digit << 16 | k;
    }
    barrier();
    sort_round(t, 0);
    sort_round(t, 4);
    for (uint j = t; j < HL_RADIX_KEYS; j += HL_GROUP) {
        const uint digit = items[j] >> 16;
        if (j == 0 || items[j - 1] >> 16 != digit)
            head[digit] = j;
    }
    barrier();
    for (uint j = t; j < valid; j += HL_GROUP) {
        const uint digit = items[j] >> 16, from = base + (items[j] & 0xFFFF);
        const uint to = begin[digit] + j - head[digit];
        keys_out[to] = keys_in[from];
        values_out[to] = values_in[from];
    }
}
