/* SPDX-License-Identifier: MIT */
/* The backends of this build.  The one place that knows whether there is CUDA. */
#include "raster/backend.h"

#include <stddef.h>

#if HL_WITH_CUDA
#include "raster/cuda/backend_cuda.h"
#endif

const hl_raster_backend *hl_raster_backend_at(int32_t i)
{
    enum { COUNT = 1 + !!HL_WITH_CUDA };
    const hl_raster_backend *const all[COUNT] = {
#if HL_WITH_CUDA
        hl_raster_backend_cuda(),
#endif
        hl_raster_backend_cpu(),
    };
    return i >= 0 && i < COUNT ? all[i] : NULL;
}
