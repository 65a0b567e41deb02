/* SPDX-License-Identifier: MIT */
/* raster/cuda/gpu_kernels.h -- every kernel body, for the files that wrap them. */
#ifndef HL_RASTER_CUDA_GPU_KERNELS_H
#define HL_RASTER_CUDA_GPU_KERNELS_H

#include "raster/cuda/gpu_adjust.h"
#include "raster/cuda/gpu_blend.h"
#include "raster/cuda/gpu_blend_bwd.h"
#include "raster/cuda/gpu_finish.h"
#include "raster/cuda/gpu_loss.h"
#include "raster/cuda/gpu_project.h"
#include "raster/cuda/gpu_recipes.h"
#include "raster/cuda/gpu_refine.h"
#include "raster/cuda/gpu_small.h"
#include "raster/cuda/gpu_splat_bwd.h"
#include "raster/cuda/gpu_surface.h"

#endif /* HL_RASTER_CUDA_GPU_KERNELS_H */
