/* SPDX-License-Identifier: MIT */
/* Any bytes as a PLY file: splats, compressed splats or points; finite or refused. */
#include "tests/fuzz/fuzz_splats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_splats(hl_ply_read_splats, data, size);

    hl_arena arena;
    hl_points points;
    hl_arena_init(&arena, 0, FUZZ_ARENA_BYTES);
    const hl_splat_source source = {.name = "fuzz", .bytes = data, .size = size};
    fuzz_status(hl_ply_read_points(&source, &points, &arena));
    hl_arena_release(&arena);
    return 0;
}
