/* SPDX-License-Identifier: MIT */
#include "sfm/global/global_tracks.h"

#include "core/memory.h"
#include "sfm/global/sets.h"

#include <stdlib.h>
#include <string.h>

/* Growing tracks: disjoint sets whose members form a ring. */
typedef struct joining {
    const hl_map_scene *s;
    int32_t *parent, *next, *size; /* (feature_count) */
    int32_t *stamp;                /* (image_count) number of the union that looked last */
    int32_t unions;
} joining;

typedef struct ranked {
    int32_t key, index;
} ranked;

/* Largest key first, then by index. */
static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key) - (x->key > y->key)
                            : (x->index > y->index) - (x->index < y->index);
}

static int compare_int(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Two sets have a photo in common. */
static bool clash(joining *j, int32_t a, int32_t b)
{
    const int32_t *image_of = j->s->graph.image_of;
    const int32_t stamp = ++j->unions;
    int32_t f = a;
    do {
        j->stamp[image_of[f]] = stamp;
        f = j->next[f];
    } while (f != a);
    f = b;
    do {
        if (j->stamp[image_of[f]] == stamp)
            return true;
        f = j->next[f];
    } while (f != b);
    return false;
}

static void join_features(joining *j, int32_t a, int32_t b)
{
    const int32_t ra = hl_set_find(j->parent, a), rb = hl_set_find(j->parent, b);
    int joined;
    if (ra == rb || j->unions == INT32_MAX || clash(j, ra, rb))
        return;
    const int32_t size = j->size[ra] + j->size[rb], swap = j->next[ra];
    j->next[ra] = j->next[rb];
    j->next[rb] = swap;
    j->size[hl_set_join(j->parent, ra, rb, &joined)] = size;
}

static hl_status join_pairs(joining *j, const bool *take)
{
    const hl_map_input *in = j->s->in;
    ranked *order = hl_alloc((size_t)in->pair_count, sizeof *order);
    if (!order)
        return HL_E_MEMORY;
    for (int32_t p = 0; p < in->pair_count; p++)
        order[p] = (ranked){in->pairs[p].count, p};
    qsort(order, (size_t)in->pair_count, sizeof *order, compare_ranked);
    for (int32_t k = 0; k < in->pair_count; k++) {
        const hl_map_pair *pair = &in->pairs[order[k].index];
        const int32_t *base = j->s->graph.base;
        for (int32_t i = 0; take[order[k].index] && i < pair->count; i++)
            join_features(j, base[pair->image_a] + pair->match[2 * i],
                          base[pair->image_b] + pair->match[2 * i + 1]);
    }
    hl_free(order);
    return HL_OK;
}

/* A photo of the track has not enough of them; then all its photos get one more. */
static bool wanted(const joining *j, int32_t root, int32_t *taken, int32_t enough)
{
    const int32_t *image_of = j->s->graph.image_of;
    bool lacks = false;
    int32_t f = root;
    do {
        lacks = lacks || taken[image_of[f]] < enough;
        f = j->next[f];
    } while (f != root);
    do {
        taken[image_of[f]] += lacks;
        f = j->next[f];
    } while (f != root);
    return lacks;
}

static hl_status collect(const joining *j, int32_t enough, hl_global_tracks *t)
{
    const hl_map_scene *s = j->s;
    int32_t sets = 0, all = 0;
    for (int32_t f = 0; f < s->graph.feature_count; f++)
        if (j->parent[f] == f && j->size[f] > 1) {
            sets++;
            all += j->size[f];
        }
    ranked *order = hl_alloc((size_t)sets, sizeof *order);
    int32_t *taken = hl_alloc((size_t)s->in->image_count, sizeof *taken);
    t->start = hl_alloc((size_t)sets + 1, sizeof *t->start);
    t->features = hl_alloc((size_t)all, sizeof *t->features);
    hl_status status = order && taken && t->start && t->features ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK) {
        int32_t n = 0;
        for (int32_t f = 0; f < s->graph.feature_count; f++)
            if (j->parent[f] == f && j->size[f] > 1)
                order[n++] = (ranked){j->size[f], f};
        qsort(order, (size_t)sets, sizeof *order, compare_ranked);
        for (int32_t k = 0; k < sets; k++) {
            const int32_t root = order[k].index;
            int64_t at = t->start[t->count];
            int32_t f = root;
            if (!wanted(j, root, taken, enough))
                continue;
            do {
                t->features[at++] = f;
                f = j->next[f];
            } while (f != root);
            qsort(t->features + t->start[t->count], (size_t)(at - t->start[t->count]),
                  sizeof *t->features, compare_int);
            t->start[++t->count] = at;
        }
    }
    hl_free(order);
    hl_free(taken);
    return status;
}

hl_status hl_global_tracks_create(hl_global_tracks *t, const hl_map_scene *s, const bool *take,
                                  int32_t enough)
{
    const size_t n = (size_t)s->graph.feature_count;
    joining j = {.s = s,
                 .parent = hl_alloc(n, sizeof(int32_t)),
                 .next = hl_alloc(n, sizeof(int32_t)),
                 .size = hl_alloc(n, sizeof(int32_t)),
                 .stamp = hl_alloc((size_t)s->in->image_count, sizeof(int32_t))};
    hl_status status = j.parent && j.next && j.size && j.stamp ? HL_OK : HL_E_MEMORY;
    *t = (hl_global_tracks){0};
    if (status == HL_OK) {
        for (int32_t f = 0; f < s->graph.feature_count; f++) {
            j.parent[f] = j.next[f] = f;
            j.size[f] = 1;
        }
        status = join_pairs(&j, take);
    }
    if (status == HL_OK)
        status = collect(&j, enough, t);
    hl_free(j.parent);
    hl_free(j.next);
    hl_free(j.size);
    hl_free(j.stamp);
    if (status != HL_OK)
        hl_global_tracks_release(t);
    return status;
}

void hl_global_tracks_release(hl_global_tracks *t)
{
    hl_free(t->start);
    hl_free(t->features);
    *t = (hl_global_tracks){0};
}
