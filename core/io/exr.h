/* SPDX-License-Identifier: MIT */
/* core/io/exr.h -- layout of OpenEXR files, as far as it is read and written here.
 *
 * Own code rather than a library: the subset is small, every read is bounded, and the C++ run time
 * stays out.  Read: one part, scan lines or tiles (level 0 of several), half, float and uint
 * channels without subsampling, compression none, RLE, ZIPS, ZIP.  Written: float, ZIP.
 * Source: "OpenEXR File Layout" (openexr.com).
 */
#ifndef HL_CORE_IO_EXR_H
#define HL_CORE_IO_EXR_H

#include "core/io/image_codec.h"

enum { EXR_UINT = 0, EXR_HALF = 1, EXR_FLOAT = 2 };
enum { EXR_NONE = 0, EXR_RLE = 1, EXR_ZIPS = 2, EXR_ZIP = 3, EXR_COMPRESSIONS = 10 };
enum { EXR_VERSION = 2, EXR_TILED = 0x200, EXR_DEEP = 0x800, EXR_MULTIPART = 0x1000 };
enum { EXR_CHANNELS_MAX = 64, EXR_ZIP_LINES = 16 };

typedef struct exr_channel {
    char name[64]; /* cut */
    int type;
    int32_t offset; /* bytes before it per pixel of a row: times the block's width */
    int target;     /* channel of the picture it fills, -1: none */
} exr_channel;

typedef struct exr_header {
    exr_channel channels[EXR_CHANNELS_MAX];
    int channel_count;
    int32_t pixel_bytes; /* all channels */
    int compression;
    int32_t x_min, y_min, width, height;
    bool tiled;
    int32_t tile_width, tile_height; /* pixels; scan lines: width, lines of a block */
    int32_t columns, rows;           /* blocks */
    size_t table;                    /* offset of the table of block offsets */
    int32_t picture_channels;        /* 1, 3, 4 */
} exr_header;

/* exr_header.c */
hl_status hl_exr_header(const hl_picture_bytes *in, exr_header *header);

#endif /* HL_CORE_IO_EXR_H */
