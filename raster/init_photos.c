/* SPDX-License-Identifier: MIT */
#include "raster/init_photos.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "raster/view_point.h"

#include <math.h>
#include <string.h>

enum {
    SMALL_SIDE = 192, /* px: longer side of the copies                      */
    PHOTOS_MAX = 128, /* evenly spaced when there are more                  */
    NEIGHBOURS = 3,
    DEPTHS = 128,
    HALF = 2, /* patches of 5 x 5 */
    PATCH = (2 * HALF + 1) * (2 * HALF + 1),
    GRID = 3, /* px between pixels that get a depth */
    HULL_ROUNDS = 64,
    HULL_BLOCK = 4096
};

#define NEAR_SHARE    0.3f  /* nearest depth, of the distance to the focus            */
#define ANGLE_BEST    0.17f /* rad between neighbours seen from the focus             */
#define ANGLE_MAX     0.7f
#define CONTRAST_MIN  0.03f /* standard deviation of a patch that can be matched      */
#define AGREEMENT_MIN 0.8f  /* mean correlation of the two best neighbours            */
#define UNIQUE_MARGIN 0.05f /* over the best of the other depths                      */
#define UNIQUE_APART  4     /* steps                                                  */
#define ALPHA_INSIDE  64    /* of 255                                                 */

/* A small copy of a photo. */
typedef struct small {
    hl_raster_view view;
    uint8_t *rgba; /* (height, width, 4); alpha 255 where the photo has none, 0 where masked */
    float *grey;   /* (height, width) 0..1                                                   */
    float eye[3];
    float focus_z; /* depth of the focus */
    int32_t neighbour[NEIGHBOURS];
    int32_t neighbour_count;
    int32_t first; /* of its points in the sweep's arrays */
} small;

typedef struct sweep {
    small *photos;
    int32_t count;
    int32_t columns, rows; /* grid of the largest copy */
    float *points;         /* (count, rows * columns, 3) */
    uint8_t *colors;
    uint8_t *found; /* (count, rows * columns) */
} sweep;

bool hl_init_focus(float focus[3], const hl_raster_view *views, int32_t count)
{
    double a[9] = {0}, b[3] = {0};
    for (int32_t i = 0; i < count; i++) {
        float inv[9], eye[3];
        hl_se3_inverse(views[i].r, views[i].t, inv, eye);
        const float *d = views[i].r + 6; /* optical axis in the world */
        for (int r = 0; r < 3; r++)
            for (int c = 0; c < 3; c++) {
                const double m = (r == c) - (double)d[r] * (double)d[c];
                a[3 * r + c] += m / count;
                b[r] += m * (double)eye[c] / count;
            }
    }
    const double c00 = a[4] * a[8] - a[5] * a[7], c01 = a[5] * a[6] - a[3] * a[8],
                 c02 = a[3] * a[7] - a[4] * a[6];
    const double det = a[0] * c00 + a[1] * c01 + a[2] * c02;
    if (!(det > 1e-4)) /* 0 for parallel axes, 8/27 for axes all around */
        return false;
    focus[0] = (float)((b[0] * c00 + a[1] * (a[5] * b[2] - b[1] * a[8]) +
                        a[2] * (b[1] * a[7] - a[4] * b[2])) /
                       det);
    focus[1] = (float)((a[0] * (b[1] * a[8] - a[5] * b[2]) + b[0] * c01 +
                        a[2] * (a[3] * b[2] - b[1] * a[6])) /
                       det);
    focus[2] = (float)((a[0] * (a[4] * b[2] - b[1] * a[7]) + a[1] * (b[1] * a[6] - a[3] * b[2]) +
                        b[0] * c02) /
                       det);
    return true;
}

/* Mean of the photo over columns x0 .. x1-1 and rows y0 .. y1-1; colour is weighted by alpha. */
static void average(const hl_loss_target *t, const int32_t x[2], const int32_t y[2], uint8_t out[4])
{
    uint64_t sum[3] = {0}, weight = 0, kept = 0, n = 0;
    for (int32_t v = y[0]; v < y[1]; v++)
        for (int32_t u = x[0]; u < x[1]; u++, n++) {
            const size_t at = (size_t)v * (size_t)t->width + (size_t)u;
            const uint8_t *p = t->pixels + at * (size_t)t->channels;
            const uint64_t alpha = t->channels == 4 ? p[3] : 255;
            for (int c = 0; c < 3; c++)
                sum[c] += alpha * p[c];
            weight += alpha;
            kept += t->mask && !t->mask[at] ? 0 : alpha;
        }
    for (size_t c = 0; c < 3; c++)
        out[c] = (uint8_t)(weight ? sum[c] / weight : 0);
    out[3] = (uint8_t)(n ? kept / n : 0);
}

static void fill_small(small *s, const hl_loss_target *t)
{
    const int64_t w = s->view.width, h = s->view.height;
    for (int64_t py = 0; py < h; py++)
        for (int64_t px = 0; px < w; px++) {
            const int32_t x[2] = {(int32_t)(px * t->width / w), (int32_t)((px + 1) * t->width / w)};
            const int32_t y[2] = {(int32_t)(py * t->height / h),
                                  (int32_t)((py + 1) * t->height / h)};
            uint8_t *out = s->rgba + 4 * (py * w + px);
            average(t, x, y, out);
            s->grey[py * w + px] = (float)(out[0] + 2 * out[1] + out[2]) / (4 * 255);
        }
}

static hl_status load_small(small *s, hl_arena *arena, const hl_train_scene *scene, int32_t index)
{
    const hl_raster_view *v = &scene->views[index];
    const int32_t side = v->width > v->height ? v->width : v->height;
    const float scale = side > SMALL_SIDE ? (float)SMALL_SIDE / (float)side : 1;
    s->view = *v;
    s->view.width = (int32_t)((float)v->width * scale);
    s->view.height = (int32_t)((float)v->height * scale);
    s->view.width = s->view.width < 1 ? 1 : s->view.width;
    s->view.height = s->view.height < 1 ? 1 : s->view.height;
    const float sx = (float)s->view.width / (float)v->width,
                sy = (float)s->view.height / (float)v->height;
    s->view.fx *= sx;
    s->view.cx *= sx;
    s->view.fy *= sy;
    s->view.cy *= sy;
    float inv[9];
    hl_se3_inverse(v->r, v->t, inv, s->eye);
    const size_t n = (size_t)s->view.width * (size_t)s->view.height;
    s->rgba = hl_arena_alloc(arena, n, 4);
    s->grey = hl_arena_alloc(arena, n, sizeof *s->grey);
    if (!s->rgba || !s->grey)
        return HL_E_MEMORY;
    hl_train_photo photo;
    HL_TRY(scene->photos.acquire(scene->photos.ctx, index, &photo));
    fill_small(s, &photo.target);
    scene->photos.release(scene->photos.ctx, &photo);
    return HL_OK;
}

/* Bilinear, centres at +0.5; false where a corner lies outside. */
static bool sample(const small *s, float x, float y, float *out)
{
    x -= 0.5f;
    y -= 0.5f;
    const int32_t w = s->view.width;
    if (!(x >= 0 && y >= 0 && x < (float)(w - 1) && y < (float)(s->view.height - 1)))
        return false;
    const int32_t ix = (int32_t)x, iy = (int32_t)y;
    const float fx = x - (float)ix, fy = y - (float)iy;
    const float *p = s->grey + (size_t)iy * (size_t)w + (size_t)ix;
    const float top = p[0] + fx * (p[1] - p[0]), low = p[w] + fx * (p[w + 1] - p[w]);
    *out = top + fy * (low - top);
    return true;
}

/* Zero mean, unit length; returns the standard deviation it had. */
static float normalize(float patch[PATCH])
{
    float mean = 0, squares = 0;
    for (int k = 0; k < PATCH; k++)
        mean += patch[k] / PATCH;
    for (int k = 0; k < PATCH; k++) {
        patch[k] -= mean;
        squares += patch[k] * patch[k];
    }
    const float length = sqrtf(squares);
    for (int k = 0; k < PATCH; k++)
        patch[k] /= length > 1e-6f ? length : 1;
    return length / sqrtf(PATCH);
}

static bool reference_patch(const small *s, int32_t x, int32_t y, float patch[PATCH])
{
    const int32_t w = s->view.width, h = s->view.height;
    if (x < HALF || y < HALF || x >= w - HALF || y >= h - HALF)
        return false;
    if (s->rgba[4 * ((size_t)y * (size_t)w + (size_t)x) + 3] < ALPHA_INSIDE)
        return false;
    for (int32_t k = 0; k < PATCH; k++)
        patch[k] = s->grey[(size_t)(y + k / 5 - HALF) * (size_t)w + (size_t)(x + k % 5 - HALF)];
    return normalize(patch) >= CONTRAST_MIN;
}

/* Correlation of the patch around (x, y), taken to lie at depth z, with photo `other`; -1 where it
 * is not all inside. */
static float agreement(const small *s, const small *other, float x, float y, float z,
                       const float patch[PATCH])
{
    float p[3][2], world[3], seen[PATCH], sum = 0;
    for (int k = 0; k < 3; k++) {
        hl_view_unproject(&s->view, x + (float)(k == 1), y + (float)(k == 2), z, world);
        if (!hl_view_project(&other->view, world, (float)HL_NEAR, p[k]))
            return -1;
    }
    for (int k = 0; k < PATCH; k++) {
        const float dx = (float)(k % 5 - HALF), dy = (float)(k / 5 - HALF);
        const float u = p[0][0] + dx * (p[1][0] - p[0][0]) + dy * (p[2][0] - p[0][0]);
        const float v = p[0][1] + dx * (p[1][1] - p[0][1]) + dy * (p[2][1] - p[0][1]);
        if (!sample(other, u, v, &seen[k]))
            return -1;
    }
    if (normalize(seen) < CONTRAST_MIN / 3)
        return -1;
    for (int k = 0; k < PATCH; k++)
        sum += seen[k] * patch[k];
    return sum;
}

/* Mean of the two best neighbours. */
static float score_depth(const sweep *w, const small *s, float x, float y, float z,
                         const float patch[PATCH])
{
    float best = -1, second = -1;
    for (int32_t k = 0; k < s->neighbour_count; k++) {
        const float a = agreement(s, &w->photos[s->neighbour[k]], x, y, z, patch);
        if (a > best) {
            second = best;
            best = a;
        } else if (a > second) {
            second = a;
        }
    }
    return (best + second) / 2;
}

/* Depth of a pixel, 0 where there is no clear one. */
static float find_depth(const sweep *w, const small *s, float x, float y, const float patch[PATCH])
{
    float score[DEPTHS];
    int best = 0;
    const float step = 1 / (NEAR_SHARE * s->focus_z * DEPTHS); /* of inverse depth */
    for (int k = 0; k < DEPTHS; k++) {
        score[k] = score_depth(w, s, x, y, 1 / (step * ((float)k + 0.5f)), patch);
        best = score[k] > score[best] ? k : best;
    }
    float other = -1;
    for (int k = 0; k < DEPTHS; k++)
        if (k < best - UNIQUE_APART || k > best + UNIQUE_APART)
            other = hl_max(other, score[k]);
    if (score[best] < AGREEMENT_MIN || score[best] < other + UNIQUE_MARGIN)
        return 0;
    float shift = 0; /* top of the parabola through three scores */
    if (best > 0 && best < DEPTHS - 1) {
        const float bend = score[best - 1] - 2 * score[best] + score[best + 1];
        if (bend < -1e-6f)
            shift = hl_clamp((score[best - 1] - score[best + 1]) / (2 * bend), -0.5f, 0.5f);
    }
    return 1 / (step * ((float)best + 0.5f + shift));
}

/* One row of the grid of one photo. */
static void sweep_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const sweep *w = ctx;
    const small *s = &w->photos[block / w->rows];
    const int32_t y = block % w->rows * GRID + GRID / 2;
    for (int32_t c = 0; c < w->columns; c++) {
        const size_t at = (size_t)block * (size_t)w->columns + (size_t)c;
        const int32_t x = c * GRID + GRID / 2;
        float patch[PATCH];
        if (x >= s->view.width || y >= s->view.height || s->neighbour_count < 2 ||
            !reference_patch(s, x, y, patch))
            continue;
        const float px = (float)x + 0.5f, py = (float)y + 0.5f;
        const float z = find_depth(w, s, px, py, patch);
        if (!(z > 0))
            continue;
        hl_view_unproject(&s->view, px, py, z, w->points + 3 * at);
        memcpy(w->colors + 3 * at, s->rgba + 4 * ((size_t)y * (size_t)s->view.width + (size_t)x),
               3);
        w->found[at] = 1;
    }
}

/* Neighbours are seen from the focus under an angle near ANGLE_BEST. */
static void choose_neighbours(sweep *w, const float focus[3])
{
    for (int32_t i = 0; i < w->count; i++) {
        small *s = &w->photos[i];
        float c[3], a[3];
        hl_se3_apply(s->view.r, s->view.t, focus, c);
        s->focus_z = c[2];
        for (int k = 0; k < 3; k++)
            a[k] = s->eye[k] - focus[k];
        float cost[NEIGHBOURS];
        for (int32_t j = 0; j < w->count && c[2] > 0; j++) {
            float b[3];
            for (int k = 0; k < 3; k++)
                b[k] = w->photos[j].eye[k] - focus[k];
            const float cosine = hl_dot3(a, b) / hl_max(hl_length3(a) * hl_length3(b), 1e-12f);
            const float angle = acosf(hl_clamp(cosine, -1, 1));
            if (j == i || !(angle < ANGLE_MAX) || angle < ANGLE_BEST / 5)
                continue;
            float off = fabsf(angle - ANGLE_BEST);
            int32_t n = j;
            for (int k = 0; k < NEIGHBOURS; k++) {
                if (k == s->neighbour_count) {
                    s->neighbour_count++;
                    cost[k] = off;
                    s->neighbour[k] = n;
                    break;
                }
                if (off < cost[k]) {
                    const float cost_was = cost[k];
                    const int32_t was = s->neighbour[k];
                    cost[k] = off;
                    s->neighbour[k] = n;
                    off = cost_was;
                    n = was;
                }
            }
        }
    }
}

static hl_status sweep_photos(hl_init_cloud *cloud, hl_arena *arena, sweep *w, const float focus[3],
                              hl_arena *scratch)
{
    choose_neighbours(w, focus);
    for (int32_t i = 0; i < w->count; i++) {
        const int32_t columns = w->photos[i].view.width / GRID + 1,
                      rows = w->photos[i].view.height / GRID + 1;
        w->columns = columns > w->columns ? columns : w->columns;
        w->rows = rows > w->rows ? rows : w->rows;
    }
    const size_t n = (size_t)w->count * (size_t)w->rows * (size_t)w->columns;
    w->points = hl_arena_alloc(scratch, n, 3 * sizeof(float));
    w->colors = hl_arena_alloc(scratch, n, 3);
    w->found = hl_arena_alloc(scratch, n, 1);
    if (!w->points || !w->colors || !w->found)
        return HL_E_MEMORY;
    hl_parallel_for(w->count * w->rows, sweep_block, w);
    int32_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += w->found[i];
    cloud->points = hl_arena_alloc(arena, (size_t)count, 3 * sizeof(float));
    cloud->colors = hl_arena_alloc(arena, (size_t)count, 3);
    if (!cloud->points || !cloud->colors)
        return HL_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        if (w->found[i]) {
            memcpy(cloud->points + 3 * (size_t)cloud->count, w->points + 3 * i, 3 * sizeof(float));
            memcpy(cloud->colors + 3 * (size_t)cloud->count, w->colors + 3 * i, 3);
            cloud->count++;
        }
    return HL_OK;
}

/* Candidates of the hull: a block tests its own and marks those inside. */
typedef struct hull {
    const small *photos;
    int32_t photo_count;
    float center[3], half;
    uint64_t seed, round;
    float *points;   /* (HULL_BLOCK * blocks, 3) */
    uint8_t *colors; /* the same                 */
    uint8_t *inside;
} hull;

static bool hull_color(const hull *h, const float x[3], uint8_t color[3])
{
    uint32_t sum[3] = {0}, n = 0;
    for (int32_t k = 0; k < h->photo_count; k++) {
        const small *s = &h->photos[k];
        float at[2];
        if (!hl_view_project(&s->view, x, (float)HL_NEAR, at))
            return false;
        const float px = at[0], py = at[1];
        if (!(px >= 0 && py >= 0 && px < (float)s->view.width && py < (float)s->view.height))
            return false;
        const uint8_t *p = s->rgba + 4 * ((size_t)py * (size_t)s->view.width + (size_t)px);
        if (p[3] < ALPHA_INSIDE)
            return false;
        for (int c = 0; c < 3; c++)
            sum[c] += p[c];
        n++;
    }
    for (int c = 0; c < 3; c++)
        color[c] = (uint8_t)(n ? sum[c] / n : 0);
    return n > 0;
}

static void hull_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const hull *h = ctx;
    for (int32_t i = block * HULL_BLOCK; i < (block + 1) * HULL_BLOCK; i++) {
        hl_rng rng = hl_rng_at(h->seed, h->round, (uint64_t)i, HL_RNG_INIT);
        float *x = h->points + 3 * (size_t)i;
        for (int a = 0; a < 3; a++)
            x[a] = h->center[a] + h->half * (2 * hl_rng_uniform(&rng) - 1);
        h->inside[i] = hull_color(h, x, h->colors + 3 * (size_t)i);
    }
}

/* Half side of a cube around the focus that every photo could show. */
static float hull_half(const small *photos, int32_t count, const float focus[3])
{
    float half = 0;
    for (int32_t i = 0; i < count; i++) {
        const hl_raster_view *v = &photos[i].view;
        float c[3];
        hl_se3_apply(v->r, v->t, focus, c);
        half =
            hl_max(half, c[2] * 0.5f * hl_max((float)v->width / v->fx, (float)v->height / v->fy));
    }
    return half;
}

static hl_status carve(hl_init_cloud *cloud, hl_arena *arena, const sweep *w, const float focus[3],
                       int32_t wanted, uint64_t seed, hl_arena *scratch)
{
    const int32_t blocks = hl_block_count(4 * (int64_t)wanted, HULL_BLOCK);
    const size_t n = (size_t)blocks * HULL_BLOCK;
    hull h = {.photos = w->photos, .photo_count = w->count, .seed = seed};
    memcpy(h.center, focus, sizeof h.center);
    h.half = hull_half(w->photos, w->count, focus);
    h.points = hl_arena_alloc(scratch, n, 3 * sizeof(float));
    h.colors = hl_arena_alloc(scratch, n, 3);
    h.inside = hl_arena_alloc(scratch, n, 1);
    cloud->points = hl_arena_alloc(arena, (size_t)wanted, 3 * sizeof(float));
    cloud->colors = hl_arena_alloc(arena, (size_t)wanted, 3);
    if (!h.points || !h.colors || !h.inside || !cloud->points || !cloud->colors)
        return HL_E_MEMORY;
    for (h.round = 0; h.round < HULL_ROUNDS && cloud->count < wanted; h.round++) {
        hl_parallel_for(blocks, hull_block, &h);
        for (size_t i = 0; i < n && cloud->count < wanted; i++)
            if (h.inside[i]) {
                memcpy(cloud->points + 3 * (size_t)cloud->count, h.points + 3 * i,
                       3 * sizeof(float));
                memcpy(cloud->colors + 3 * (size_t)cloud->count, h.colors + 3 * i, 3);
                cloud->count++;
            }
    }
    return HL_OK;
}

hl_status hl_init_points_from_photos(hl_init_cloud *cloud, hl_arena *arena,
                                     const hl_train_scene *scene, int32_t wanted, uint64_t seed)
{
    hl_arena scratch;
    hl_arena_init(&scratch, 0, 0);
    sweep w = {.count = scene->train_count < PHOTOS_MAX ? scene->train_count : PHOTOS_MAX};
    *cloud = (hl_init_cloud){.count = 0};
    w.photos = hl_arena_alloc(&scratch, (size_t)w.count, sizeof *w.photos);
    hl_raster_view *views = hl_arena_alloc(&scratch, (size_t)w.count, sizeof *views);
    hl_status s = w.photos && views ? HL_OK : HL_E_MEMORY;
    for (int32_t i = 0; s == HL_OK && i < w.count; i++) {
        const int32_t k = (int32_t)((int64_t)i * scene->train_count / w.count);
        s = load_small(&w.photos[i], &scratch, scene, scene->train[k]);
        views[i] = scene->views[scene->train[k]];
    }
    float focus[3];
    if (s == HL_OK && hl_init_focus(focus, views, w.count))
        s = scene->has_alpha ? carve(cloud, arena, &w, focus, wanted, seed, &scratch)
                             : sweep_photos(cloud, arena, &w, focus, &scratch);
    hl_arena_release(&scratch);
    return s;
}
