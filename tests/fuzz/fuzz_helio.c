/* SPDX-License-Identifier: MIT */
/* Any bytes as a .helio file: the container and the splats in it. */
#include "tests/fuzz/fuzz_helio.h"

static void read_file(const char *path)
{
    hl_helio_reader *reader = NULL;
    const hl_status s = hl_helio_reader_create(&reader, path);
    fuzz_status(s);
    if (s != HL_OK)
        return;
    unsigned sum = 0;
    for (int32_t i = 0; i < hl_helio_reader_count(reader); i++) {
        const hl_helio_chunk *c = hl_helio_reader_chunk(reader, i);
        const void *data;
        const hl_status t =
            hl_helio_reader_data(reader, c->fourcc, c->type, c->rows, c->columns, &data);
        fuzz_status(t);
        for (uint64_t k = 0; t == HL_OK && k < c->bytes; k += 97)
            sum += ((const uint8_t *)data)[k];
    }
    hl_arena arena;
    hl_splats splats;
    hl_arena_init(&arena, 0, FUZZ_ARENA_BYTES);
    fuzz_status(hl_helio_read_splats(reader, &splats, &arena, 0));
    hl_arena_release(&arena);
    hl_helio_reader_destroy(&reader);
    if (sum == 1)
        return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_helio(read_file, data, size);
}
