/* SPDX-License-Identifier: MIT */
/* raster/cuda/lanes.h -- one text for a warp of 32 CUDA threads and for a loop of 32 in plain C.
 *
 * A kernel body alternates between lane blocks, where every lane works for itself, and warp
 * operations, where lanes meet:
 *
 *     hl_lane_f x;
 *     HL_EACH_LANE(l)
 *     {
 *         x[HL_SLOT(l)] = value_of(l);
 *     }
 *     hl_warp_fold16(...);
 *
 * Under nvcc a lane variable is one register of each thread (an array of one, slot 0) and a lane
 * block is entered once with l = its lane.  In C a lane variable is an array of 32 and a lane
 * block is a loop.  So what the tests run on a processor is the text that the GPU runs.
 *
 * Rules: no break, continue or return inside a lane block; warp operations only where all lanes
 * pass (conditions around them are uniform: made from warp results); what lanes exchange through
 * shared memory is separated by hl_warp_sync or, for blocks of threads, hl_block_sync.
 */
#ifndef HL_RASTER_CUDA_LANES_H
#define HL_RASTER_CUDA_LANES_H

#include <stdint.h>
#include <string.h>

#define HL_LANES       32
#define HL_BLOCK_LANES 256 /* threads of the kernels that work on a square of pixels */
#define HL_FOLD_VALUES 16  /* sums that hl_warp_fold16 makes at once                 */

#ifdef __CUDACC__

#define HL_GPU_FN     static __device__ __forceinline__
#define HL_LANE_SLOTS 1
#define HL_SLOT(l)    0
#define HL_UNROLL     _Pragma("unroll")
#define HL_UNROLL_4   _Pragma("unroll 4")
#define HL_EACH_LANE(l) \
    for (int l = (int)(threadIdx.x & 31u), l##_once = 1; l##_once && l >= 0; l##_once = 0)
#define HL_EACH_THREAD(t) \
    for (int t = (int)threadIdx.x, t##_once = 1; t##_once && t >= 0; t##_once = 0)

#else

#define HL_GPU_FN     static inline
#define HL_LANE_SLOTS HL_LANES
#define HL_SLOT(l)    (l)
#define HL_UNROLL
#define HL_UNROLL_4
#define HL_EACH_LANE(l)                                                \
    for (int l##_k = 0, l = hl_lane_flip % HL_LANES; l##_k < HL_LANES; \
         l##_k++, l = l##_k ^ (hl_lane_flip % HL_LANES))
#define HL_EACH_THREAD(t) \
    for (int t##_k = 0, t = hl_lane_flip; t##_k < HL_BLOCK_LANES; t##_k++, t = t##_k ^ hl_lane_flip)

/* HL_BLOCK_LANES - 1: lanes run last to first.  Results must not change by that: a lane block whose
 * lanes talk to each other would be a race on a GPU. */
static int hl_lane_flip = 0;

#endif

#ifdef __cplusplus
#define HL_ALIGN_QUAD alignas(16)
#else
#define HL_ALIGN_QUAD _Alignas(16)
#endif

/* Four floats that move together: one access of 16 bytes on the device. */
typedef struct hl_quad {
    HL_ALIGN_QUAD float x;
    float y, z, w;
} hl_quad;

/* at: aligned to 16 bytes. */
HL_GPU_FN hl_quad hl_quad_load(const float *at)
{
#ifdef __CUDACC__
    return *(const hl_quad *)at;
#else
    hl_quad q;
    memcpy(&q, at, sizeof q);
    return q;
#endif
}

HL_GPU_FN void hl_quad_store(float *at, hl_quad q)
{
#ifdef __CUDACC__
    *(hl_quad *)at = q;
#else
    memcpy(at, &q, sizeof q);
#endif
}

typedef float hl_lane_f[HL_LANE_SLOTS];
typedef int32_t hl_lane_i[HL_LANE_SLOTS];
typedef uint32_t hl_lane_u[HL_LANE_SLOTS];

/* Lanes see what others wrote to shared memory before. */
HL_GPU_FN void hl_warp_sync(void)
{
#ifdef __CUDACC__
    __syncwarp();
#endif
}

/* The same for all threads of a block. */
HL_GPU_FN void hl_block_sync(void)
{
#ifdef __CUDACC__
    __syncthreads();
#endif
}

/* out = in of lane l ^ mask.  out and in are different variables. */
HL_GPU_FN void hl_warp_xor(const hl_lane_f in, hl_lane_f out, int mask)
{
#ifdef __CUDACC__
    out[0] = __shfl_xor_sync(0xffffffffu, in[0], mask);
#else
    for (int l = 0; l < HL_LANES; l++)
        out[l] = in[l ^ mask];
#endif
}

/* Bit l: whether lane l's value is not 0; the same in all lanes. */
HL_GPU_FN uint32_t hl_warp_ballot(const hl_lane_i in)
{
#ifdef __CUDACC__
    return __ballot_sync(0xffffffffu, in[0] != 0);
#else
    uint32_t bits = 0;
    for (int l = 0; l < HL_LANES; l++)
        bits |= in[l] != 0 ? 1u << l : 0;
    return bits;
#endif
}

/* Value of lane `from`, in all lanes. */
HL_GPU_FN uint32_t hl_warp_of(const hl_lane_u in, int from)
{
#ifdef __CUDACC__
    return __shfl_sync(0xffffffffu, in[0], from);
#else
    return in[from];
#endif
}

/* out = sum of in over the lanes before l.  Returns the sum of all, in all lanes. */
HL_GPU_FN uint32_t hl_warp_scan(const hl_lane_u in, hl_lane_u out)
{
#ifdef __CUDACC__
    uint32_t sum = in[0];
    HL_UNROLL
    for (int d = 1; d < HL_LANES; d *= 2) {
        const uint32_t before = __shfl_up_sync(0xffffffffu, sum, (unsigned)d);
        if ((int)(threadIdx.x & 31u) >= d)
            sum += before;
    }
    out[0] = sum - in[0];
    return __shfl_sync(0xffffffffu, sum, HL_LANES - 1);
#else
    uint32_t sum = 0;
    for (int l = 0; l < HL_LANES; l++) {
        out[l] = sum;
        sum += in[l];
    }
    return sum;
#endif
}

/* One step of a fold: of 2 s values a lane keeps s; s is a constant, so all of v stays in
 * registers. */
HL_GPU_FN void hl_warp_fold_step(hl_lane_f v[], const int s)
{
    hl_lane_f send, back;
    HL_UNROLL
    for (int j = 0; j < s; j++) {
        HL_EACH_LANE(l)
        {
            send[HL_SLOT(l)] = (l & 2 * s) ? v[j][HL_SLOT(l)] : v[j + s][HL_SLOT(l)];
        }
        hl_warp_xor(send, back, 2 * s);
        HL_EACH_LANE(l)
        {
            const float kept = (l & 2 * s) ? v[j + s][HL_SLOT(l)] : v[j][HL_SLOT(l)];
            v[j][HL_SLOT(l)] = kept + back[HL_SLOT(l)];
        }
    }
}

/* v += v of lane l ^ mask. */
HL_GPU_FN void hl_warp_add_xor(hl_lane_f v, int mask)
{
    hl_lane_f back;
    hl_warp_xor(v, back, mask);
    HL_EACH_LANE(l)
    {
        v[HL_SLOT(l)] += back[HL_SLOT(l)];
    }
}

/* Sums of 16 values over all lanes in 16 exchanges: at each step two halves of a group swap what
 * the other keeps.  After it v[0] of lanes 2 k and 2 k + 1 is the sum of value k. */
HL_GPU_FN void hl_warp_fold16(hl_lane_f v[HL_FOLD_VALUES])
{
    hl_warp_fold_step(v, 8);
    hl_warp_fold_step(v, 4);
    hl_warp_fold_step(v, 2);
    hl_warp_fold_step(v, 1);
    hl_warp_add_xor(v[0], 1);
}

/* Sums of 9 values in 14 exchanges.  After it v[0] of lanes 2 k and 2 k + 1, k < 8, is the sum of
 * value k, v[8] of any lane that of value 8. */
HL_GPU_FN void hl_warp_fold9(hl_lane_f v[9])
{
    hl_warp_fold_step(v, 4);
    hl_warp_fold_step(v, 2);
    hl_warp_fold_step(v, 1);
    hl_warp_add_xor(v[0], 1);
    hl_warp_add_xor(v[0], 16);
    HL_UNROLL
    for (int mask = 16; mask >= 1; mask /= 2)
        hl_warp_add_xor(v[8], mask);
}

/* ---- memory that other warps touch too ---- */

HL_GPU_FN void hl_gpu_add(float *at, float value)
{
#ifdef __CUDACC__
    atomicAdd(at, value);
#else
    *at += value;
#endif
}

/* Largest of what was there and value. */
HL_GPU_FN void hl_gpu_max_u64(uint64_t *at, uint64_t value)
{
#ifdef __CUDACC__
    atomicMax((unsigned long long *)at, (unsigned long long)value);
#else
    *at = value > *at ? value : *at;
#endif
}

HL_GPU_FN void hl_gpu_max_u32(uint32_t *at, uint32_t value)
{
#ifdef __CUDACC__
    atomicMax(at, value);
#else
    *at = value > *at ? value : *at;
#endif
}

HL_GPU_FN uint32_t hl_gpu_add_u32(uint32_t *at, uint32_t value)
{
#ifdef __CUDACC__
    return atomicAdd(at, value);
#else
    const uint32_t old = *at;
    *at += value;
    return old;
#endif
}

HL_GPU_FN uint32_t hl_gpu_bits(float x)
{
#ifdef __CUDACC__
    return __float_as_uint(x);
#else
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
#endif
}

HL_GPU_FN float hl_gpu_from_bits(uint32_t u)
{
#ifdef __CUDACC__
    return __uint_as_float(u);
#else
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
#endif
}

#endif /* HL_RASTER_CUDA_LANES_H */
