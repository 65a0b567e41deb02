/* SPDX-License-Identifier: MIT */
/* Any bytes as a glTF or GLB file. */
#include "tests/fuzz/fuzz_mesh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const hl_mesh_source source = {"fuzz", data, size};
    hl_mesh mesh;
    hl_mesh_textures textures = {0};
    const hl_status s = hl_gltf_read_mesh(&source, &mesh, &textures);
    if (s == HL_OK)
        hl_mesh_textures_release(&textures);
    fuzz_mesh(s, &mesh);
    return 0;
}
