/* SPDX-License-Identifier: MIT */
/* core/hash.h -- names for cached files: 128 bits against accidents, not against foes. */
#ifndef HL_CORE_HASH_H
#define HL_CORE_HASH_H

#include "core/rng.h"

#include <stddef.h>
#include <string.h>

/* Takes `count` bytes and their number into two chains of SplitMix64 with different starts. */
static inline void hl_hash_mix(uint64_t hash[2], const void *bytes, size_t count)
{
    const unsigned char *p = (const unsigned char *)bytes;
    for (size_t i = 0; i < count; i += 8) {
        uint64_t word = 0;
        memcpy(&word, p + i, count - i < 8 ? count - i : 8);
        hash[0] = hl_rng_mix(hash[0] ^ word);
        hash[1] = hl_rng_mix(hash[1] + (word ^ 0x5851f42d4c957f2du));
    }
    const uint64_t size = count;
    hash[0] = hl_rng_mix(hash[0] ^ size);
    hash[1] = hl_rng_mix(hash[1] + size);
}

#endif /* HL_CORE_HASH_H */
