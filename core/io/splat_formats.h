/* SPDX-License-Identifier: MIT */
/* core/io/splat_formats.h -- one reader and one writer per splat format, over bytes in memory.
 *
 * Readers get bytes whose kind was recognised, reserve the splats once the count was held
 * against the size, and fill `info`.  They do not look for values that are not finite: the
 * caller does (core/splat_io.c).  Writers write to an open file and do not commit.
 */
#ifndef HL_CORE_IO_SPLAT_FORMATS_H
#define HL_CORE_IO_SPLAT_FORMATS_H

#include "core/file.h"
#include "core/io/ply.h"
#include "core/splat_io.h"

typedef struct hl_splat_source {
    const char *name; /* for messages */
    const unsigned char *bytes;
    size_t size;
    hl_splat_load_options options;
} hl_splat_source;

/* One splat: a pointer into each field. */
typedef struct hl_splat_row {
#define X(name, components) float *name;
    HL_SPLAT_FIELDS(X)
#undef X
} hl_splat_row;

static inline hl_splat_row hl_splat_row_at(const hl_splats *splats, size_t i)
{
    hl_splat_row row;
#define X(name, components) row.name = splats->name + i * (components);
    HL_SPLAT_FIELDS(X)
#undef X
    return row;
}

/* The kinds that have a reader; false where the bytes are none of them. */
typedef enum hl_splat_kind {
    HL_SPLAT_KIND_PLY,
    HL_SPLAT_KIND_SPZ,
    HL_SPLAT_KIND_HELIO,
    HL_SPLAT_KIND_SPLAT,
    HL_SPLAT_KIND_NONE
} hl_splat_kind;

hl_splat_kind hl_splat_detect(const hl_splat_source *source);

/* Whether the bytes could be rows of the .splat format, which has no magic number. */
bool hl_splat_is_plausible(const hl_splat_source *source);

/* Adds a sentence to info->warnings. */
void hl_splat_warn(hl_splat_info *info, const char *format, ...) HL_PRINTF(2, 3);

/* Checks the count and reserves; the sentence names the file. */
hl_status hl_splat_reserve(hl_splats *splats, hl_arena *arena, const hl_splat_source *source,
                           uint64_t count);

/* SH degree whose coefficients, without the first, number `rest` per channel; -1 for none. */
int hl_splat_degree_of_rest(int rest);

/* Logit of alpha = byte / 255; the ends stand for a quarter step inside. */
float hl_splat_logit_of_byte(unsigned char byte);
/* Nearest byte of 255 sigmoid(logit). */
unsigned char hl_splat_byte_of_logit(float logit);
/* Rounds to the nearest of 0..255. */
unsigned char hl_splat_byte(float value);

/* Signs of an axis flip diag(x, y, z) on quaternion (w, x, y, z) and on SH coefficients. */
void hl_splat_flip(hl_splats *splats, const int flip[3]);
int hl_splat_sh_sign(int k, const int flip[3]);

/* With splats == NULL every reader stops after the header: a probe. */
hl_status hl_ply_read_splats(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                             hl_splat_info *info);
hl_status hl_ply_packed_read(const hl_splat_source *source, const hl_ply *ply, hl_splats *splats,
                             hl_arena *arena, hl_splat_info *info);
hl_status hl_splat_read(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                        hl_splat_info *info);
hl_status hl_spz_read(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                      hl_splat_info *info);

/* Points of a PLY (core/splat_io.h). */
hl_status hl_ply_read_points(const hl_splat_source *source, hl_points *points, hl_arena *arena);

/* degree: SH degree to write, 0..3. */
void hl_ply_write_splats(hl_file_writer *file, const hl_splats *splats, int degree, bool plain);
hl_status hl_splat_write(hl_file_writer *file, const hl_splats *splats);
hl_status hl_spz_write(hl_file_writer *file, const hl_splats *splats, int degree,
                       const hl_splat_save_options *options);

#endif /* HL_CORE_IO_SPLAT_FORMATS_H */
