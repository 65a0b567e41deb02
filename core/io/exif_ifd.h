/* SPDX-License-Identifier: MIT */
/* core/io/exif_ifd.h -- fields of an Exif block: folders of 12-byte entries in either byte order
 * (TIFF 6.0, section 2; Exif 2.3, section 4.6).  Whatever does not fit the block reads as 0. */
#ifndef HL_CORE_IO_EXIF_IFD_H
#define HL_CORE_IO_EXIF_IFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { EXIF_SHORT = 3, EXIF_LONG = 4, EXIF_RATIONAL = 5, EXIF_ENTRY_BYTES = 12 };

typedef struct exif_block {
    const unsigned char *bytes; /* from the byte order mark on */
    size_t size;
    bool big;      /* byte order MM                  */
    size_t folder; /* first folder, from `bytes`     */
} exif_block;

/* 0 where the block is too short: no valid field here is 0. */
static inline uint32_t exif_field(const exif_block *b, size_t at, int bytes)
{
    uint32_t value = 0;
    if (at > b->size || b->size - at < (size_t)bytes)
        return 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint32_t)b->bytes[at + (size_t)i] << (8 * (b->big ? bytes - 1 - i : i));
    return value;
}

/* block: "Exif\0\0" first. */
static inline bool exif_open(exif_block *b, const unsigned char *block, size_t size)
{
    if (size < 14 || memcmp(block, "Exif\0\0", 6) != 0)
        return false;
    *b = (exif_block){block + 6, size - 6, block[6] == 'M', 0};
    b->folder = exif_field(b, 4, 4);
    return memcmp(b->bytes, b->big ? "MM" : "II", 2) == 0 && exif_field(b, 2, 2) == 42;
}

/* Place of the entry of `tag` in the folder at `folder`, 0 where there is none. */
static inline size_t exif_find(const exif_block *b, size_t folder, uint32_t tag)
{
    const uint32_t entries = exif_field(b, folder, 2);
    for (uint32_t i = 0; i < entries; i++) {
        const size_t at = folder + 2 + (size_t)i * EXIF_ENTRY_BYTES;
        if (exif_field(b, at, 2) == tag)
            return at;
    }
    return 0;
}

#endif /* HL_CORE_IO_EXIF_IFD_H */
