/* SPDX-License-Identifier: MIT */
/* tests/fuzz/fuzz_pictures.h -- what the fuzz targets of picture formats share. */
#ifndef HL_TESTS_FUZZ_FUZZ_PICTURES_H
#define HL_TESTS_FUZZ_FUZZ_PICTURES_H

#include "core/io/image_codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger pictures are decoded no more: they only cost time. */
enum { FUZZ_PIXELS_MAX = 1 << 22 };

/* A failure comes with one sentence on one line. */
static inline void fuzz_status(hl_status s)
{
    if (s != HL_OK && (!hl_last_error()[0] || strchr(hl_last_error(), '\n')))
        abort();
}

/* The header's answer; false where there is nothing to decode. */
static inline bool fuzz_probe(hl_status (*probe)(const hl_picture_bytes *, hl_picture_size *),
                              const hl_picture_bytes *in, hl_picture_size *size)
{
    const hl_status s = probe(in, size);
    fuzz_status(s);
    return s == HL_OK && (int64_t)size->width * size->height <= FUZZ_PIXELS_MAX;
}

/* The decoder must keep what the header said. */
static inline void fuzz_shape(const hl_picture_size *size, int32_t width, int32_t height,
                              int32_t channels)
{
    if (width != size->width || height != size->height || channels != size->channels)
        abort();
}

static inline void fuzz_bytes(hl_image8 *image)
{
    volatile unsigned sum = 0;
    const size_t count = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    for (size_t i = 0; i < count; i++)
        sum = sum + image->data[i];
    hl_image8_release(image);
}

static inline void fuzz_floats(hl_image *image)
{
    volatile float sum = 0;
    const size_t count = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    for (size_t i = 0; i < count; i++)
        sum = sum + image->data[i];
    hl_image_release(image);
}

#endif /* HL_TESTS_FUZZ_FUZZ_PICTURES_H */
