/* SPDX-License-Identifier: MIT */
/* Photos that look alike, by vectors of locally aggregated descriptors (Jegou et al. 2010,
 * Arandjelovic and Zisserman 2013).
 *
 * WORDS centres are learned by k-means from a sample of the set's own descriptors.  A photo's
 * vector holds, for each word, the sum of (descriptor - centre) over the photo's descriptors
 * nearest to that word, scaled to length 1 word by word, then as a whole.  Alike: large dot
 * product.
 *
 * All sums are in descriptor order, photo by photo: the same for any number of threads. */
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "sfm/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORDS = 64,
    DIM = HL_DESCRIPTOR_BYTES,
    ROUNDS = 8,       /* of k-means                                     */
    SAMPLES = 16384,  /* descriptors learned from, in all               */
    PER_PHOTO = 2048, /* descriptors of a photo that count, the largest */
    SAMPLE_BLOCK = 256
};

typedef struct vlad {
    const hl_features *features;
    int32_t images;
    int32_t samples;
    const uint8_t **sample; /* (samples)                    */
    int32_t *word;          /* (samples)                    */
    float *centre;          /* (WORDS, DIM)                 */
    float *half;            /* (WORDS): |centre|^2 / 2      */
    float *vector;          /* (images, WORDS, DIM)         */
    int32_t nearest;
    hl_pair *pairs; /* (images, nearest); a < 0: none */
    float *score;   /* (threads, images) */
} vlad;

/* The word whose centre is nearest: largest c.d - |c|^2 / 2. */
static int32_t word_of(const vlad *v, const uint8_t *descriptor)
{
    float d[DIM];
    for (int k = 0; k < DIM; k++)
        d[k] = (float)descriptor[k];
    int32_t best = 0;
    float best_score = -HUGE_VALF;
    for (int32_t w = 0; w < WORDS; w++) {
        const float *c = v->centre + w * DIM;
        float lane[16] = {0};
        for (int k = 0; k < DIM; k += 16)
            for (int i = 0; i < 16; i++)
                lane[i] += c[k + i] * d[k + i];
        float score = -v->half[w];
        for (int i = 0; i < 16; i++)
            score += lane[i];
        if (score > best_score) {
            best_score = score;
            best = w;
        }
    }
    return best;
}

static void measure_centres(vlad *v)
{
    for (int32_t w = 0; w < WORDS; w++) {
        float sum = 0;
        for (int k = 0; k < DIM; k++)
            sum += v->centre[w * DIM + k] * v->centre[w * DIM + k];
        v->half[w] = 0.5f * sum;
    }
}

static void assign_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const vlad *v = ctx;
    const int32_t end = (block + 1) * SAMPLE_BLOCK;
    for (int32_t i = block * SAMPLE_BLOCK; i < end && i < v->samples; i++)
        v->word[i] = word_of(v, v->sample[i]);
}

/* Centres become means of their samples; a word without any takes a sample by number. */
static void move_centres(vlad *v, uint64_t seed, int32_t round)
{
    int32_t held[WORDS] = {0};
    memset(v->centre, 0, WORDS * DIM * sizeof *v->centre);
    for (int32_t i = 0; i < v->samples; i++) {
        float *c = v->centre + v->word[i] * DIM;
        held[v->word[i]]++;
        for (int k = 0; k < DIM; k++)
            c[k] += (float)v->sample[i][k]; /* whole numbers below 2^24: exact */
    }
    for (int32_t w = 0; w < WORDS; w++) {
        hl_rng rng = hl_rng_at(seed, (uint64_t)round, (uint64_t)w, HL_RNG_INIT);
        const uint8_t *spare = v->sample[hl_rng_below(&rng, (uint32_t)v->samples)];
        for (int k = 0; k < DIM; k++) {
            float *c = v->centre + w * DIM + k;
            *c = held[w] ? *c / (float)held[w] : (float)spare[k];
        }
    }
    measure_centres(v);
}

static int32_t counted(const hl_features *f)
{
    return f->count < PER_PHOTO ? f->count : PER_PHOTO;
}

/* Evenly spaced descriptors of every photo. */
static void take_samples(vlad *v)
{
    int64_t total = 0;
    for (int32_t i = 0; i < v->images; i++)
        total += counted(&v->features[i]);
    int64_t seen = 0;
    for (int32_t i = 0; i < v->images; i++)
        for (int32_t k = 0; k < counted(&v->features[i]); k++, seen++)
            if (total <= SAMPLES || seen * SAMPLES / total != (seen + 1) * SAMPLES / total)
                v->sample[v->samples++] = v->features[i].descriptors + (size_t)k * DIM;
}

static void learn_words(vlad *v, uint64_t seed)
{
    for (int32_t i = 0; i < v->samples; i++)
        v->word[i] = -1;
    for (int32_t w = 0; w < WORDS; w++) {
        const uint8_t *d = v->sample[(int64_t)w * v->samples / WORDS];
        for (int k = 0; k < DIM; k++)
            v->centre[w * DIM + k] = (float)d[k];
    }
    measure_centres(v);
    for (int32_t round = 0; round < ROUNDS; round++) {
        hl_parallel_for(hl_block_count(v->samples, SAMPLE_BLOCK), assign_block, v);
        move_centres(v, seed, round);
    }
}

static void scale_to_one(float *v, int32_t count)
{
    double sum = 0;
    for (int32_t k = 0; k < count; k++)
        sum += (double)v[k] * (double)v[k];
    const float by = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
    for (int32_t k = 0; k < count; k++)
        v[k] *= by;
}

static void describe_photo(void *ctx, int32_t image, int32_t thread)
{
    (void)thread;
    const vlad *v = ctx;
    const hl_features *f = &v->features[image];
    float *out = v->vector + (size_t)image * WORDS * DIM;
    for (int32_t i = 0; i < counted(f); i++) {
        const uint8_t *d = f->descriptors + (size_t)i * DIM;
        const int32_t w = word_of(v, d);
        for (int k = 0; k < DIM; k++)
            out[w * DIM + k] += (float)d[k] - v->centre[w * DIM + k];
    }
    for (int32_t w = 0; w < WORDS; w++)
        scale_to_one(out + w * DIM, DIM);
    scale_to_one(out, WORDS * DIM);
}

static float similarity(const float *a, const float *b)
{
    float lane[16] = {0};
    for (int k = 0; k < WORDS * DIM; k += 16)
        for (int i = 0; i < 16; i++)
            lane[i] += a[k + i] * b[k + i];
    float sum = 0;
    for (int i = 0; i < 16; i++)
        sum += lane[i];
    return sum;
}

static void rank_photo(void *ctx, int32_t image, int32_t thread)
{
    const vlad *v = ctx;
    float *score = v->score + (size_t)thread * (size_t)v->images;
    for (int32_t j = 0; j < v->images; j++) {
        const bool out = j == image || v->features[j].count == 0 || v->features[image].count == 0;
        score[j] = out ? -2.0f
                       : similarity(v->vector + (size_t)image * WORDS * DIM,
                                    v->vector + (size_t)j * WORDS * DIM);
    }
    for (int32_t n = 0; n < v->nearest; n++) {
        int32_t best = 0;
        for (int32_t j = 1; j < v->images; j++)
            if (score[j] > score[best])
                best = j;
        hl_pair *pair = &v->pairs[(int64_t)image * v->nearest + n];
        *pair = score[best] <= -2.0f ? (hl_pair){-1, -1}
                : image < best       ? (hl_pair){image, best}
                                     : (hl_pair){best, image};
        score[best] = -2.0f;
    }
}

static hl_status reserve(vlad *v)
{
    const size_t images = (size_t)v->images;
    v->sample = hl_alloc((size_t)SAMPLES + 1, sizeof *v->sample);
    v->word = hl_alloc((size_t)SAMPLES + 1, sizeof *v->word);
    v->centre = hl_alloc((size_t)WORDS * DIM, sizeof *v->centre);
    v->half = hl_alloc(WORDS, sizeof *v->half);
    v->vector = hl_alloc(images, WORDS * DIM * sizeof *v->vector);
    v->pairs = hl_alloc(images * (size_t)v->nearest, sizeof *v->pairs);
    v->score = hl_alloc((size_t)hl_parallel_threads() * images, sizeof *v->score);
    if (v->sample && v->word && v->centre && v->half && v->vector && v->pairs && v->score)
        return HL_OK;
    return hl_fail_context(HL_E_MEMORY, "looking for %d photos that are alike", v->images);
}

hl_status hl_pairs_retrieval(hl_pair_list *list, const hl_features *features, int32_t images,
                             int32_t nearest, uint64_t seed)
{
    if (nearest == 0)
        nearest = HL_PAIRS_NEAREST;
    if (images < 0 || images > HL_PAIRS_IMAGES_MAX || nearest < 1)
        return hl_fail(HL_E_ARG, "pairs: %d of %d photos, expected 1.. of 0..%d", nearest, images,
                       HL_PAIRS_IMAGES_MAX);
    if (nearest > images - 1)
        nearest = images > 1 ? images - 1 : 1;
    vlad v = {.features = features, .images = images, .nearest = nearest};
    hl_pair_list l = {NULL, 0}, none = {NULL, 0};
    hl_status status = reserve(&v);
    if (status == HL_OK)
        take_samples(&v);
    if (status == HL_OK && v.samples > 0) {
        learn_words(&v, seed);
        hl_parallel_for(images, describe_photo, &v);
        hl_parallel_for(images, rank_photo, &v);
        l.pairs = v.pairs;
        for (int64_t i = 0; i < (int64_t)images * nearest; i++)
            if (v.pairs[i].a >= 0)
                l.pairs[l.count++] = v.pairs[i];
        v.pairs = NULL;
    }
    if (status == HL_OK)
        status = hl_pairs_merge(&l, &none);
    hl_free(v.sample);
    hl_free(v.word);
    hl_free(v.centre);
    hl_free(v.half);
    hl_free(v.vector);
    hl_free(v.pairs);
    hl_free(v.score);
    if (status != HL_OK)
        hl_pair_list_release(&l);
    else
        *list = l;
    return status;
}
