/* SPDX-License-Identifier: MIT */
/* Stable least-significant-digit radix sort of visible splats by depth, 3 passes of 11 bits.
 * Equal depths keep storage order.  Chunks only share out the work: a stable sort has one result.
 */
#include "raster/cpu/raster_cpu.h"

#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, CHUNK_MIN = 16384, CHUNKS_MAX = 16 };

typedef struct sort_job {
    const uint32_t *key_in;
    const int32_t *id_in;
    uint32_t *key_out;
    int32_t *id_out;
    int32_t count, chunk, shift;
    int32_t next[CHUNKS_MAX][DIGITS]; /* counts, then places */
} sort_job;

static int32_t chunk_end(const sort_job *job, int32_t c)
{
    const int32_t end = (c + 1) * job->chunk;
    return end < job->count ? end : job->count;
}

static void count_chunk(void *ctx, int32_t c, int32_t thread)
{
    (void)thread;
    sort_job *job = ctx;
    int32_t *count = job->next[c];
    memset(count, 0, sizeof job->next[c]);
    for (int32_t i = c * job->chunk; i < chunk_end(job, c); i++)
        count[(job->key_in[i] >> job->shift) & (DIGITS - 1)]++;
}

static void scatter_chunk(void *ctx, int32_t c, int32_t thread)
{
    (void)thread;
    sort_job *job = ctx;
    int32_t *next = job->next[c];
    for (int32_t i = c * job->chunk; i < chunk_end(job, c); i++) {
        const int32_t at = next[(job->key_in[i] >> job->shift) & (DIGITS - 1)]++;
        job->key_out[at] = job->key_in[i];
        job->id_out[at] = job->id_in[i];
    }
}

static void sort_pass(sort_job *job, int32_t chunks)
{
    hl_parallel_for(chunks, count_chunk, job);
    int32_t sum = 0;
    for (int32_t d = 0; d < DIGITS; d++)
        for (int32_t c = 0; c < chunks; c++) {
            const int32_t n = job->next[c][d];
            job->next[c][d] = sum;
            sum += n;
        }
    hl_parallel_for(chunks, scatter_chunk, job);
}

void hl_cpu_sort(hl_cpu *r)
{
    static _Thread_local sort_job job;
    int32_t chunk = (r->visible + CHUNKS_MAX - 1) / CHUNKS_MAX;
    if (chunk < CHUNK_MIN)
        chunk = CHUNK_MIN;
    const int32_t chunks = hl_block_count(r->visible, chunk);
    job.count = r->visible;
    job.chunk = chunk;
    for (int32_t pass = 0; pass < 3; pass++) {
        job.key_in = r->key[0];
        job.id_in = r->order[0];
        job.key_out = r->key[1];
        job.id_out = r->order[1];
        job.shift = pass * DIGIT_BITS;
        sort_pass(&job, chunks);
        uint32_t *const key = r->key[0];
        int32_t *const order = r->order[0];
        r->key[0] = r->key[1];
        r->order[0] = r->order[1];
        r->key[1] = key;
        r->order[1] = order;
    }
}
