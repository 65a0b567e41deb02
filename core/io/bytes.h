/* SPDX-License-Identifier: MIT */
/* core/io/bytes.h -- little-endian values at any address, the same on every machine. */
#ifndef HL_CORE_IO_BYTES_H
#define HL_CORE_IO_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t hl_le16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t hl_le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t hl_le64(const unsigned char *p)
{
    return (uint64_t)hl_le32(p) | (uint64_t)hl_le32(p + 4) << 32;
}

static inline float hl_le_f32(const unsigned char *p)
{
    const uint32_t bits = hl_le32(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline void hl_put_le16(unsigned char *p, uint16_t value)
{
    p[0] = (unsigned char)(value & 0xff);
    p[1] = (unsigned char)(value >> 8);
}

static inline void hl_put_le32(unsigned char *p, uint32_t value)
{
    hl_put_le16(p, (uint16_t)(value & 0xffff));
    hl_put_le16(p + 2, (uint16_t)(value >> 16));
}

static inline void hl_put_le64(unsigned char *p, uint64_t value)
{
    hl_put_le32(p, (uint32_t)(value & 0xffffffffu));
    hl_put_le32(p + 4, (uint32_t)(value >> 32));
}

static inline void hl_put_le_f32(unsigned char *p, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    hl_put_le32(p, bits);
}

#endif /* HL_CORE_IO_BYTES_H */
