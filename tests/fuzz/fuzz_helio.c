/* SPDX-License-Identifier: MIT */
/* Any bytes as a .helio file.  Checksums would stop the fuzzer at the door: this target repairs
 * them first, so that damage reaches the code behind. */
#include "core/io/bytes.h"
#include "core/io/codec.h"
#include "tests/fuzz/fuzz_splats.h"

#include <stdio.h>
#include <unistd.h>

static void repair(uint8_t *bytes, size_t size)
{
    if (size < 64)
        return;
    hl_put_le64(bytes + 8, size);
    for (size_t at = 64; at + 64 <= size;) {
        uint8_t *header = bytes + at;
        const uint64_t stored = hl_le64(header + 8);
        if (stored > size - at - 64)
            return;
        hl_put_le32(header + 24, hl_crc32(header + 64, (size_t)stored));
        hl_put_le32(header + 28, hl_crc32(header, 28));
        at += 64 + (size_t)(stored + (64 - stored % 64) % 64);
    }
}

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

static void try_bytes(const uint8_t *bytes, size_t size)
{
    static char path[64];
    if (!path[0])
        snprintf(path, sizeof path, "/tmp/fuzz_helio_%ld", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0)
        read_file(path);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    try_bytes(copy, size);
    repair(copy, size);
    try_bytes(copy, size);
    free(copy);
    return 0;
}
