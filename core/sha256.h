/* SPDX-License-Identifier: MIT */
/* core/sha256.h -- SHA-256 (FIPS 180-4), to name data in reports.  Not for secrets. */
#ifndef HL_CORE_SHA256_H
#define HL_CORE_SHA256_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

#define HL_SHA256_TEXT 65 /* bytes: 64 hexadecimal digits and NUL */

typedef struct hl_sha256 {
    uint32_t state[8];
    uint64_t bytes;          /* taken so far */
    unsigned char block[64]; /* the last, unfinished one */
} hl_sha256;

void hl_sha256_init(hl_sha256 *hash);
void hl_sha256_add(hl_sha256 *hash, const void *bytes, size_t count);
/* Ends the message; text: lower-case hexadecimal.  *hash is used up. */
void hl_sha256_end(hl_sha256 *hash, char text[HL_SHA256_TEXT]);

/* Adds the bytes of a file.  Errors: HL_E_IO. */
hl_status hl_sha256_add_file(hl_sha256 *hash, const char *path);

#endif /* HL_CORE_SHA256_H */
