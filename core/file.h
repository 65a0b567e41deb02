/* SPDX-License-Identifier: MIT */
/* core/file.h -- whole files in, whole files out.
 *
 * Reading maps the file read-only.  Writing goes to a temporary name beside the target; commit
 * flushes, syncs and renames it, so that a reader sees the old bytes or the new ones and a full
 * disk leaves nothing half-written.
 */
#ifndef HL_CORE_FILE_H
#define HL_CORE_FILE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct hl_file_map {
    const unsigned char *bytes; /* (size), read-only; "" for an empty file */
    size_t size;
    bool mapped;
} hl_file_map;

/* Errors: HL_E_IO with path and the system's reason (a folder is refused by name). */
hl_status hl_file_map_open(hl_file_map *map, const char *path);
void hl_file_map_close(hl_file_map *map);

typedef struct hl_file_writer {
    FILE *stream;    /* write through hl_file_write or stdio     */
    char *path;      /* final name                               */
    char *temporary; /* name until commit                        */
    bool failed;     /* a write failed; commit will say so       */
    int error;       /* errno of the first failure               */
} hl_file_writer;

/* Opens PATH.tmp-PID for writing; missing parent folders are an error. */
hl_status hl_file_writer_open(hl_file_writer *writer, const char *path);
/* Never fails at once: the failure is reported by commit. */
void hl_file_write(hl_file_writer *writer, const void *bytes, size_t count);
/* Flushes, syncs, renames.  On failure removes the temporary and leaves PATH as it was. */
hl_status hl_file_writer_commit(hl_file_writer *writer);
/* Drops the temporary.  Safe after commit and on a zeroed writer. */
void hl_file_writer_abort(hl_file_writer *writer);

/* Writer in one call. */
hl_status hl_file_save(const char *path, const void *bytes, size_t count);

/* mkdir -p.  HL_E_IO where a component exists and is not a folder. */
hl_status hl_file_make_folder(const char *path);
bool hl_file_exists(const char *path);
bool hl_file_is_folder(const char *path);

/* Joins with one slash into `out` (capacity bytes).  An absolute `name` replaces the folder.
 * HL_E_ARG where the result does not fit. */
hl_status hl_path_join(char *out, size_t capacity, const char *folder, const char *name);
/* The part after the last slash. */
const char *hl_path_name(const char *path);
/* Lower-case comparison of the extension without dot: hl_path_has_extension("a.PLY", "ply"). */
bool hl_path_has_extension(const char *path, const char *extension);

/* Sorted (strcmp) names of the plain files and folders in a folder, hidden ones left out. */
typedef struct hl_file_list {
    char **names; /* (count) */
    int32_t count;
} hl_file_list;
hl_status hl_file_list_folder(hl_file_list *list, const char *path);
void hl_file_list_release(hl_file_list *list);

#endif /* HL_CORE_FILE_H */
