/* SPDX-License-Identifier: MIT */
/* From nearest neighbours to matches: ratio, distance, cross-check.
 *
 * Only the rows of B that a row of A chose are searched in A: the cross-check of the same rules
 * costs what the pair has in common. */
#include "sfm/match.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "sfm/match/nn.h"

#include <math.h>
#include <string.h>

static const double one = 512.0 * 512.0; /* dot product of equal descriptors */

static double angle_of(int32_t dot)
{
    return acos(fmin(dot / one, 1.0));
}

static bool passes(const hl_nn *nn, const hl_match_options *o)
{
    if (nn->best < 0)
        return false;
    const double best = angle_of(nn->dot);
    return best <= (double)o->max_angle_rad && best < (double)o->ratio * angle_of(nn->second);
}

static hl_status fill_options(hl_match_options *o, const hl_match_options *given)
{
    *o = given ? *given : (hl_match_options){0};
    if (o->ratio == 0)
        o->ratio = HL_MATCH_RATIO;
    if (o->max_angle_rad == 0)
        o->max_angle_rad = HL_MATCH_ANGLE;
    if (!(o->ratio > 0 && o->ratio <= 1) || !(o->max_angle_rad > 0 && o->max_angle_rad < 4))
        return hl_fail(HL_E_ARG, "matching: ratio %g and angle %g, expected 0..1 and 0..pi",
                       (double)o->ratio, (double)o->max_angle_rad);
    return HL_OK;
}

/* Nearest rows of `base` for each of `count` queries.  *nn is allocated. */
static hl_status nearest(const uint8_t *queries, int32_t count, const hl_features *base, hl_nn **nn)
{
    const hl_nn_kernels *kernels = hl_nn_kernels_best();
    hl_nn_base packed;
    HL_TRY(hl_nn_base_init(&packed, base->descriptors, base->count, kernels));
    hl_nn *found = hl_alloc((size_t)count, sizeof *found);
    const hl_status status =
        found ? hl_nn_search(&packed, queries, count, kernels, found) : HL_E_MEMORY;
    hl_nn_base_release(&packed);
    if (status == HL_OK)
        *nn = found;
    else
        hl_free(found);
    return status;
}

/* Keeps the matches whose b leads back to a. */
static hl_status cross_check(hl_match *matches, int32_t *count, const hl_features *a,
                             const hl_features *b, const hl_match_options *o)
{
    int32_t *row = hl_alloc((size_t)b->count, sizeof *row); /* 1 + place in the queries */
    uint8_t *queries = hl_alloc((size_t)*count, HL_DESCRIPTOR_BYTES);
    hl_nn *back = NULL;
    hl_status status = row && queries ? HL_OK : HL_E_MEMORY;
    int32_t asked = 0;
    for (int32_t i = 0; status == HL_OK && i < *count; i++) {
        const int32_t at = matches[i].b;
        if (row[at])
            continue;
        memcpy(queries + (size_t)asked * HL_DESCRIPTOR_BYTES,
               b->descriptors + (size_t)at * HL_DESCRIPTOR_BYTES, HL_DESCRIPTOR_BYTES);
        row[at] = ++asked;
    }
    if (status == HL_OK)
        status = nearest(queries, asked, a, &back);
    int32_t kept = 0;
    for (int32_t i = 0; status == HL_OK && i < *count; i++) {
        const hl_nn *nn = &back[row[matches[i].b] - 1];
        if (nn->best == matches[i].a && passes(nn, o))
            matches[kept++] = matches[i];
    }
    *count = kept;
    hl_free(back);
    hl_free(queries);
    hl_free(row);
    return status;
}

static hl_status match(hl_pair_matches *out, const hl_features *a, const hl_features *b,
                       const hl_match_options *o)
{
    hl_nn *forth = NULL;
    hl_pair_matches m = {.image_a = -1, .image_b = -1};
    m.matches = hl_alloc((size_t)(a->count < 1 ? 1 : a->count), sizeof *m.matches);
    hl_status status = m.matches ? HL_OK : HL_E_MEMORY;
    if (status == HL_OK && a->count > 0 && b->count > 0) {
        status = nearest(a->descriptors, a->count, b, &forth);
        for (int32_t i = 0; status == HL_OK && i < a->count; i++)
            if (passes(&forth[i], o))
                m.matches[m.count++] = (hl_match){i, forth[i].best};
        hl_free(forth);
        if (status == HL_OK && !o->one_way && m.count > 0)
            status = cross_check(m.matches, &m.count, a, b, o);
    }
    if (status != HL_OK) {
        hl_free(m.matches);
        return status;
    }
    void *fitting = hl_alloc((size_t)m.count, sizeof *m.matches); /* most rows match nothing */
    if (fitting) {
        memcpy(fitting, m.matches, (size_t)m.count * sizeof *m.matches);
        hl_free(m.matches);
        m.matches = fitting;
    }
    *out = m;
    return HL_OK;
}

hl_status hl_match_features(hl_pair_matches *out, const hl_features *a, const hl_features *b,
                            const hl_match_options *options)
{
    hl_match_options o;
    HL_TRY(fill_options(&o, options));
    if (!a || !b || a->count < 0 || b->count < 0)
        return hl_fail(HL_E_ARG, "matching: no features");
    return match(out, a, b, &o);
}

void hl_pair_matches_release(hl_pair_matches *matches)
{
    if (!matches)
        return;
    hl_free(matches->matches);
    memset(matches, 0, sizeof *matches);
}

typedef struct pairs_ctx {
    hl_pair_matches *out;
    const hl_features *features;
    const hl_pair *pairs;
    hl_match_options options;
    hl_status *status; /* (pairs) */
} pairs_ctx;

static void match_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const pairs_ctx *c = ctx;
    const hl_pair pair = c->pairs[block];
    c->status[block] =
        match(&c->out[block], &c->features[pair.a], &c->features[pair.b], &c->options);
    c->out[block].image_a = pair.a;
    c->out[block].image_b = pair.b;
}

hl_status hl_match_pairs(hl_pair_matches *out, const hl_features *features, int32_t images,
                         const hl_pair *pairs, int32_t count, const hl_match_options *options)
{
    pairs_ctx c = {.out = out, .features = features, .pairs = pairs};
    HL_TRY(fill_options(&c.options, options));
    for (int32_t i = 0; i < count; i++)
        if (pairs[i].a < 0 || pairs[i].b < 0 || pairs[i].a >= images || pairs[i].b >= images ||
            pairs[i].a == pairs[i].b)
            return hl_fail(HL_E_ARG, "matching: pair %d is of images %d and %d, of %d", i,
                           pairs[i].a, pairs[i].b, images);
    c.status = hl_alloc((size_t)count, sizeof *c.status);
    if (!c.status)
        return HL_E_MEMORY;
    memset(out, 0, (size_t)count * sizeof *out);
    hl_parallel_for(count, match_block, &c);
    hl_status status = HL_OK;
    for (int32_t i = 0; i < count && status == HL_OK; i++)
        status = c.status[i];
    hl_free(c.status);
    if (status == HL_OK)
        return HL_OK;
    for (int32_t i = 0; i < count; i++)
        hl_pair_matches_release(&out[i]);
    return hl_fail(status, "matching %d pairs: out of memory", count);
}

uint64_t hl_match_bytes(int32_t features_a, int32_t features_b)
{
    const uint64_t a = (uint64_t)features_a, b = (uint64_t)features_b;
    const uint64_t larger = (a > b ? a : b) + 64;
    return larger * (2 * HL_DESCRIPTOR_BYTES + 4) + a * (sizeof(hl_nn) + 2 * sizeof(hl_match)) +
           b * 4 + (1u << 20);
}
