/* SPDX-License-Identifier: MIT */
/* core/arena.h -- bump allocator: many allocations, one release.
 *
 *   block 0 [#########......]   block 1 [####...........]   (blocks only grow at the end)
 *
 * Three arenas exist in a program: scene (as long as the scene), step (reset each iteration) and
 * scratch (mark and rewind).  Memory is zeroed and aligned to HL_ALIGN.  Not thread-safe.
 */
#ifndef HL_CORE_ARENA_H
#define HL_CORE_ARENA_H

#include "core/memory.h"

struct hl_arena_block;

typedef struct hl_arena {
    struct hl_arena_block *first;
    struct hl_arena_block *current;
    size_t used;  /* bytes handed out, alignment included            */
    size_t limit; /* bytes it may hold at most; 0 means no limit     */
    size_t grain; /* bytes of a new block unless a request is larger */
} hl_arena;

typedef struct hl_arena_mark {
    struct hl_arena_block *block;
    size_t block_used;
    size_t used;
} hl_arena_mark;

/* An empty arena that takes `grain` bytes at a time (0: 1 MiB), at most `limit` (0: no limit). */
void hl_arena_init(hl_arena *arena, size_t grain, size_t limit);

/* count * size zeroed bytes; NULL with the sentence recorded on overflow, limit or exhaustion. */
void *hl_arena_alloc(hl_arena *arena, size_t count, size_t size);

/* Copy of `bytes` bytes of text plus a final NUL. */
char *hl_arena_text(hl_arena *arena, const char *text, size_t bytes);

hl_arena_mark hl_arena_save(const hl_arena *arena);

/* Gives back all that was allocated since the mark; blocks are kept for reuse. */
void hl_arena_rewind(hl_arena *arena, hl_arena_mark mark);

/* Frees every block; the arena is then as after hl_arena_init. */
void hl_arena_release(hl_arena *arena);

#endif /* HL_CORE_ARENA_H */
