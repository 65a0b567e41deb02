/* SPDX-License-Identifier: MIT */
#include "viewer/names.h"

#include "core/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NUMBERS = 9999 };

hl_status hl_name_place(char *out, const char *folder, const char *name)
{
    const char *home = strncmp(name, "~/", 2) == 0 ? getenv("HOME") : NULL;
    if (home && home[0])
        return hl_path_join(out, HL_PLACE_BYTES, home, name + 2);
    return hl_path_join(out, HL_PLACE_BYTES, folder, name);
}

hl_status hl_name_free(char *out, const char *path)
{
    const char *name = hl_path_name(path), *dot = strrchr(name, '.');
    const char *end = dot && dot != name ? dot : name + strlen(name);
    for (int i = 1; i <= NUMBERS; i++) {
        const int n =
            i == 1 ? snprintf(out, HL_PLACE_BYTES, "%s", path)
                   : snprintf(out, HL_PLACE_BYTES, "%.*s-%d%s", (int)(end - path), path, i, end);
        if (n < 0 || n >= HL_PLACE_BYTES)
            return hl_fail(HL_E_ARG, "%.80s...: the name is too long", path);
        if (!hl_file_exists(out))
            return HL_OK;
    }
    return hl_fail(HL_E_IO, "%s: this name and %d with numbers are taken", path, NUMBERS - 1);
}

hl_status hl_name_check_folder(const char *folder)
{
    if (hl_file_is_folder(folder[0] ? folder : "."))
        return HL_OK;
    return hl_fail(HL_E_IO, "%s: %s", folder,
                   hl_file_exists(folder) ? "this is a file, not a folder" : "no such folder");
}

hl_status hl_name_check_target(const char *path)
{
    char folder[HL_PLACE_BYTES];
    size_t length = (size_t)(hl_path_name(path) - path);
    length -= length > 1; /* the slash */
    if (length >= sizeof folder)
        return hl_fail(HL_E_ARG, "%.80s...: the name is too long", path);
    memcpy(folder, path, length);
    folder[length] = '\0';
    HL_TRY(hl_name_check_folder(folder));
    if (access(length ? folder : ".", W_OK | X_OK) != 0)
        return hl_fail(HL_E_IO, "%s: nothing can be written there: %s", length ? folder : ".",
                       strerror(errno));
    return HL_OK;
}
