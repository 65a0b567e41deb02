/* SPDX-License-Identifier: MIT */
/* Any bytes as a OBJ file. */
#include "tests/fuzz/fuzz_mesh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hl_mesh_source source = {"fuzz", data, size};
    hl_mesh mesh;
    fuzz_mesh(hl_obj_read_mesh(&source, &mesh), &mesh);
    return 0;
}
