/* SPDX-License-Identifier: MIT */
/* Compressed PLY of PlayCanvas: 256 splats share a chunk of ranges, each is four 32-bit words.
 *
 *   packed_position  x 11, y 10, z 11 bits: where between min and max of the chunk
 *   packed_rotation  2 bits: which of w x y z is largest; 3 x 10 bits: the others
 *   packed_scale     as position, of the logarithm
 *   packed_color     r g b alpha, 8 bits each, rgb in the chunk's range where it has one
 */
#include "core/io/bytes.h"
#include "core/io/splat_formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_SPLATS = 256, RANGES = 18, RANGES_WITHOUT_COLOR = 12, WORDS = 4 };

static const char *const range_names[RANGES] = {
    "min_x",       "min_y",       "min_z",       "max_x",       "max_y",       "max_z",
    "min_scale_x", "min_scale_y", "min_scale_z", "max_scale_x", "max_scale_y", "max_scale_z",
    "min_r",       "min_g",       "min_b",       "max_r",       "max_g",       "max_b",
};
static const char *const word_names[WORDS] = {"packed_position", "packed_rotation", "packed_scale",
                                              "packed_color"};

typedef struct packed {
    const hl_ply *ply;
    const hl_ply_element *vertex, *sh; /* sh: NULL without */
    hl_ply_rows chunks;
    int32_t range[RANGES]; /* columns of the chunk element */
    bool has_color_range;
    uint32_t word[WORDS]; /* offsets in a vertex row */
    size_t vertex_at, sh_at;
    uint32_t rest[3 * (HL_SH_COEFFS_MAX - 1)]; /* offsets in an sh row */
    int rest_per_channel;
} packed;

static hl_status find_ranges(packed *p, const hl_ply_element *chunk)
{
    int found = 0;
    for (int k = 0; k < RANGES; k++) {
        p->range[k] = hl_ply_property_find(p->ply, chunk, range_names[k]);
        found += p->range[k] >= 0;
        if (p->range[k] < 0 && k < RANGES_WITHOUT_COLOR)
            return hl_fail(HL_E_FORMAT, "%s: element chunk lacks %s", p->ply->name, range_names[k]);
    }
    p->has_color_range = found == RANGES;
    const uint64_t need = (p->vertex->count + CHUNK_SPLATS - 1) / CHUNK_SPLATS;
    if (chunk->count < need)
        return hl_fail(HL_E_FORMAT,
                       "%s: %" PRIu64 " chunks for %" PRIu64 " splats, expected %" PRIu64,
                       p->ply->name, chunk->count, p->vertex->count, need);
    return hl_ply_rows_open(&p->chunks, p->ply, chunk);
}

static hl_status find_words(packed *p, const hl_ply *ply)
{
    for (int k = 0; k < WORDS; k++) {
        const int32_t i = hl_ply_property_find(ply, p->vertex, word_names[k]);
        const hl_ply_property *q = i < 0 ? NULL : &ply->properties[p->vertex->first + i];
        if (!q || q->is_list || q->type != HL_PLY_U32)
            return hl_fail(HL_E_FORMAT, "%s: element vertex: expected uint %s", ply->name,
                           word_names[k]);
        p->word[k] = q->offset;
    }
    if (p->vertex->has_list)
        return hl_fail(HL_E_FORMAT, "%s: element vertex has a list, expected numbers",
                       p->ply->name);
    return hl_ply_locate(p->ply, p->vertex, &p->vertex_at);
}

static hl_status find_sh(packed *p, const hl_ply *ply)
{
    if (!p->sh)
        return HL_OK;
    const int n = p->sh->properties;
    p->rest_per_channel = n / 3;
    if (n % 3 || hl_splat_degree_of_rest(n / 3) < 1 || n / 3 >= HL_SH_COEFFS_MAX ||
        p->sh->count != p->vertex->count)
        return hl_fail(HL_E_FORMAT,
                       "%s: element sh has %" PRIu64 " rows of %d columns, expected %" PRIu64
                       " of 9, 24 or 45",
                       p->ply->name, p->sh->count, n, p->vertex->count);
    for (int k = 0; k < n; k++) {
        char name[HL_PLY_NAME_BYTES];
        snprintf(name, sizeof name, "f_rest_%d", k);
        const int32_t i = hl_ply_property_find(ply, p->sh, name);
        const hl_ply_property *q = i < 0 ? NULL : &ply->properties[p->sh->first + i];
        if (!q || q->is_list || q->type != HL_PLY_U8)
            return hl_fail(HL_E_FORMAT, "%s: element sh: expected uchar %s", ply->name, name);
        p->rest[k] = q->offset;
    }
    return hl_ply_locate(p->ply, p->sh, &p->sh_at);
}

static float lerp(uint32_t value, int bits, float min, float max)
{
    const float t = (float)value / (float)((1u << bits) - 1);
    return min + t * (max - min);
}

static void unpack_vec3(uint32_t word, const float *min, const float *max, float out[3])
{
    out[0] = lerp(word >> 21, 11, min[0], max[0]);
    out[1] = lerp(word >> 11 & 0x3ff, 10, min[1], max[1]);
    out[2] = lerp(word & 0x7ff, 11, min[2], max[2]);
}

static void unpack_rotation(uint32_t word, float q[4])
{
    const int largest = (int)(word >> 30);
    float sum = 0;
    int shift = 20;
    for (int k = 0; k < 4; k++) {
        if (k == largest)
            continue;
        q[k] = ((float)(word >> shift & 0x3ff) / 1023 - 0.5f) * sqrtf(2);
        sum += q[k] * q[k];
        shift -= 10;
    }
    q[largest] = sqrtf(fmaxf(0, 1 - sum));
}

static float unpack_sh(unsigned char byte)
{
    const float t = byte == 0 ? 0 : byte == 255 ? 1 : ((float)byte + 0.5f) / 256;
    return (t - 0.5f) * 8;
}

static void load_splat(const packed *p, const float *range, hl_splats *s, size_t i)
{
    const hl_splat_row row = hl_splat_row_at(s, i);
    const unsigned char *words = p->ply->bytes + p->vertex_at + i * p->vertex->row_bytes;
    const uint32_t color = hl_le32(words + p->word[3]);
    unpack_vec3(hl_le32(words + p->word[0]), range, range + 3, row.mean);
    unpack_rotation(hl_le32(words + p->word[1]), row.quat);
    unpack_vec3(hl_le32(words + p->word[2]), range + 6, range + 9, row.log_scale);
    *row.logit_opa = hl_splat_logit_of_byte((unsigned char)(color & 0xff));
    const unsigned char *rest =
        p->sh ? p->ply->bytes + p->sh_at + i * p->sh->row_bytes : p->ply->bytes;
    for (int ch = 0; ch < 3; ch++) {
        float *sh = row.sh + HL_SH_COEFFS_MAX * ch;
        const float c = lerp(color >> (24 - 8 * ch) & 0xff, 8, range[12 + ch], range[15 + ch]);
        sh[0] = (c - 0.5f) / HL_SH_C0;
        for (int k = 0; k < p->rest_per_channel; k++)
            sh[k + 1] = unpack_sh(rest[p->rest[p->rest_per_channel * ch + k]]);
    }
}

static hl_status load_all(packed *p, hl_splats *s)
{
    float row[HL_PLY_PROPERTIES_MAX], range[RANGES] = {0};
    for (size_t i = 0; i < (size_t)p->vertex->count; i++) {
        if (i % CHUNK_SPLATS == 0) {
            HL_TRY(hl_ply_rows_next(&p->chunks, row));
            for (int k = 0; k < RANGES; k++)
                range[k] = p->has_color_range || k < RANGES_WITHOUT_COLOR ? row[p->range[k]]
                                                                          : (float)(k >= 15);
        }
        load_splat(p, range, s, i);
    }
    s->count = (int32_t)p->vertex->count;
    return HL_OK;
}

hl_status hl_ply_packed_read(const hl_splat_source *source, const hl_ply *ply, hl_splats *splats,
                             hl_arena *arena, hl_splat_info *info)
{
    packed p = {.ply = ply};
    if (ply->encoding != HL_PLY_LITTLE)
        return hl_fail(HL_E_FORMAT, "%s: compressed PLY in %s, expected binary_little_endian",
                       ply->name, hl_ply_encoding_name(ply->encoding));
    p.vertex = hl_ply_element_find(ply, "vertex");
    p.sh = hl_ply_element_find(ply, "sh");
    HL_TRY(find_ranges(&p, hl_ply_element_find(ply, "chunk")));
    HL_TRY(find_words(&p, ply));
    HL_TRY(find_sh(&p, ply));
    HL_TRY(hl_splat_reserve(splats, arena, source, p.vertex->count));
    info->kind = "compressed ply";
    info->count = (int32_t)p.vertex->count;
    info->sh_degree = hl_splat_degree_of_rest(p.rest_per_channel);
    info->antialiased = ply->antialiased;
    return splats ? load_all(&p, splats) : HL_OK;
}
