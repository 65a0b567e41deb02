/* SPDX-License-Identifier: MIT */
#include "core/arena.h"

#include <string.h>

struct hl_arena_block {
    struct hl_arena_block *next;
    size_t capacity;
    size_t used;
    char *bytes;
};

void hl_arena_init(hl_arena *arena, size_t grain, size_t limit)
{
    memset(arena, 0, sizeof *arena);
    arena->grain = grain ? grain : (size_t)1 << 20;
    arena->limit = limit;
}

static struct hl_arena_block *block_create(size_t capacity)
{
    struct hl_arena_block *block = hl_alloc(1, sizeof *block);
    if (!block)
        return NULL;
    block->bytes = hl_alloc(capacity, 1);
    if (!block->bytes) {
        hl_free(block);
        return NULL;
    }
    block->capacity = capacity;
    return block;
}

/* A block with room for `bytes`: the current one, a later one kept from before, or a new one. */
static struct hl_arena_block *block_with_room(hl_arena *arena, size_t bytes)
{
    struct hl_arena_block *last = arena->current;
    for (struct hl_arena_block *b = last; b; b = b->next) {
        if (b->capacity - b->used >= bytes)
            return b;
        last = b;
    }
    struct hl_arena_block *fresh = block_create(bytes > arena->grain ? bytes : arena->grain);
    if (!fresh)
        return NULL;
    if (last)
        last->next = fresh;
    else
        arena->first = fresh;
    return fresh;
}

void *hl_arena_alloc(hl_arena *arena, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX - HL_ALIGN) / size) {
        hl_fail(HL_E_MEMORY, "arena: %zu elements of %zu bytes overflow", count, size);
        return NULL;
    }
    const size_t bytes = (count * size + HL_ALIGN - 1) / HL_ALIGN * HL_ALIGN;
    if (arena->limit && bytes > arena->limit - arena->used) {
        hl_fail(HL_E_MEMORY, "arena: %zu bytes needed, %zu of %zu in use", bytes, arena->used,
                arena->limit);
        return NULL;
    }
    struct hl_arena_block *block = block_with_room(arena, bytes);
    if (!block)
        return NULL;
    void *p = block->bytes + block->used;
    memset(p, 0, bytes);
    block->used += bytes;
    arena->current = block;
    arena->used += bytes;
    return p;
}

char *hl_arena_text(hl_arena *arena, const char *text, size_t bytes)
{
    if (bytes == SIZE_MAX) {
        hl_fail(HL_E_MEMORY, "arena: text length overflows");
        return NULL;
    }
    char *copy = hl_arena_alloc(arena, bytes + 1, 1);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

hl_arena_mark hl_arena_save(const hl_arena *arena)
{
    const hl_arena_mark mark = {arena->current, arena->current ? arena->current->used : 0,
                                arena->used};
    return mark;
}

void hl_arena_rewind(hl_arena *arena, hl_arena_mark mark)
{
    struct hl_arena_block *b = mark.block ? mark.block->next : arena->first;
    for (; b; b = b->next)
        b->used = 0;
    if (mark.block)
        mark.block->used = mark.block_used;
    arena->current = mark.block ? mark.block : arena->first;
    arena->used = mark.used;
}

void hl_arena_release(hl_arena *arena)
{
    struct hl_arena_block *b = arena->first;
    while (b) {
        struct hl_arena_block *next = b->next;
        hl_free(b->bytes);
        hl_free(b);
        b = next;
    }
    hl_arena_init(arena, arena->grain, arena->limit);
}
