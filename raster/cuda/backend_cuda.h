/* SPDX-License-Identifier: MIT */
/* raster/cuda/backend_cuda.h -- the CUDA backend, in builds with HL_CUDA. */
#ifndef HL_RASTER_CUDA_BACKEND_CUDA_H
#define HL_RASTER_CUDA_BACKEND_CUDA_H

#include "raster/backend.h"
#include "raster/cuda/gpu.h"

const hl_raster_backend *hl_raster_backend_cuda(void);
const hl_gpu_table *hl_gpu_table_cuda(void);

#endif /* HL_RASTER_CUDA_BACKEND_CUDA_H */
