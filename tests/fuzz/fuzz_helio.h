/* SPDX-License-Identifier: MIT */
/* tests/fuzz/fuzz_helio.h -- what the fuzz targets of .helio files share: any bytes as a file, and
 * once more with their checksums repaired, which would stop the fuzzer at the door. */
#ifndef HL_TESTS_FUZZ_FUZZ_HELIO_H
#define HL_TESTS_FUZZ_FUZZ_HELIO_H

#include "core/io/bytes.h"
#include "core/io/codec.h"
#include "tests/fuzz/fuzz_splats.h"

#include <stdio.h>
#include <unistd.h>

static inline void fuzz_helio_repair(uint8_t *bytes, size_t size)
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

static inline void fuzz_helio_bytes(void (*read)(const char *path), const uint8_t *bytes,
                                    size_t size)
{
    static char path[64];
    if (!path[0])
        snprintf(path, sizeof path, "/tmp/fuzz_helio_%ld", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0)
        read(path);
    unlink(path);
}

static inline int fuzz_helio(void (*read)(const char *path), const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    fuzz_helio_bytes(read, copy, size);
    fuzz_helio_repair(copy, size);
    fuzz_helio_bytes(read, copy, size);
    free(copy);
    return 0;
}

#endif /* HL_TESTS_FUZZ_FUZZ_HELIO_H */
