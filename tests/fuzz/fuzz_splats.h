/* SPDX-License-Identifier: MIT */
/* tests/fuzz/fuzz_splats.h -- what the fuzz targets of splat formats share. */
#ifndef HL_TESTS_FUZZ_FUZZ_SPLATS_H
#define HL_TESTS_FUZZ_FUZZ_SPLATS_H

#include "core/io/splat_formats.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More than any honest file of a few KiB needs; less than hurts. */
enum { FUZZ_ARENA_BYTES = 1 << 28 };

typedef hl_status (*fuzz_reader)(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                                 hl_splat_info *info);

/* A failure comes with one sentence on one line. */
static inline void fuzz_status(hl_status s)
{
    if (s != HL_OK && (!hl_last_error()[0] || strchr(hl_last_error(), '\n')))
        abort();
}

/* Reads, probes and holds the two against each other; touches every value that was loaded. */
static inline void fuzz_splats(fuzz_reader read, const uint8_t *data, size_t size)
{
    if (!size)
        return;
    hl_arena arena;
    hl_arena_init(&arena, 0, FUZZ_ARENA_BYTES);
    const hl_splat_source source = {.name = "fuzz", .bytes = data, .size = size};
    hl_splat_info loaded = {0}, probed = {0};
    hl_splats splats = {0};
    const hl_status probe = read(&source, NULL, NULL, &probed);
    fuzz_status(probe);
    const hl_status load = read(&source, &splats, &arena, &loaded);
    fuzz_status(load);
    if (load == HL_OK) {
        if (probe != HL_OK || probed.count != loaded.count || splats.count != loaded.count ||
            splats.count > splats.capacity || loaded.sh_degree < 0 || loaded.sh_degree > 4)
            abort();
        volatile float sum = 0;
        for (size_t i = 0; i < (size_t)splats.count; i++) {
            const hl_splat_row row = hl_splat_row_at(&splats, i);
            sum = sum + row.mean[2] + row.log_scale[2] + row.quat[3] + *row.logit_opa + row.sh[47];
        }
    }
    hl_arena_release(&arena);
}

#endif /* HL_TESTS_FUZZ_FUZZ_SPLATS_H */
