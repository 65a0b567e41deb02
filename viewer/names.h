/* SPDX-License-Identifier: MIT */
/* viewer/names.h -- the names of files that actions and panels read and write. */
#ifndef HL_VIEWER_NAMES_H
#define HL_VIEWER_NAMES_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { HL_NAME_BYTES = 1024, HL_PLACE_BYTES = 4096 };

/* `name` in `folder` ("": where the program was started); an absolute name stays, ~/ is the home
 * of the user.  out: HL_PLACE_BYTES.  HL_E_ARG where the result is too long. */
hl_status hl_name_place(char *out, const char *folder, const char *name);

/* The first of FILE.EXT, FILE-2.EXT, FILE-3.EXT, ... that is not there.  path and out:
 * HL_PLACE_BYTES.  HL_E_IO where 9999 are. */
hl_status hl_name_free(char *out, const char *path);

/* HL_E_IO, with a sentence, where there is no such folder. */
hl_status hl_name_check_folder(const char *folder);

/* Before long work: HL_E_IO where the folder that `path` lies in is not there or takes no files. */
hl_status hl_name_check_target(const char *path);

#endif /* HL_VIEWER_NAMES_H */
