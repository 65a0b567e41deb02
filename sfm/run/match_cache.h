/* SPDX-License-Identifier: MIT */
/* sfm/run/match_cache.h -- matches on disk: one file for each photo with the pairs that it leads.
 *
 * A row is named by the features of its photo and by all that matching depends on; a record in it
 * by the features of the other photo.  So photos may be renamed, added and left out: what was
 * matched once is found again.  The geometry of a record has a key of its own, since it also
 * depends on cameras and on the random stream of the pair; with another key the matches alone
 * count.
 */
#ifndef HL_SFM_MATCH_CACHE_H
#define HL_SFM_MATCH_CACHE_H

#include "core/arena.h"
#include "sfm/two_view.h"

typedef struct hl_match_record {
    uint64_t other[2];    /* features of the second photo       */
    uint64_t geometry[2]; /* what `inlier` and `view` depend on */
    int32_t matched;
    const int32_t *match;  /* (matched, 2) */
    const uint8_t *inlier; /* (matched)    */
    hl_two_view view;
} hl_match_record;

typedef struct hl_match_row {
    int32_t count;
    hl_match_record *records; /* (count), in the order of the file */
    hl_arena arena;           /* owns the records */
} hl_match_row;

/* Reads FOLDER/<key>.helio.  An absent file is an empty row, and so is a damaged one, with a
 * warning.  Released by hl_match_row_release.  Errors: HL_E_MEMORY, HL_E_ARG (path too long). */
hl_status hl_match_row_load(hl_match_row *row, const char *folder, const uint64_t key[2]);

/* Writes the records (count) as that row.  HL_E_IO, HL_E_MEMORY. */
hl_status hl_match_row_save(const hl_match_record *records, int32_t count, const char *folder,
                            const uint64_t key[2]);

/* NULL where there is none. */
const hl_match_record *hl_match_row_find(const hl_match_row *row, const uint64_t other[2]);

void hl_match_row_release(hl_match_row *row);

#endif /* HL_SFM_MATCH_CACHE_H */
