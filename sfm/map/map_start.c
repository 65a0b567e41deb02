/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "sfm/map/map_start.h"

#include "core/se3.h"
#include "sfm/map/map_adjust.h"
#include "sfm/map/map_triangulate.h"

#include <math.h>

#define FORWARD_MOST 0.95 /* |z| of the direction of motion: ahead, points are badly held */

/* From strict to lax; COLMAP starts at the first and halves the angle. */
static const struct {
    int32_t matches;
    double angle_deg;
} ladder[] = {{100, 16}, {100, 8}, {50, 8}, {50, 4}, {30, 4}, {30, 2}, {15, 1}};

enum { RUNGS = sizeof ladder / sizeof *ladder, TRIALS = 200 };

static bool eligible(const hl_map_scene *s, int32_t p, const bool *used, int rung)
{
    const hl_map_pair *pair = &s->in->pairs[p];
    return !used[p] && pair->has_pose && !s->done[pair->image_a] && !s->done[pair->image_b] &&
           pair->count >= ladder[rung].matches && pair->angle_deg >= ladder[rung].angle_deg;
}

static hl_status try_pair(hl_map_scene *s, const hl_map_pair *pair, int rung, bool *started)
{
    const hl_pose origin = {{1, 0, 0, 0}, {0, 0, 0}};
    const hl_map_adjustment two = {.around = -1, .cameras_fixed = true};
    *started = false;
    hl_map_scene_clear(s);
    hl_map_register(s, pair->image_a, &origin);
    hl_map_register(s, pair->image_b, &pair->b_from_a);
    if (hl_map_triangulate_image(s, pair->image_a) < 0)
        return HL_E_MEMORY;
    const int32_t need = ladder[rung].matches / 2;
    if (s->live_points < need)
        return HL_OK;
    HL_TRY(hl_map_adjust(s, &two, NULL));
    hl_map_filter(s, s->o.max_error_px);
    *started = s->live_points >= need;
    return HL_OK;
}

hl_status hl_map_start(hl_map_scene *s, bool *used, bool *started)
{
    int32_t trials = 0;
    *started = false;
    for (int rung = 0; rung < RUNGS && trials < TRIALS; rung++)
        for (;;) {
            int32_t best = HL_MAP_NONE;
            for (int32_t p = 0; p < s->in->pair_count; p++)
                if (eligible(s, p, used, rung) &&
                    fabs(s->in->pairs[p].b_from_a.t[2]) < FORWARD_MOST &&
                    (best < 0 || s->in->pairs[p].count > s->in->pairs[best].count))
                    best = p;
            if (best < 0 || trials++ >= TRIALS)
                break;
            used[best] = true;
            HL_TRY(try_pair(s, &s->in->pairs[best], rung, started));
            if (*started)
                return HL_OK;
        }
    hl_map_scene_clear(s);
    return HL_OK;
}
