/* SPDX-License-Identifier: MIT */
/* Lists of pairs by number: exhaustive and sequential; sorting and merging. */
#include "sfm/pairs.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

static hl_status check_images(int32_t images)
{
    if (images < 0 || images > HL_PAIRS_IMAGES_MAX)
        return hl_fail(HL_E_ARG, "pairs: %d photos, expected 0..%d", images, HL_PAIRS_IMAGES_MAX);
    return HL_OK;
}

void hl_pair_list_release(hl_pair_list *list)
{
    if (!list)
        return;
    hl_free(list->pairs);
    list->pairs = NULL;
    list->count = 0;
}

static int by_images(const void *pa, const void *pb)
{
    const hl_pair *a = pa, *b = pb;
    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    return (a->b > b->b) - (a->b < b->b);
}

/* Sorts and drops duplicates. */
static void tidy(hl_pair_list *list)
{
    qsort(list->pairs, (size_t)list->count, sizeof *list->pairs, by_images);
    int32_t kept = 0;
    for (int32_t i = 0; i < list->count; i++)
        if (kept == 0 || by_images(&list->pairs[kept - 1], &list->pairs[i]) != 0)
            list->pairs[kept++] = list->pairs[i];
    list->count = kept;
}

hl_status hl_pairs_exhaustive(hl_pair_list *list, int32_t images)
{
    HL_TRY(check_images(images));
    const int64_t count = (int64_t)images * (images - 1) / 2;
    hl_pair_list l = {hl_alloc((size_t)(count > 0 ? count : 0), sizeof *l.pairs), 0};
    if (!l.pairs)
        return hl_fail_context(HL_E_MEMORY, "all pairs of %d photos", images);
    for (int32_t a = 0; a < images; a++)
        for (int32_t b = a + 1; b < images; b++)
            l.pairs[l.count++] = (hl_pair){a, b};
    *list = l;
    return HL_OK;
}

hl_status hl_pairs_sequential(hl_pair_list *list, int32_t images, int32_t overlap, bool quadratic)
{
    HL_TRY(check_images(images));
    if (overlap == 0)
        overlap = HL_PAIRS_OVERLAP;
    if (overlap < 1 || overlap > HL_PAIRS_IMAGES_MAX)
        return hl_fail(HL_E_ARG, "pairs: overlap of %d photos, expected 1..%d", overlap,
                       HL_PAIRS_IMAGES_MAX);
    overlap = overlap < images ? overlap : images;
    hl_pair_list l = {NULL, 0};
    l.pairs = hl_alloc((size_t)images * (size_t)overlap * 2, sizeof *l.pairs);
    if (!l.pairs)
        return hl_fail_context(HL_E_MEMORY, "pairs of %d photos in sequence", images);
    for (int32_t a = 0; a < images; a++) {
        for (int32_t k = 1; k <= overlap && a + k < images; k++)
            l.pairs[l.count++] = (hl_pair){a, a + k};
        for (int32_t k = 0; quadratic && k < overlap && k < 15 && a + (1 << k) < images; k++)
            l.pairs[l.count++] = (hl_pair){a, a + (1 << k)};
    }
    tidy(&l);
    *list = l;
    return HL_OK;
}

hl_status hl_pairs_merge(hl_pair_list *into, const hl_pair_list *other)
{
    const int64_t count = (int64_t)into->count + other->count;
    if (count > INT32_MAX)
        return hl_fail(HL_E_ARG, "pairs: %lld in two lists", (long long)count);
    hl_pair_list l = {hl_alloc((size_t)count, sizeof *l.pairs), (int32_t)count};
    if (!l.pairs)
        return HL_E_MEMORY;
    if (into->count > 0)
        memcpy(l.pairs, into->pairs, (size_t)into->count * sizeof *l.pairs);
    if (other->count > 0)
        memcpy(l.pairs + into->count, other->pairs, (size_t)other->count * sizeof *l.pairs);
    tidy(&l);
    hl_pair_list_release(into);
    *into = l;
    return HL_OK;
}

hl_status hl_pairs_choose(hl_pair_list *list, const hl_features *features, int32_t images,
                          uint64_t seed)
{
    if (images <= HL_PAIRS_EXHAUSTIVE_MAX)
        return hl_pairs_exhaustive(list, images);
    return hl_pairs_retrieval(list, features, images, 0, seed);
}
