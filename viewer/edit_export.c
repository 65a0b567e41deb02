/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/splat_io.h"
#include "raster/gbuffer.h"
#include "viewer/edit.h"

/* Columns first .. of the materials of what is kept, as one chunk. */
static hl_status add_columns(hl_helio_writer *writer, hl_arena *arena, const hl_edits *edits,
                             const float *materials, const char *fourcc, int first, int columns)
{
    const int32_t rows = edits->now->splat_count - hl_edits_count(edits, HL_EDIT_HIDDEN);
    float *data = hl_arena_alloc(arena, (size_t)rows * (size_t)columns, sizeof *data);
    float *to = data;
    if (!data)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < edits->now->splat_count; i++)
        for (int c = 0; c < columns && !(edits->now->flags[i] & HL_EDIT_HIDDEN); c++)
            *to++ = materials[(size_t)i * HL_GBUFFER_CHANNELS + (size_t)(first + c)];
    return hl_helio_writer_add(writer, fourcc, HL_HELIO_F32, rows, columns, data, false);
}

static hl_status save_with_materials(const hl_edits *edits, const hl_splats *kept, hl_arena *arena,
                                     const float *materials, const char *path)
{
    hl_helio_writer *writer = NULL;
    HL_TRY(hl_helio_writer_create(&writer, path));
    hl_status s = hl_helio_add_splats(writer, kept, false);
    if (s == HL_OK)
        s = add_columns(writer, arena, edits, materials, "ALBE", 0, 3);
    if (s == HL_OK)
        s = add_columns(writer, arena, edits, materials, "ROUG", 3, 1);
    if (s == HL_OK)
        s = add_columns(writer, arena, edits, materials, "METL", 4, 1);
    if (s == HL_OK)
        return hl_helio_writer_commit(&writer);
    hl_helio_writer_abort(&writer);
    return s;
}

hl_status hl_edits_export(const hl_edits *edits, const hl_splats *splats, const float *materials,
                          const char *path)
{
    hl_arena arena;
    hl_splats kept;
    hl_arena_init(&arena, 0, 0);
    hl_status s = hl_edits_kept(edits, splats, &arena, &kept);
    if (s == HL_OK)
        s = materials && hl_path_has_extension(path, "helio")
                ? save_with_materials(edits, &kept, &arena, materials, path)
                : hl_splats_save(&kept, path, NULL);
    hl_arena_release(&arena);
    return s;
}
