/* SPDX-License-Identifier: MIT */
/* Matching along epipolar lines: the second nearest is the second near the line, not in the whole
 * picture, so that what repeats elsewhere does no harm. */
#define HL_REAL double
#include "core/memory.h"
#include "core/vec.h"
#include "sfm/match.h"

#include <math.h>
#include <string.h>

#define ONE (512.0 * 512.0) /* dot product of equal descriptors */

/* Nearest and second nearest of one row among those that were near its line. */
typedef struct nearest {
    int32_t row, dot, second;
} nearest;

static void offer(nearest *n, int32_t row, int32_t dot)
{
    if (dot > n->dot) {
        n->second = n->dot;
        n->dot = dot;
        n->row = row;
    } else if (dot > n->second) {
        n->second = dot;
    }
}

static int32_t dot_of(const uint8_t *a, const uint8_t *b)
{
    int32_t sum = 0;
    for (int k = 0; k < HL_DESCRIPTOR_BYTES; k++)
        sum += a[k] * b[k];
    return sum;
}

/* Line in B of a pixel of A, scaled so that a product with (x, y, 1) is a distance in pixels. */
static bool line_of(const double f[9], const hl_keypoint *k, double line[3])
{
    const double x[3] = {(double)k->x, (double)k->y, 1};
    hl_mul3(f, x, line);
    const double length = hypot(line[0], line[1]);
    for (int i = 0; i < 3; i++)
        line[i] /= length;
    return length > 0;
}

static void search(const hl_features *a, const hl_features *b, const double f[9], double band,
                   nearest *forth, nearest *back)
{
    for (int32_t i = 0; i < a->count; i++) {
        double line[3];
        const uint8_t *query = a->descriptors + (size_t)i * HL_DESCRIPTOR_BYTES;
        if (!line_of(f, &a->keypoints[i], line))
            continue;
        for (int32_t j = 0; j < b->count; j++) {
            const hl_keypoint *k = &b->keypoints[j];
            if (!(fabs(line[0] * (double)k->x + line[1] * (double)k->y + line[2]) <= band))
                continue;
            const int32_t dot = dot_of(query, b->descriptors + (size_t)j * HL_DESCRIPTOR_BYTES);
            offer(&forth[i], j, dot);
            offer(&back[j], i, dot);
        }
    }
}

static bool clear(const nearest *n, const hl_match_options *o)
{
    const double best = acos(fmin(n->dot / ONE, 1)), second = acos(fmin(n->second / ONE, 1));
    return n->row >= 0 && best <= (double)o->max_angle_rad && best < (double)o->ratio * second;
}

static nearest *none_yet(int32_t count)
{
    nearest *n = hl_alloc((size_t)count, sizeof *n);
    for (int32_t i = 0; n && i < count; i++)
        n[i].row = -1;
    return n;
}

hl_status hl_match_guided(hl_pair_matches *out, const hl_features *a, const hl_features *b,
                          const double f[9], double band_px, const hl_match_options *options)
{
    hl_match_options o = options ? *options : (hl_match_options){0};
    o.ratio = o.ratio > 0 ? o.ratio : HL_MATCH_RATIO;
    o.max_angle_rad = o.max_angle_rad > 0 ? o.max_angle_rad : HL_MATCH_ANGLE;
    nearest *forth = none_yet(a->count), *back = none_yet(b->count);
    hl_pair_matches m = {.image_a = -1, .image_b = -1};
    m.matches = hl_alloc((size_t)a->count, sizeof *m.matches);
    const bool room = forth && back && m.matches;
    if (room) {
        search(a, b, f, band_px, forth, back);
        for (int32_t i = 0; i < a->count; i++) {
            const int32_t j = forth[i].row;
            if (clear(&forth[i], &o) && (o.one_way || (back[j].row == i && clear(&back[j], &o))))
                m.matches[m.count++] = (hl_match){i, j};
        }
        *out = m;
    } else {
        hl_free(m.matches);
    }
    hl_free(forth);
    hl_free(back);
    return room ? HL_OK : HL_E_MEMORY;
}
