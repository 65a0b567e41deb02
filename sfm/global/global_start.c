/* SPDX-License-Identifier: MIT */
/* The global mapper, after Pan et al. 2024, "Global Structure-from-Motion Revisited":
 *
 *   rotations of all photos -> tracks over the pairs that agree with them -> centres and points
 *   from rays -> sights filtered by angle -> adjustment, first with rotations held, then of all,
 *   filtered at 6, 3 and 1.5 times the error allowed -> all other points by triangulation */
#define HL_REAL double
#include "sfm/global/global_start.h"

#include "core/memory.h"
#include "core/se3.h"
#include "sfm/global.h"
#include "sfm/global/global_tracks.h"
#include "sfm/map/map_adjust.h"
#include "sfm/map/map_triangulate.h"

#include <math.h>
#include <string.h>

enum { TRACKS_ENOUGH = 400, SIGHTS_LEAST = 10, ROUNDS = 3, ITERATIONS = 30 };
#define ANGLE_MOST_DEG 2.0 /* between a ray and its point after positioning */

static const double filter_at[ROUNDS] = {6, 3, 1.5}; /* times the largest error of a sight */

typedef struct start {
    hl_map_scene *s;
    hl_turn_edge *edges; /* (edge_count)        */
    int32_t *pair_of;    /* (edge_count)        */
    int32_t edge_count;
    bool *kept;        /* (edge_count)          */
    bool *take;        /* (pair_count)          */
    bool *has;         /* (image_count)         */
    double *rotations; /* (image_count, 9)      */
    hl_global_tracks tracks;
    hl_position_problem p;
    hl_ray_sight *sights; /* of all tracks      */
    int32_t *feature;     /* of a sight         */
    int64_t *track_start; /* (tracks.count + 1) */
} start;

static void release(start *w)
{
    hl_global_tracks_release(&w->tracks);
    void *const blocks[] = {w->edges,     w->pair_of,     w->kept,    w->take,
                            w->has,       w->rotations,   w->sights,  w->feature,
                            w->p.centers, w->track_start, w->p.points};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        hl_free(blocks[i]);
}

static hl_status average(start *w)
{
    const hl_map_input *in = w->s->in;
    const size_t n = (size_t)in->image_count, m = (size_t)in->pair_count;
    w->edges = hl_alloc(m, sizeof *w->edges);
    w->pair_of = hl_alloc(m, sizeof *w->pair_of);
    w->kept = hl_alloc(m, sizeof *w->kept);
    w->take = hl_alloc(m, sizeof *w->take);
    w->has = hl_alloc(n, sizeof *w->has);
    w->rotations = hl_alloc(n, 9 * sizeof *w->rotations);
    if (!w->edges || !w->pair_of || !w->kept || !w->take || !w->has || !w->rotations)
        return HL_E_MEMORY;
    for (int32_t p = 0; p < in->pair_count; p++) {
        const hl_map_pair *pair = &in->pairs[p];
        if (!pair->has_pose || w->s->done[pair->image_a] || w->s->done[pair->image_b])
            continue;
        hl_turn_edge *edge = &w->edges[w->edge_count];
        *edge = (hl_turn_edge){.a = pair->image_a, .b = pair->image_b, .weight = pair->count};
        hl_rotation(pair->b_from_a.q, edge->b_from_a);
        w->pair_of[w->edge_count++] = p;
    }
    HL_TRY(hl_rotations_average(w->rotations, w->has, w->kept, in->image_count, w->edges,
                                w->edge_count));
    for (int32_t e = 0; e < w->edge_count; e++)
        w->take[w->pair_of[e]] = w->kept[e];
    return HL_OK;
}

/* Rays of the tracks in the world; sights outside the lens are left out. */
static hl_status take_rays(start *w)
{
    hl_map_scene *s = w->s;
    const int64_t most = w->tracks.start[w->tracks.count];
    w->sights = hl_alloc((size_t)most, sizeof *w->sights);
    w->feature = hl_alloc((size_t)most, sizeof *w->feature);
    w->track_start = hl_alloc((size_t)w->tracks.count + 1, sizeof *w->track_start);
    w->p.centers = hl_alloc((size_t)s->in->image_count, 3 * sizeof *w->p.centers);
    w->p.points = hl_alloc((size_t)w->tracks.count, 3 * sizeof *w->p.points);
    if (!w->sights || !w->feature || !w->track_start || !w->p.centers || !w->p.points)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < s->in->image_count; i++) {
        memset(&s->poses[i], 0, sizeof s->poses[i]);
        if (w->has[i])
            hl_quat_from_rotation(w->rotations + 9 * (size_t)i, s->poses[i].q);
    }
    int64_t n = 0;
    for (int32_t k = 0; k < w->tracks.count; k++) {
        const int64_t first = n;
        for (int64_t i = w->tracks.start[k]; i < w->tracks.start[k + 1]; i++) {
            const int32_t f = w->tracks.features[i];
            hl_ray_sight *sight = &w->sights[n];
            *sight = (hl_ray_sight){.image = s->graph.image_of[f], .weight = 1};
            w->feature[n] = f;
            n += hl_map_ray(s, f, sight->ray);
        }
        if (n - first < 2)
            n = first;
        else
            w->track_start[++w->p.point_count] = n;
    }
    w->p.image_count = s->in->image_count;
    w->p.track_start = w->track_start;
    w->p.sights = w->sights;
    w->p.seed = s->o.seed;
    return HL_OK;
}

/* Photos of the part, that with most sights first: it stays in place from now on. */
static hl_status register_all(start *w)
{
    hl_map_scene *s = w->s;
    int32_t *count = hl_alloc((size_t)s->in->image_count, sizeof *count);
    if (!count)
        return HL_E_MEMORY;
    int32_t best = 0;
    for (int64_t k = 0; k < w->track_start[w->p.point_count]; k++)
        count[w->sights[k].image]++;
    for (int32_t i = 0; i < s->in->image_count; i++)
        if (count[i] > count[best])
            best = i;
    for (int32_t k = -1; k < s->in->image_count; k++) {
        const int32_t i = k < 0 ? best : k;
        hl_pose pose = s->poses[i];
        if (k == best || !w->has[i] || count[i] < SIGHTS_LEAST)
            continue;
        hl_mul3(w->rotations + 9 * (size_t)i, w->p.centers + 3 * (size_t)i, pose.t);
        for (int a = 0; a < 3; a++)
            pose.t[a] = -pose.t[a];
        hl_map_register(s, i, &pose);
    }
    hl_free(count);
    return HL_OK;
}

static bool agrees(const start *w, int64_t sight, const double x[3])
{
    const hl_ray_sight *r = &w->sights[sight];
    double u[3];
    if (!w->s->registered[r->image])
        return false;
    for (int a = 0; a < 3; a++)
        u[a] = x[a] - w->p.centers[3 * (size_t)r->image + (size_t)a];
    hl_normalize3(u, u);
    return hl_dot3(u, r->ray) >= cos(ANGLE_MOST_DEG * 3.14159265358979323846 / 180);
}

static hl_status add_points(start *w)
{
    for (int32_t k = 0; k < w->p.point_count; k++) {
        const double *x = w->p.points + 3 * (size_t)k;
        int32_t good = 0;
        for (int64_t i = w->track_start[k]; i < w->track_start[k + 1]; i++)
            good += agrees(w, i, x);
        if (good < 2)
            continue;
        const int32_t point = hl_map_add_point(w->s, x);
        if (point == HL_MAP_NONE)
            return HL_E_MEMORY;
        for (int64_t i = w->track_start[k]; i < w->track_start[k + 1]; i++)
            if (agrees(w, i, x))
                hl_map_add_sight(w->s, point, w->feature[i]);
        if (hl_map_track_angle(w->s, point) < w->s->o.min_angle_deg)
            hl_map_delete_point(w->s, point);
    }
    return HL_OK;
}

static hl_status adjust(hl_map_scene *s)
{
    const hl_map_adjustment held = {.around = -1,
                                    .rotations_fixed = true,
                                    .cameras_fixed = true,
                                    .iterations = ITERATIONS,
                                    .tolerance = 1e-4};
    const hl_map_adjustment all = {.around = -1, .iterations = ITERATIONS, .tolerance = 1e-4};
    for (int round = 0; round < ROUNDS && s->live_points > 0; round++) {
        if (round == 0)
            HL_TRY(hl_map_adjust(s, &held, NULL));
        HL_TRY(hl_map_adjust(s, &all, NULL));
        hl_map_filter(s, filter_at[round] * s->o.max_error_px);
    }
    for (int32_t i = 0; i < s->registered_count; i++)
        if (hl_map_triangulate_image(s, s->order[i]) < 0)
            return HL_E_MEMORY;
    return HL_OK;
}

static hl_status run(start *w)
{
    HL_TRY(average(w));
    HL_TRY(hl_global_tracks_create(&w->tracks, w->s, w->take, TRACKS_ENOUGH));
    HL_TRY(take_rays(w));
    if (w->p.point_count == 0)
        return HL_OK;
    HL_TRY(hl_positions_solve(&w->p, NULL));
    HL_TRY(register_all(w));
    HL_TRY(add_points(w));
    return adjust(w->s);
}

hl_status hl_global_start(hl_map_scene *s, bool *started)
{
    start w = {.s = s};
    hl_map_scene_clear(s);
    const hl_status status = run(&w);
    release(&w);
    *started = status == HL_OK && s->registered_count >= 2 && s->live_points >= SIGHTS_LEAST;
    if (!*started)
        hl_map_scene_clear(s);
    return status;
}
