/* SPDX-License-Identifier: MIT */
/* Surface points and the views that see them: the sparse model of a synthetic capture. */
#define HL_REAL double

#include "core/color.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "datasets/synth/synth_capture.h"
#include "datasets/synthetic.h"

#include <math.h>
#include <string.h>

#define ATTEMPTS 3    /* candidates per point asked for                              */
#define DRAWS    24   /* pixels tried per candidate until one sees a surface         */
#define BLOCK    64   /* candidates per block                                        */
#define SAME     1e-6 /* relative depth at which a ray counts as meeting the point   */
#define MARGIN   1.0  /* pixels: points nearer to the border are not counted as seen */

typedef struct search {
    const hl_synthetic *synthetic;
    const hl_synth_eye *eyes; /* (views) */
    int32_t candidates, views;
    hl_synthetic_point *points; /* (candidates); sighting_count < 2: rejected */
    uint8_t *seen;              /* (candidates, (views + 7) / 8) bits */
} search;

static int32_t seen_bytes(int32_t views)
{
    return (views + 7) / 8;
}

/* Does view `v` see the point?  xy (2): where.  rgb (3): radiance towards it. */
static bool sees(const search *s, int32_t v, const double point[3], double xy[2], double rgb[3])
{
    const hl_synthetic_options *o = &s->synthetic->options;
    const hl_synth_scene *scene = &s->synthetic->scene;
    const hl_synth_eye *eye = &s->eyes[v];
    hl_synth_ray ray;
    hl_synth_hit hit;
    hl_synth_surface surface;
    double depth, per_depth;
    if (!hl_synth_eye_project(eye, point, xy, &depth))
        return false;
    if (xy[0] < MARGIN || xy[1] < MARGIN || xy[0] > o->width - MARGIN || xy[1] > o->height - MARGIN)
        return false;
    hl_synth_eye_ray(eye, xy[0], xy[1], &ray, &per_depth);
    if (!hl_synth_scene_hit(scene, &ray, 1e-7, depth * per_depth * 2, &hit) ||
        hl_abs(hit.t - depth * per_depth) > SAME * hit.t)
        return false;
    hl_synth_radiance(scene, &ray, eye->spread, 0, rgb, &surface);
    return true;
}

static void try_candidate(const search *s, int32_t c)
{
    const hl_synthetic_options *o = &s->synthetic->options;
    hl_synthetic_point *p = &s->points[c];
    uint8_t *seen = s->seen + (size_t)c * (size_t)seen_bytes(s->views);
    hl_rng rng = hl_rng_at(o->seed, 2, (uint64_t)c, HL_RNG_SYNTH);
    hl_synth_ray ray;
    hl_synth_hit hit;
    hl_synth_surface surface;
    double per_depth, sum[3] = {0};
    hit.object = -1;
    for (int i = 0; i < DRAWS && hit.object < 0; i++) {
        const double x = hl_rng_uniform(&rng) * o->width, y = hl_rng_uniform(&rng) * o->height;
        hl_synth_eye_ray(&s->eyes[c % s->views], x, y, &ray, &per_depth);
        hl_synth_scene_hit(&s->synthetic->scene, &ray, 1e-7, 1e6, &hit);
    }
    if (hit.object < 0)
        return;
    hl_synth_scene_surface(&s->synthetic->scene, &ray, &hit, 0, &surface);
    for (int i = 0; i < 3; i++) {
        p->xyz[i] = surface.position[i];
        p->normal[i] = surface.normal[i];
    }
    for (int32_t v = 0; v < s->views; v++) {
        double xy[2], rgb[3];
        if (!sees(s, v, p->xyz, xy, rgb))
            continue;
        p->sighting_count++;
        seen[v / 8] = (uint8_t)(seen[v / 8] | 1u << v % 8);
        for (int i = 0; i < 3; i++)
            sum[i] += hl_srgb_from_linear(hl_min(1, hl_max(0, rgb[i])));
    }
    for (int i = 0; i < 3 && p->sighting_count > 0; i++)
        p->rgb[i] = hl_synth_byte(sum[i] / p->sighting_count);
}

static void candidate_block(void *ctx, int32_t block, int32_t thread)
{
    const search *s = ctx;
    (void)thread;
    for (int32_t c = block * BLOCK; c < s->candidates && c < (block + 1) * BLOCK; c++)
        try_candidate(s, c);
}

/* Moves the first `wanted` good candidates into `out` and lists their sightings. */
static hl_status collect(const search *s, int32_t wanted, hl_synthetic_points *out)
{
    int32_t count = 0;
    int64_t sightings = 0;
    for (int32_t c = 0; c < s->candidates && count < wanted; c++)
        if (s->points[c].sighting_count >= 2) {
            count++;
            sightings += s->points[c].sighting_count;
        }
    out->points = hl_alloc((size_t)count, sizeof *out->points);
    out->sightings = hl_alloc((size_t)sightings, sizeof *out->sightings);
    if (!out->points || !out->sightings)
        return HL_E_MEMORY;
    for (int32_t c = 0; c < s->candidates && out->count < count; c++) {
        if (s->points[c].sighting_count < 2)
            continue;
        hl_synthetic_point *p = &out->points[out->count++];
        const uint8_t *seen = s->seen + (size_t)c * (size_t)seen_bytes(s->views);
        *p = s->points[c];
        p->sighting_first = out->sighting_count;
        for (int32_t v = 0; v < s->views; v++)
            if (seen[v / 8] >> v % 8 & 1) {
                hl_synthetic_sighting *t = &out->sightings[out->sighting_count++];
                double xy[2], depth;
                hl_synth_eye_project(&s->eyes[v], p->xyz, xy, &depth);
                t->view = v;
                t->x = xy[0];
                t->y = xy[1];
            }
    }
    return HL_OK;
}

hl_status hl_synthetic_find_points(const hl_synthetic *synthetic, hl_synthetic_points *points)
{
    const int32_t wanted = synthetic->options.points, views = synthetic->options.views;
    search s = {.synthetic = synthetic, .views = views, .candidates = ATTEMPTS * wanted};
    hl_synthetic_points found;
    memset(&found, 0, sizeof found);
    hl_synth_eye *eyes = hl_alloc((size_t)views, sizeof *eyes);
    s.eyes = eyes;
    s.points = hl_alloc((size_t)s.candidates, sizeof *s.points);
    s.seen = hl_alloc((size_t)s.candidates, (size_t)seen_bytes(views));
    hl_status status = HL_E_MEMORY;
    if (!eyes || !s.points || !s.seen)
        goto done;
    for (int32_t v = 0; v < views; v++) {
        hl_camera camera;
        hl_pose pose;
        hl_synthetic_view(synthetic, v, &camera, &pose);
        hl_synth_eye_make(&camera, &pose, &eyes[v]);
    }
    hl_parallel_for(hl_block_count(s.candidates, BLOCK), candidate_block, &s);
    status = collect(&s, wanted, &found);
done:
    hl_free(eyes);
    hl_free(s.points);
    hl_free(s.seen);
    if (status == HL_OK)
        *points = found;
    else
        hl_synthetic_points_release(&found);
    return status;
}

void hl_synthetic_points_release(hl_synthetic_points *points)
{
    hl_free(points->points);
    hl_free(points->sightings);
    memset(points, 0, sizeof *points);
}
