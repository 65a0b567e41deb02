/* SPDX-License-Identifier: MIT */
/* datasets/kinds/colmap_parts.h -- what the binary and the text form of COLMAP models share.
 *
 * The parsers work on bytes in memory, so that fuzzing needs no files.  `name` stands in
 * messages.  Each fills its part of the model from the model's arena.
 */
#ifndef HL_DATASETS_COLMAP_PARTS_H
#define HL_DATASETS_COLMAP_PARTS_H

#include "core/file.h"
#include "datasets/colmap.h"

typedef struct hl_colmap_source {
    const char *name; /* path, for messages */
    const unsigned char *bytes;
    size_t size;
    bool with_tracks;
} hl_colmap_source;

typedef hl_status (*hl_colmap_parser)(hl_colmap_model *model, const hl_colmap_source *source);

hl_status hl_colmap_parse_cameras_bin(hl_colmap_model *model, const hl_colmap_source *source);
hl_status hl_colmap_parse_images_bin(hl_colmap_model *model, const hl_colmap_source *source);
hl_status hl_colmap_parse_points_bin(hl_colmap_model *model, const hl_colmap_source *source);
hl_status hl_colmap_parse_cameras_txt(hl_colmap_model *model, const hl_colmap_source *source);
hl_status hl_colmap_parse_images_txt(hl_colmap_model *model, const hl_colmap_source *source);
hl_status hl_colmap_parse_points_txt(hl_colmap_model *model, const hl_colmap_source *source);

typedef void (*hl_colmap_printer)(hl_file_writer *writer, const hl_colmap_model *model);

void hl_colmap_print_cameras_bin(hl_file_writer *writer, const hl_colmap_model *model);
void hl_colmap_print_images_bin(hl_file_writer *writer, const hl_colmap_model *model);
void hl_colmap_print_points_bin(hl_file_writer *writer, const hl_colmap_model *model);
void hl_colmap_print_cameras_txt(hl_file_writer *writer, const hl_colmap_model *model);
void hl_colmap_print_images_txt(hl_file_writer *writer, const hl_colmap_model *model);
void hl_colmap_print_points_txt(hl_file_writer *writer, const hl_colmap_model *model);

/* Checks one record.  `place` says where it stands, such as "byte 48" or "line 3". */
hl_status hl_colmap_check_camera(const hl_camera *camera, uint64_t width, uint64_t height,
                                 const char *name, const char *place);
hl_status hl_colmap_check_image(hl_colmap_image *image, const char *name, const char *place);
hl_status hl_colmap_check_point(const hl_colmap_point *point, const char *name, const char *place);

/* Checks the parts against each other: repeated ids and names, cameras that do not exist. */
hl_status hl_colmap_check_model(const hl_colmap_model *model, const char *folder);

#endif /* HL_DATASETS_COLMAP_PARTS_H */
