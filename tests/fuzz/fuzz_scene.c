/* SPDX-License-Identifier: MIT */
/* Any bytes as a scene with materials, mesh, light, lamps and cameras. */
#include "relight/scene_file.h"
#include "tests/fuzz/fuzz_helio.h"

static void read_file(const char *path)
{
    hl_scene_file scene;
    const hl_status s = hl_scene_file_load(&scene, path);
    fuzz_status(s);
    if (s != HL_OK)
        return;
    volatile float sum = 0;
    for (int32_t i = 0; scene.materials && i < 5 * scene.splats.count; i++)
        sum = sum + scene.materials[i];
    for (int32_t i = 0; i < 3 * scene.mesh.triangle_count; i++)
        sum = sum + scene.mesh.positions[3 * scene.mesh.triangles[i]];
    for (int32_t i = 0; i < scene.light_count; i++)
        sum = sum + scene.lights[i].color[2];
    for (int32_t i = 0; i < scene.views.view_count; i++)
        sum = sum + (float)scene.views.views[i].name[0];
    hl_scene_file_release(&scene);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_helio(read_file, data, size);
}
