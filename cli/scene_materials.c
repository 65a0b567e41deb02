/* SPDX-License-Identifier: MIT */
#include "cli/scene.h"
#include "core/file.h"
#include "core/helio_file.h"
#include "core/memory.h"
#include "raster/gbuffer.h"

#include <math.h>

/* Columns of one chunk into columns `first` .. of the materials. */
static hl_status take_chunk(hl_helio_reader *reader, const char *fourcc, const char *path,
                            int32_t count, int32_t first, int32_t columns, float *materials)
{
    const void *data;
    HL_TRY(hl_helio_reader_data(reader, fourcc, HL_HELIO_F32, count, columns, &data));
    const float *from = data;
    for (int32_t i = 0; i < count; i++)
        for (int32_t c = 0; c < columns; c++) {
            const float v = from[(size_t)i * (size_t)columns + (size_t)c];
            if (!isfinite(v))
                return hl_fail(HL_E_FORMAT, "%s: %s: row %d is not finite", path, fourcc, i);
            materials[(size_t)i * HL_GBUFFER_CHANNELS + (size_t)(first + c)] = v;
        }
    return HL_OK;
}

hl_status hl_scene_materials(hl_scene *scene, const float **materials)
{
    char path[HL_SCENE_PATH_MAX];
    const int32_t n = scene->splats.count;
    if (hl_helio_is_file(scene->file))
        HL_TRY(hl_path_join(path, sizeof path, "", scene->file));
    else
        HL_TRY(hl_path_join(path, sizeof path, scene->folder, "scene.helio"));
    if (!hl_file_exists(path))
        return hl_fail(HL_E_IO, "%s: not there: helio relight --fit makes materials", path);
    float *made = hl_arena_alloc(&scene->arena, (size_t)n * HL_GBUFFER_CHANNELS, sizeof *made);
    hl_helio_reader *reader = NULL;
    if (!made)
        return HL_E_MEMORY;
    HL_TRY(hl_helio_reader_create(&reader, path));
    hl_status s = take_chunk(reader, "ALBE", path, n, 0, 3, made);
    if (s == HL_OK)
        s = take_chunk(reader, "ROUG", path, n, 3, 1, made);
    if (s == HL_OK)
        s = take_chunk(reader, "METL", path, n, 4, 1, made);
    hl_helio_reader_destroy(&reader);
    if (s == HL_OK)
        *materials = made;
    return s;
}
