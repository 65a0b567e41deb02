/* SPDX-License-Identifier: MIT */
/* Any bytes as a COLMAP database: read whole, or refused with one sentence. */
#include "sfm/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    if (!path[0])
        snprintf(path, sizeof path, "/tmp/fuzz_database_%ld", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
    hl_database d;
    const hl_status s = hl_database_load(&d, path);
    if (s != HL_OK && (!hl_last_error()[0] || strchr(hl_last_error(), '\n')))
        abort();
    int64_t sum = 0;
    for (int32_t i = 0; s == HL_OK && i < d.pair_count; i++) {
        const hl_database_pair *p = &d.pairs[i];
        for (int32_t k = 0; k < 2 * p->match_count; k++)
            sum += d.images[k & 1 ? p->image_b : p->image_a].features.count - p->matches[k];
    }
    if (s == HL_OK)
        hl_database_release(&d);
    unlink(path);
    return sum < 0 ? -1 : 0;
}
