/* SPDX-License-Identifier: MIT */
/* tests/fuzz/fuzz_mesh.h -- what the fuzz targets of mesh formats share. */
#ifndef HL_TESTS_FUZZ_FUZZ_MESH_H
#define HL_TESTS_FUZZ_FUZZ_MESH_H

#include "core/io/mesh_formats.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A failure comes with one sentence on one line; a success can be walked over. */
static inline void fuzz_mesh(hl_status s, hl_mesh *mesh)
{
    if (s != HL_OK) {
        if (!hl_last_error()[0] || strchr(hl_last_error(), '\n'))
            abort();
        return;
    }
    if (hl_mesh_validate(mesh) == HL_OK) {
        volatile double area = hl_mesh_area(mesh);
        (void)area;
    }
    hl_mesh_release(mesh);
}

#endif /* HL_TESTS_FUZZ_FUZZ_MESH_H */
