/* SPDX-License-Identifier: MIT */
/* raster/cuda/cuda_try.h -- CUDA errors as statuses.  For .cu files, after cuda_runtime.h. */
#ifndef HL_RASTER_CUDA_CUDA_TRY_H
#define HL_RASTER_CUDA_CUDA_TRY_H

#include "core/status.h"

/* Returns HL_E_BACKEND with the call's text and CUDA's sentence where it fails. */
#define HL_CUDA_TRY(call)                                       \
    do {                                                        \
        const cudaError_t hl_cuda_try_e_ = (call);              \
        if (hl_cuda_try_e_ != cudaSuccess) {                    \
            cudaGetLastError();                                 \
            return hl_fail(HL_E_BACKEND, "cuda: %s: %s", #call, \
                           cudaGetErrorString(hl_cuda_try_e_)); \
        }                                                       \
    } while (0)

#endif /* HL_RASTER_CUDA_CUDA_TRY_H */
