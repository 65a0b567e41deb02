/* SPDX-License-Identifier: MIT */
/* core/splat_io.h -- splats and point clouds from and to files.
 *
 *   kind             read                          written
 *   ply              Inria, any column order       the Inria layout, byte for byte
 *   compressed ply   PlayCanvas                    -
 *   splat            32 bytes a splat              yes
 *   spz              versions 1 to 4               versions 2, 3, 4
 *   helio            core/helio_file.h             yes, without loss
 *
 * Kinds are told apart by content when reading and by extension when writing.  In memory the
 * frame is always RDF (x right, y down, z forward) with the SH signs of core/sh.h; only SPZ has
 * other axes in the file.  docs/formats.md describes every byte and what each format loses.
 *
 * All functions are thread-safe for different arguments.
 */
#ifndef HL_CORE_SPLAT_IO_H
#define HL_CORE_SPLAT_IO_H

#include "core/helio_file.h"
#include "core/splats.h"

typedef enum hl_spz_axes {
    HL_SPZ_AXES_RUB, /* as the format says: x right, y up, z back; what the library writes */
    HL_SPZ_AXES_RAW  /* the numbers are RDF, as some tools write and read them             */
} hl_spz_axes;

typedef struct hl_splat_load_options {
    hl_spz_axes spz_axes; /* of files that do not say so themselves */
} hl_splat_load_options;

typedef struct hl_splat_info {
    const char *kind;        /* "ply", "compressed ply", "splat", "spz", "helio", "point cloud" */
    const char *encoding;    /* "ascii", "binary_little_endian", "gzip", "zstd", "raw", ...     */
    const char *axes;        /* of the file: "RDF", "RUB", ...                                  */
    int32_t version;         /* 0 where the format has none                                     */
    int32_t count;           /* rows in the file                                                */
    int32_t dropped;         /* rows left out for a value that is not finite                    */
    int32_t sh_degree;       /* in the file; more than 3 is cut on loading                      */
    int32_t columns_skipped; /* columns that stand for nothing here                             */
    int64_t bytes;           /* of the file                                                     */
    bool antialiased;        /* the file says so                                                */
    bool point_cloud;        /* positions only: hl_points_load reads it                         */
    char skipped[512];       /* their names, "a, b", cut to fit                                 */
    char warnings[1024];     /* sentences joined by "; ", "" if all is well                     */
} hl_splat_info;

/* What kind of file this is, from its header alone: kind, encoding, version, count, sh_degree,
 * bytes, point_cloud.  Errors: HL_E_IO, HL_E_FORMAT, HL_E_MEMORY. */
hl_status hl_splats_probe(hl_splat_info *info, const char *path);

/* Loads splats into arrays reserved in `arena`, capacity = the rows of the file (1 at least).
 *
 *   options   NULL: the defaults
 *   info      out, may be NULL
 *
 * Quaternions come as they are stored, zero ones as (1, 0, 0, 0); infinite opacity logits are
 * clamped; rows with any other value that is not finite are dropped and counted.
 *
 * Errors: HL_E_IO, HL_E_FORMAT (also for a point cloud, which the sentence then says, and where
 * no row is finite), HL_E_MEMORY.  *splats and *info are then untouched. */
hl_status hl_splats_load_with(hl_splats *splats, hl_arena *arena, const char *path,
                              const hl_splat_load_options *options, hl_splat_info *info);

static inline hl_status hl_splats_load(hl_splats *splats, hl_arena *arena, const char *path,
                                       hl_splat_info *info)
{
    return hl_splats_load_with(splats, arena, path, NULL, info);
}

typedef struct hl_splat_save_options {
    bool plain;           /* ply: no comment, not even the render mode                     */
    int32_t spz_version;  /* 2, 3 or 4; 0 means 4, or 3 where zstd is not built in         */
    hl_spz_axes spz_axes; /* version 4 records raw axes in the file, 2 and 3 cannot        */
    int32_t sh_coeffs;    /* per channel: 1, 4, 9 or 16; 0 means those of splats->sh_degree */
} hl_splat_save_options;

/* Saves by the extension of `path`: .ply, .splat, .spz or .helio.  The file appears by rename.
 * Coefficients above the active degree are written as zeros (.helio: as they are).
 *
 *   options   NULL: the defaults
 *
 * Errors: HL_E_ARG (unknown extension, option out of range, .spz values that do not fit 24-bit
 * positions), HL_E_IO, HL_E_MEMORY; HL_E_BACKEND for SPZ 4 without zstd. */
hl_status hl_splats_save(const hl_splats *splats, const char *path,
                         const hl_splat_save_options *options);

/* The splats inside a .helio container, for files that hold more than splats: one chunk per row
 * of HL_SPLAT_FIELDS, `splats` in the JSON.  The arrays are borrowed until commit. */
hl_status hl_helio_add_splats(hl_helio_writer *writer, const hl_splats *splats, bool compress);

/* As hl_splats_load; capacity: rows to reserve, at least the file's count is taken. */
hl_status hl_helio_read_splats(hl_helio_reader *reader, hl_splats *splats, hl_arena *arena,
                               int32_t capacity);

/* A plain point cloud. */
typedef struct hl_points {
    int32_t count;
    float *position; /* (count, 3), as in the file                       */
    uint8_t *color;  /* (count, 3), sRGB; NULL where the file has none   */
} hl_points;

/* Any PLY with x, y, z, and red, green, blue where it has them; rows that are not finite are
 * dropped.  Errors: HL_E_IO, HL_E_FORMAT, HL_E_MEMORY; *points is then untouched. */
hl_status hl_points_load(hl_points *points, hl_arena *arena, const char *path);

#endif /* HL_CORE_SPLAT_IO_H */
