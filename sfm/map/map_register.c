/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/map/map_register.h"

#include "core/memory.h"
#include "core/se3.h"
#include "sfm/map/map_adjust.h"

#include <math.h>
#include <string.h>

enum { LEVELS = 6, FINEST = 1 << LEVELS };
#define RATIO_LEAST 0.25
#define RATIO_SURE  0.6

/* A cell of level l (2^l x 2^l) that holds a visible point counts 4^l. */
static int64_t visibility(const hl_map_scene *s, int32_t image)
{
    const hl_map_image *in = &s->in->images[image];
    const hl_camera *camera = hl_map_camera(s, image);
    uint8_t grid[FINEST][FINEST];
    memset(grid, 0, sizeof grid);
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++) {
        if (s->seen[f] <= 0)
            continue;
        const size_t k = (size_t)(f - s->graph.base[image]);
        const int32_t x = (int32_t)((double)in->xy[2 * k] * FINEST / camera->width);
        const int32_t y = (int32_t)((double)in->xy[2 * k + 1] * FINEST / camera->height);
        grid[y < 0 ? 0 : (y >= FINEST ? FINEST - 1 : y)]
            [x < 0 ? 0 : (x >= FINEST ? FINEST - 1 : x)] = 1;
    }
    int64_t score = 0;
    for (int32_t side = FINEST; side >= 2; side /= 2) {
        for (int32_t y = 0; y < side; y++)
            for (int32_t x = 0; x < side; x++)
                score += grid[y][x] ? (int64_t)side * side : 0;
        for (int32_t y = 0; y < side / 2; y++)
            for (int32_t x = 0; x < side / 2; x++)
                grid[y][x] = grid[2 * y][2 * x] | grid[2 * y][2 * x + 1] | grid[2 * y + 1][2 * x] |
                             grid[2 * y + 1][2 * x + 1];
    }
    return score;
}

int32_t hl_map_next_image(const hl_map_scene *s)
{
    int32_t best = HL_MAP_NONE, best_tries = 0;
    int64_t best_score = 0;
    for (int32_t i = 0; i < s->in->image_count; i++) {
        if (s->registered[i] || s->done[i] || s->tries[i] >= HL_MAP_TRIES)
            continue;
        /* The second try asks for less; later ones need a larger model. */
        if (s->tries[i] > 1 && s->registered_count <= s->tried_at[i])
            continue;
        const int64_t score = visibility(s, i);
        if (score == 0 || (best >= 0 && s->tries[i] > best_tries))
            continue;
        if (best < 0 || s->tries[i] < best_tries || score > best_score) {
            best = i;
            best_tries = s->tries[i];
            best_score = score;
        }
    }
    return best;
}

hl_status hl_map_find_hits(const hl_map_scene *s, int32_t image, hl_map_hits *hits)
{
    int32_t most = 0;
    *hits = (hl_map_hits){0};
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++)
        most += s->seen[f];
    hits->features = hl_alloc((size_t)most, sizeof *hits->features);
    hits->points = hl_alloc((size_t)most, sizeof *hits->points);
    if (!hits->features || !hits->points) {
        hl_map_hits_release(hits);
        return HL_E_MEMORY;
    }
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++) {
        const int32_t first = hits->count;
        for (int64_t i = s->graph.neighbor_start[f];
             s->seen[f] > 0 && i < s->graph.neighbor_start[f + 1]; i++) {
            const int32_t p = s->point_of[s->graph.neighbor[i]];
            bool known = p == HL_MAP_NONE;
            for (int32_t k = first; k < hits->count && !known; k++)
                known = hits->points[k] == p;
            if (known)
                continue;
            hits->features[hits->count] = f;
            hits->points[hits->count++] = p;
        }
        hits->distinct += hits->count > first;
    }
    return HL_OK;
}

void hl_map_hits_release(hl_map_hits *hits)
{
    hl_free(hits->features);
    hl_free(hits->points);
    *hits = (hl_map_hits){0};
}

int32_t hl_map_count_inside(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                            const hl_pose *pose, double limit_px, uint8_t *inside, double *cost)
{
    const hl_camera *camera = hl_map_camera(s, image);
    const hl_lens lens = hl_camera_lens(camera->model, camera->params);
    const double limit2 = limit_px * limit_px;
    const double bound = cost ? *cost : HUGE_VAL;
    double r[9], sum = 0;
    int32_t n = 0, last = HL_MAP_NONE;
    hl_rotation(pose->q, r);
    for (int32_t i = 0; i < hits->count && sum < bound; i++) {
        double c[3], px[2], at[2], e = HUGE_VAL;
        hl_se3_apply(r, pose->t, s->points[hits->points[i]].x, c);
        if (c[2] > 1e-9) {
            const double uv[2] = {c[0] / c[2], c[1] / c[2]};
            hl_lens_distort(&lens, uv, px);
            hl_map_pixel(s, hits->features[i], at);
            e = (px[0] - at[0]) * (px[0] - at[0]) + (px[1] - at[1]) * (px[1] - at[1]);
        }
        const bool in = e <= limit2;
        sum += in ? e : limit2;
        if (inside)
            inside[i] = in;
        if (in && hits->features[i] != last) {
            last = hits->features[i];
            n++;
        }
    }
    if (cost)
        *cost = sum;
    return n;
}

/* Refines on what agrees, counts anew; twice. */
static hl_status polish(const hl_map_scene *s, int32_t image, const hl_map_hits *hits,
                        hl_pose *pose, uint8_t *inside, int32_t *inliers)
{
    const double limit = s->o.resect_error_px;
    int32_t *f = hl_alloc((size_t)hits->count, sizeof *f);
    int32_t *p = hl_alloc((size_t)hits->count, sizeof *p);
    hl_status status = f && p ? HL_OK : HL_E_MEMORY;
    for (int pass = 0; status == HL_OK && pass < 2; pass++) {
        hl_pose next = *pose;
        int32_t n = 0;
        hl_map_count_inside(s, image, hits, pose, limit, inside, NULL);
        for (int32_t i = 0; i < hits->count; i++)
            if (inside[i]) {
                f[n] = hits->features[i];
                p[n++] = hits->points[i];
            }
        if (n < 4)
            break;
        status = hl_map_refine_pose(s, image, f, p, n, limit / 4, &next);
        if (status == HL_OK &&
            hl_map_count_inside(s, image, hits, &next, limit, NULL, NULL) >= *inliers)
            *pose = next;
        *inliers = hl_map_count_inside(s, image, hits, pose, limit, inside, NULL);
    }
    hl_free(f);
    hl_free(p);
    return status;
}

/* The agreeing points take the photo's features up, each point once. */
static void adopt(hl_map_scene *s, int32_t image, const hl_map_hits *hits, const uint8_t *inside)
{
    for (int32_t i = 0; i < hits->count; i++)
        if (inside[i] && s->point_of[hits->features[i]] == HL_MAP_NONE &&
            !hl_map_track_has_image(s, hits->points[i], image))
            hl_map_add_sight(s, hits->points[i], hits->features[i]);
}

hl_status hl_map_try_register(hl_map_scene *s, int32_t image, bool *joined)
{
    hl_map_fate *fate = &s->fates[image];
    hl_map_hits hits;
    *joined = false;
    HL_TRY(hl_map_find_hits(s, image, &hits));
    uint8_t *inside = hl_alloc((size_t)hits.count, 1);
    hl_status status = inside ? HL_OK : HL_E_MEMORY;
    hl_pose pose;
    int32_t inliers = 0, need = s->o.min_inliers;
    if (status == HL_OK && hits.distinct >= 6)
        status = hl_map_pose_points(s, image, &hits, &pose, &inliers);
    if (status == HL_OK && hits.distinct >= 6) {
        hl_pose turned;
        if (inliers < need || inliers < RATIO_LEAST * hits.distinct) {
            const int32_t n = hl_map_pose_turned(s, image, &hits, &turned);
            if (n > inliers) {
                inliers = n;
                pose = turned;
            }
        }
        if (inliers >= 6)
            status = polish(s, image, &hits, &pose, inside, &inliers);
    }
    /* A photo that was tried before may come with half as many, if most of what it sees agrees. */
    if (s->tries[image] > 0 && inliers >= RATIO_SURE * hits.distinct)
        need = need / 2 > 12 ? need / 2 : 12;
    fate->visible = hits.distinct;
    fate->inliers = inliers;
    if (status == HL_OK && inliers >= need && inliers >= RATIO_LEAST * hits.distinct) {
        hl_map_register(s, image, &pose);
        adopt(s, image, &hits, inside);
        *joined = true;
    } else {
        s->tries[image]++;
        s->tried_at[image] = s->registered_count;
    }
    hl_free(inside);
    hl_map_hits_release(&hits);
    return status;
}
