/* SPDX-License-Identifier: MIT */
#include "sfm/database.h"

#include "core/file.h"

#include <string.h>

int32_t hl_database_find(const hl_database *database, const char *name)
{
    int32_t low = 0, high = database->image_count - 1, found = -1;
    while (low <= high) {
        const int32_t middle = low + (high - low) / 2;
        const int order = strcmp(database->images[middle].name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle - 1;
    }
    for (int32_t i = 0; i < database->image_count; i++)
        if (strcmp(hl_path_name(database->images[i].name), hl_path_name(name)) == 0)
            found = found == -1 ? i : -2;
    return found < 0 ? -1 : found;
}

void hl_database_release(hl_database *database)
{
    hl_arena_release(&database->arena);
    database->camera_count = database->image_count = database->pair_count = 0;
}
