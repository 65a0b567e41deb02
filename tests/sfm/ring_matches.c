/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "tests/sfm/ring_matches.h"

#include "core/rng.h"
#include "core/se3.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static void *take(hl_arena *arena, int64_t count, size_t size)
{
    void *block = hl_arena_alloc(arena, (size_t)count, size);
    assert_non_null(block);
    return block;
}

/* keypoint (image_count, points): number of the keypoint of a point, -1: not seen */
static int32_t *list_keypoints(ring_matches *m, const ring_scene *s)
{
    const ring_options *o = &s->o;
    int32_t *keypoint = take(&m->arena, (int64_t)o->images * o->points, sizeof *keypoint);
    hl_map_image *images = take(&m->arena, o->images, sizeof *images);
    memset(keypoint, -1, (size_t)o->images * (size_t)o->points * sizeof *keypoint);
    for (int32_t i = 0; i < o->images; i++) {
        float *xy = take(&m->arena, o->points, 2 * sizeof *xy);
        images[i] = (hl_map_image){.camera = s->image_camera[i], .xy = xy};
    }
    for (int32_t p = 0; p < o->points; p++)
        for (int64_t k = s->track_start[p]; k < s->track_start[p + 1]; k++) {
            const hl_sight *sight = &s->sights[k];
            hl_map_image *image = &images[sight->image];
            float *xy = (float *)(uintptr_t)image->xy + 2 * (size_t)image->keypoint_count;
            xy[0] = (float)sight->x;
            xy[1] = (float)sight->y;
            keypoint[(size_t)sight->image * (size_t)o->points + (size_t)p] =
                image->keypoint_count++;
        }
    m->input.images = images;
    return keypoint;
}

static void relative_pose(const ring_scene *s, int32_t a, int32_t b, hl_map_pair *pair)
{
    double ra[9], rb[9], inv[9], eye[3], r[9], t[3], ca[3], cb[3], unused[9];
    hl_rotation(s->poses[a].q, ra);
    hl_rotation(s->poses[b].q, rb);
    hl_se3_inverse(ra, s->poses[a].t, inv, eye);
    hl_se3_compose(rb, s->poses[b].t, inv, eye, r, t);
    hl_quat_from_rotation(r, pair->b_from_a.q);
    hl_normalize3(t, t);
    memcpy(pair->b_from_a.t, t, sizeof t);
    /* The points lie about the origin. */
    hl_se3_inverse(ra, s->poses[a].t, unused, ca);
    hl_se3_inverse(rb, s->poses[b].t, unused, cb);
    hl_normalize3(ca, ca);
    hl_normalize3(cb, cb);
    pair->angle_deg = acos(fmin(1, hl_dot3(ca, cb))) * (180 / 3.14159265358979323846);
    pair->has_pose = true;
}

void ring_match(ring_matches *m, const ring_scene *s, double outliers, int32_t reach)
{
    const ring_options *o = &s->o;
    *m = (ring_matches){0};
    hl_arena_init(&m->arena, 0, 0);
    const int32_t *keypoint = list_keypoints(m, s);
    hl_map_pair *pairs = take(&m->arena, (int64_t)o->images * reach, sizeof *pairs);
    int32_t count = 0;
    for (int32_t a = 0; a < o->images; a++)
        for (int32_t b = a + 1; b < o->images && b <= a + reach; b++) {
            int32_t *match = take(&m->arena, o->points, 2 * sizeof *match);
            hl_map_pair *pair = &pairs[count];
            *pair = (hl_map_pair){.image_a = a, .image_b = b, .match = match};
            for (int32_t p = 0; p < o->points; p++) {
                const int32_t ka = keypoint[(size_t)a * (size_t)o->points + (size_t)p];
                int32_t kb = keypoint[(size_t)b * (size_t)o->points + (size_t)p];
                hl_rng rng = hl_rng_at(o->seed, (uint64_t)count, (uint64_t)p, HL_RNG_TEST);
                if (ka < 0 || kb < 0)
                    continue;
                if (hl_rng_uniform(&rng) < outliers)
                    kb = (int32_t)hl_rng_below(&rng, (uint32_t)m->input.images[b].keypoint_count);
                match[2 * pair->count] = ka;
                match[2 * pair->count++ + 1] = kb;
            }
            relative_pose(s, a, b, pair);
            count += pair->count >= 15;
        }
    m->input.pairs = pairs;
    m->input.pair_count = count;
    m->input.image_count = o->images;
    m->input.camera_count = o->cameras;
    m->input.cameras = s->cameras;
}

void ring_matches_release(ring_matches *m)
{
    hl_arena_release(&m->arena);
}
