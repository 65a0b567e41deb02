/* SPDX-License-Identifier: MIT */
/* Built without SQLite. */
#include "sfm/database.h"

static hl_status absent(const char *path)
{
    return hl_fail(HL_E_BACKEND,
                   "%s: this build reads and writes no databases: install "
                   "libsqlite3-dev and configure again",
                   path);
}

hl_status hl_database_load(hl_database *database, const char *path)
{
    (void)database;
    return absent(path);
}

hl_status hl_database_save(const hl_database *database, const char *path)
{
    (void)database;
    return absent(path);
}
