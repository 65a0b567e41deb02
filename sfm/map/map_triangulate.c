/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/map/map_triangulate.h"

#include "core/se3.h"

#include <math.h>
#include <string.h>

enum { GROUP_MOST = 24, PAIRS_MOST = 60 };

typedef struct ray {
    double center[3], dir[3]; /* world; dir of unit length */
} ray;

/* Point nearest to all rays: sum (I - d d^T) (x - c) = 0.  Then weighted by 1 / distance^2, so
 * that angles count and not lengths. */
static bool nearest_to_rays(const ray *rays, int32_t count, const double *weight, double x[3])
{
    double a[6] = {0}, b[3] = {0};
    for (int32_t i = 0; i < count; i++) {
        const double *d = rays[i].dir, *c = rays[i].center, along = hl_dot3(d, c), w = weight[i];
        a[0] += w * (1 - d[0] * d[0]);
        a[1] -= w * d[0] * d[1];
        a[2] -= w * d[0] * d[2];
        a[3] += w * (1 - d[1] * d[1]);
        a[4] -= w * d[1] * d[2];
        a[5] += w * (1 - d[2] * d[2]);
        for (int k = 0; k < 3; k++)
            b[k] += w * (c[k] - along * d[k]);
    }
    const double m[9] = {a[0], a[1], a[2], a[1], a[3], a[4], a[2], a[4], a[5]};
    const double det = hl_det3(m), trace = a[0] + a[3] + a[5];
    if (!(det > 1e-10 * trace * trace * trace))
        return false;
    const double c0 = a[3] * a[5] - a[4] * a[4], c1 = a[2] * a[4] - a[1] * a[5];
    const double c2 = a[1] * a[4] - a[2] * a[3];
    x[0] = (c0 * b[0] + c1 * b[1] + c2 * b[2]) / det;
    x[1] =
        (c1 * b[0] + (a[0] * a[5] - a[2] * a[2]) * b[1] + (a[1] * a[2] - a[0] * a[4]) * b[2]) / det;
    x[2] =
        (c2 * b[0] + (a[1] * a[2] - a[0] * a[4]) * b[1] + (a[0] * a[3] - a[1] * a[1]) * b[2]) / det;
    return true;
}

/* Rays of a group of features, taken once. */
typedef struct group {
    int32_t count;
    int32_t feature[GROUP_MOST];
    ray rays[GROUP_MOST];
} group;

static void group_add(const hl_map_scene *s, group *g, int32_t feature)
{
    if (g->count == GROUP_MOST || !hl_map_ray(s, feature, g->rays[g->count].dir))
        return;
    hl_map_center(s, s->graph.image_of[feature], g->rays[g->count].center);
    g->feature[g->count++] = feature;
}

static bool group_point(const ray *rays, int32_t count, double x[3])
{
    double weight[GROUP_MOST] = {0};
    for (int32_t i = 0; i < count; i++)
        weight[i] = 1;
    if (!nearest_to_rays(rays, count, weight, x))
        return false;
    for (int32_t i = 0; i < count; i++) {
        const double *c = rays[i].center, d[3] = {x[0] - c[0], x[1] - c[1], x[2] - c[2]};
        weight[i] = 1 / fmax(hl_dot3(d, d), 1e-12);
    }
    return nearest_to_rays(rays, count, weight, x);
}

bool hl_map_intersect(const hl_map_scene *s, const int32_t *features, int32_t count, double x[3])
{
    group g = {0};
    for (int32_t i = 0; i < count; i++)
        group_add(s, &g, features[i]);
    return g.count >= 2 && group_point(g.rays, g.count, x);
}

static double angle_between(const double a[3], const double b[3])
{
    return acos(fmax(-1, fmin(1, hl_dot3(a, b)))) * (180 / 3.14159265358979323846);
}

/* Members of the group whose error at x is within `limit2`; *cost their truncated sum. */
static int32_t agree(const hl_map_scene *s, const group *g, const double x[3], double limit2,
                     uint8_t *inside, double *cost)
{
    int32_t n = 0;
    *cost = 0;
    for (int32_t i = 0; i < g->count; i++) {
        const double e = hl_map_error2(s, g->feature[i], x);
        inside[i] = e <= limit2;
        n += inside[i];
        *cost += inside[i] ? e : limit2;
    }
    return n;
}

/* Best point over pairs of rays, then over all that agree.  keep (count): out. */
static bool robust_point(const hl_map_scene *s, const group *g, uint8_t *keep, double x[3])
{
    const double limit2 = s->o.max_error_px * s->o.max_error_px;
    double best = HUGE_VAL, cost, at[3];
    uint8_t inside[GROUP_MOST];
    int32_t tried = 0;
    for (int32_t i = 0; i < g->count && tried < PAIRS_MOST; i++)
        for (int32_t k = i + 1; k < g->count && tried < PAIRS_MOST; k++, tried++) {
            if (angle_between(g->rays[i].dir, g->rays[k].dir) < s->o.min_angle_deg)
                continue;
            const ray two[2] = {g->rays[i], g->rays[k]};
            if (!group_point(two, 2, at))
                continue;
            if (agree(s, g, at, limit2, inside, &cost) >= 2 && cost < best) {
                best = cost;
                memcpy(keep, inside, sizeof inside);
                memcpy(x, at, sizeof at);
            }
        }
    if (!(best < HUGE_VAL))
        return false;
    group chosen = {0};
    for (int32_t i = 0; i < g->count; i++)
        if (keep[i])
            chosen.rays[chosen.count++] = g->rays[i];
    if (chosen.count > 2 && group_point(chosen.rays, chosen.count, at) &&
        agree(s, g, at, limit2, inside, &cost) >= 2 && cost < best) {
        memcpy(keep, inside, sizeof inside);
        memcpy(x, at, sizeof at);
    }
    return true;
}

/* The point of a neighbour that fits a feature best, HL_MAP_NONE if none does. */
static int32_t fitting_point(const hl_map_scene *s, int32_t feature)
{
    const int32_t image = s->graph.image_of[feature];
    double best = s->o.max_error_px * s->o.max_error_px;
    int32_t found = HL_MAP_NONE;
    for (int64_t i = s->graph.neighbor_start[feature]; i < s->graph.neighbor_start[feature + 1];
         i++) {
        const int32_t p = s->point_of[s->graph.neighbor[i]];
        if (p == HL_MAP_NONE || p == found)
            continue;
        const double e = hl_map_error2(s, feature, s->points[p].x);
        if (e <= best && !hl_map_track_has_image(s, p, image)) {
            best = e;
            found = p;
        }
    }
    return found;
}

/* A new point of a feature and its neighbours without one.  Returns sights, < 0 out of memory. */
static int32_t new_point(hl_map_scene *s, int32_t feature)
{
    group g = {0};
    group_add(s, &g, feature);
    for (int64_t i = s->graph.neighbor_start[feature]; i < s->graph.neighbor_start[feature + 1];
         i++) {
        const int32_t f = s->graph.neighbor[i];
        if (s->point_of[f] != HL_MAP_NONE || !s->registered[s->graph.image_of[f]])
            continue;
        bool twice = false; /* one feature per photo */
        for (int32_t k = 0; k < g.count; k++)
            twice |= s->graph.image_of[g.feature[k]] == s->graph.image_of[f];
        if (!twice)
            group_add(s, &g, f);
    }
    uint8_t keep[GROUP_MOST] = {0};
    double x[3];
    if (g.count < 2 || g.feature[0] != feature || !robust_point(s, &g, keep, x) || !keep[0])
        return 0;
    const int32_t p = hl_map_add_point(s, x);
    if (p == HL_MAP_NONE)
        return -1;
    for (int32_t i = 0; i < g.count; i++)
        if (keep[i])
            hl_map_add_sight(s, p, g.feature[i]);
    if (s->points[p].length < 2 || hl_map_track_angle(s, p) < s->o.min_angle_deg) {
        hl_map_delete_point(s, p);
        return 0;
    }
    return s->points[p].length;
}

int32_t hl_map_triangulate_image(hl_map_scene *s, int32_t image)
{
    int32_t added = 0;
    for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++) {
        if (s->point_of[f] != HL_MAP_NONE)
            continue;
        const int32_t p = s->seen[f] > 0 ? fitting_point(s, f) : HL_MAP_NONE;
        if (p != HL_MAP_NONE) {
            hl_map_add_sight(s, p, f);
            added++;
            continue;
        }
        const int32_t n = new_point(s, f);
        if (n < 0)
            return n;
        added += n;
    }
    return added;
}

int32_t hl_map_complete_tracks(hl_map_scene *s)
{
    int32_t added = 0;
    for (int32_t i = 0; i < s->registered_count; i++) {
        const int32_t image = s->order[i];
        for (int32_t f = s->graph.base[image]; f < s->graph.base[image + 1]; f++) {
            if (s->point_of[f] != HL_MAP_NONE || s->seen[f] == 0)
                continue;
            const int32_t p = fitting_point(s, f);
            if (p == HL_MAP_NONE)
                continue;
            hl_map_add_sight(s, p, f);
            added++;
        }
    }
    return added;
}

/* Weighted mean of two points; true where every sight of both agrees with it. */
static bool joint_point(const hl_map_scene *s, int32_t a, int32_t b, double x[3])
{
    const hl_map_point *pa = &s->points[a], *pb = &s->points[b];
    const double limit2 = s->o.max_error_px * s->o.max_error_px;
    const double wa = pa->length, wb = pb->length;
    for (int k = 0; k < 3; k++)
        x[k] = (wa * pa->x[k] + wb * pb->x[k]) / (wa + wb);
    for (int32_t f = pa->head; f != HL_MAP_NONE; f = s->next[f])
        if (hl_map_error2(s, f, x) > limit2)
            return false;
    for (int32_t f = pb->head; f != HL_MAP_NONE; f = s->next[f])
        if (hl_map_error2(s, f, x) > limit2 || hl_map_track_has_image(s, a, s->graph.image_of[f]))
            return false;
    return true;
}

int32_t hl_map_merge_tracks(hl_map_scene *s)
{
    int32_t merged = 0;
    for (int32_t f = 0; f < s->graph.feature_count; f++) {
        if (s->point_of[f] == HL_MAP_NONE)
            continue;
        for (int64_t i = s->graph.neighbor_start[f]; i < s->graph.neighbor_start[f + 1]; i++) {
            const int32_t a = s->point_of[f], b = s->point_of[s->graph.neighbor[i]];
            double x[3];
            if (s->graph.neighbor[i] < f || b == HL_MAP_NONE || a == b || !joint_point(s, a, b, x))
                continue;
            memcpy(s->points[a].x, x, sizeof x);
            hl_map_merge_points(s, a, b);
            merged++;
        }
    }
    return merged;
}

int32_t hl_map_filter(hl_map_scene *s, double max_error_px)
{
    const double limit2 = max_error_px * max_error_px;
    const int64_t before = s->sight_count;
    for (int32_t p = 0; p < s->point_count; p++) {
        for (int32_t f = s->points[p].head; f != HL_MAP_NONE;) {
            const int32_t next = s->next[f];
            const double e = hl_map_error2(s, f, s->points[p].x);
            if (!(e <= limit2)) {
                const bool last = s->points[p].length <= 2;
                hl_map_remove_sight(s, f);
                if (last)
                    break;
            }
            f = next;
        }
        if (s->points[p].head != HL_MAP_NONE && hl_map_track_angle(s, p) < s->o.min_angle_deg)
            hl_map_delete_point(s, p);
    }
    return (int32_t)(before - s->sight_count);
}
