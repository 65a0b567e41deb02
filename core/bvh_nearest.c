/* SPDX-License-Identifier: MIT */
#include "core/bvh.h"
#include "core/vec.h"

#include <math.h>

typedef struct search {
    const hl_bvh *bvh;
    float p[3];
    float best; /* squared distance to beat */
    hl_nearest *out;
} search;

/* Squared distance from the point to the box of a child; 0 inside. */
static float box_distance(const search *s, const hl_bvh_node *n, int side)
{
    float sum = 0;
    for (int k = 0; k < 3; k++) {
        const float low = n->box[k][side] - s->p[k], high = s->p[k] - n->box[k][side + 2];
        const float out = fmaxf(fmaxf(low, high), 0);
        sum += out * out;
    }
    return sum;
}

/* Weight of q for the point of the segment from p to q nearest to x. */
static float along_segment(const float p[3], const float q[3], const float x[3])
{
    float d[3], e[3];
    for (int k = 0; k < 3; k++) {
        d[k] = q[k] - p[k];
        e[k] = x[k] - p[k];
    }
    const float length2 = hl_dot3(d, d);
    return length2 > 0 ? hl_clamp(hl_dot3(e, d) / length2, 0, 1) : 0;
}

/* Takes the point with corner weights w where it is nearer. */
static void offer(search *s, const hl_bvh_triangle *t, const float w[3])
{
    float at[3], d[3];
    for (int k = 0; k < 3; k++) {
        at[k] = w[0] * t->a[k] + w[1] * t->b[k] + w[2] * t->c[k];
        d[k] = s->p[k] - at[k];
    }
    const float distance2 = hl_dot3(d, d);
    if (!(distance2 < s->best ||
          (distance2 == s->best && t->index < s->out->triangle && s->out->triangle != HL_HIT_NONE)))
        return;
    s->best = distance2;
    s->out->triangle = t->index;
    s->out->u = w[1];
    s->out->v = w[2];
    for (int k = 0; k < 3; k++)
        s->out->at[k] = at[k];
}

/* The foot of the perpendicular where it lies inside, else the nearest point of the edges. */
static void try_triangle(search *s, const hl_bvh_triangle *t)
{
    float e[3], f[3], d[3];
    for (int k = 0; k < 3; k++) {
        e[k] = t->b[k] - t->a[k];
        f[k] = t->c[k] - t->a[k];
        d[k] = s->p[k] - t->a[k];
    }
    const float ee = hl_dot3(e, e), ef = hl_dot3(e, f), ff = hl_dot3(f, f);
    const float de = hl_dot3(d, e), df = hl_dot3(d, f), det = ee * ff - ef * ef;
    const float v = ff * de - ef * df, w = ee * df - ef * de;
    if (det > 0 && v >= 0 && w >= 0 && v + w <= det) {
        const float inside[3] = {1 - v / det - w / det, v / det, w / det};
        offer(s, t, inside);
        return;
    }
    const float on_ab = along_segment(t->a, t->b, s->p), on_bc = along_segment(t->b, t->c, s->p);
    const float on_ca = along_segment(t->c, t->a, s->p);
    const float edges[3][3] = {{1 - on_ab, on_ab, 0}, {0, 1 - on_bc, on_bc}, {on_ca, 0, 1 - on_ca}};
    for (int k = 0; k < 3; k++)
        offer(s, t, edges[k]);
}

static void walk(search *s)
{
    uint32_t stack[HL_BVH_DEPTH_MAX];
    float stack_distance[HL_BVH_DEPTH_MAX];
    int depth = 1;
    stack[0] = 0;
    stack_distance[0] = 0;
    while (depth > 0) {
        depth--;
        if (stack_distance[depth] > s->best)
            continue;
        const hl_bvh_node *n = &s->bvh->nodes[stack[depth]];
        const float distance[2] = {box_distance(s, n, 0), box_distance(s, n, 1)};
        const int near = distance[1] < distance[0] ? 1 : 0;
        for (int k = 0; k < 2; k++) { /* leaves, the nearer first */
            const int side = k ? 1 - near : near;
            for (uint32_t i = 0; distance[side] <= s->best && i < n->leaves[side]; i++)
                try_triangle(s, &s->bvh->triangles[n->first[side] + i]);
        }
        for (int k = 0; k < 2; k++) { /* the nearer on top */
            const int side = k ? near : 1 - near;
            if (n->leaves[side] || n->box[0][side] > n->box[0][side + 2] ||
                distance[side] > s->best)
                continue;
            stack[depth] = n->first[side];
            stack_distance[depth++] = distance[side];
        }
    }
}

bool hl_bvh_nearest(const hl_bvh *bvh, const float point[3], float limit, hl_nearest *nearest)
{
    search s = {.bvh = bvh, .p = {point[0], point[1], point[2]}, .out = nearest};
    s.best = limit * limit;
    *nearest = (hl_nearest){.triangle = HL_HIT_NONE, .distance = limit};
    if (bvh->node_count > 0)
        walk(&s);
    if (nearest->triangle == HL_HIT_NONE)
        return false;
    nearest->distance = sqrtf(s.best);
    return true;
}
