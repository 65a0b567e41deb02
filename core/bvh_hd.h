/* SPDX-License-Identifier: MIT */
/* core/bvh_hd.h -- rays against triangles: node layout and traversal for C and CUDA.
 *
 * A binary tree.  A node holds the boxes of its two children, axis by axis, so that one 16-byte
 * load serves one axis of both (Aila, Laine 2009); triangles lie in leaf order with their corners
 * in place.  A shader reads the same bytes.
 *
 * The triangle test is watertight (Woop, Benthin, Wald 2013, "Watertight Ray/Triangle
 * Intersection"): an edge seen from its two triangles gives two edge functions that are exact
 * negatives, so that no ray slips between them.  That needs products and difference rounded apart:
 * compile device code without fused multiply-add here.  Boxes grow by the rounding error of the
 * test, so that the tree does not lose a triangle which the test alone would find, and equal
 * distances go to the lower triangle index: the result equals that of a loop over all triangles.
 */
#ifndef HL_CORE_BVH_HD_H
#define HL_CORE_BVH_HD_H

#include "core/hd.h"

#include <stdint.h>

#define HL_BVH_DEPTH_MAX 64          /* levels of inner nodes at most: size of the stack */
#define HL_HIT_NONE      0xffffffffu /* hl_hit.triangle of a ray that hits nothing       */

/* Points origin + t * direction with t_min < t <= t_max.  The direction is not zero and need not
 * be unit: t counts in its length. */
typedef struct hl_ray {
    float origin[3];
    float direction[3];
    float t_min, t_max;
} hl_ray;

/* Hit point = (1 - u - v) a + u b + v c of the triangle (a, b, c). */
typedef struct hl_hit {
    float t, u, v;
    uint32_t triangle; /* of the mesh; HL_HIT_NONE */
} hl_hit;

typedef struct hl_bvh_node {
    float box[3][4];    /* per axis: low of child 0, low of child 1, high of 0, high of 1 */
    uint32_t first[2];  /* leaf: its first triangle; inner: index of the node             */
    uint32_t leaves[2]; /* triangles of a leaf; 0: inner node (or empty: box inside out)  */
} hl_bvh_node;

typedef struct hl_bvh_triangle {
    float a[3];
    uint32_t index; /* in the mesh */
    float b[3];
    uint32_t unused_b;
    float c[3];
    uint32_t unused_c;
} hl_bvh_triangle;

/* What all triangle tests of one ray share: the axes permuted so that z is the longest, and the
 * shear that turns the ray into +z. */
typedef struct hl_ray_shear {
    int kx, ky, kz;
    float sx, sy, sz;
} hl_ray_shear;

HL_HD void hl_ray_shear_init(const hl_ray *ray, hl_ray_shear *s)
{
    const float *d = ray->direction;
    const float x = fabsf(d[0]), y = fabsf(d[1]), z = fabsf(d[2]);
    s->kz = x > y ? (x > z ? 0 : 2) : (y > z ? 1 : 2);
    s->kx = s->kz == 2 ? 0 : s->kz + 1;
    s->ky = s->kx == 2 ? 0 : s->kx + 1;
    if (d[s->kz] < 0) { /* keeps the winding */
        const int swap = s->kx;
        s->kx = s->ky;
        s->ky = swap;
    }
    s->sx = d[s->kx] / d[s->kz];
    s->sy = d[s->ky] / d[s->kz];
    s->sz = 1 / d[s->kz];
}

/* Edge function of two sheared corners; where float says 0 the sign is settled in double. */
HL_HD float hl_ray_edge(float px, float py, float qx, float qy)
{
    const float e = px * qy - py * qx;
    if (e != 0)
        return e;
    return (float)((double)px * (double)qy - (double)py * (double)qx);
}

/* Takes the triangle into *hit where it is nearer (or as near with a lower index).  Both sides of
 * a triangle count.  Returns 1 where it did. */
HL_HD int hl_ray_triangle(const hl_ray *ray, const hl_ray_shear *s, const hl_bvh_triangle *tri,
                          hl_hit *hit)
{
    const float *o = ray->origin;
    const float az = tri->a[s->kz] - o[s->kz], bz = tri->b[s->kz] - o[s->kz];
    const float cz = tri->c[s->kz] - o[s->kz];
    const float ax = tri->a[s->kx] - o[s->kx] - s->sx * az;
    const float ay = tri->a[s->ky] - o[s->ky] - s->sy * az;
    const float bx = tri->b[s->kx] - o[s->kx] - s->sx * bz;
    const float by = tri->b[s->ky] - o[s->ky] - s->sy * bz;
    const float cx = tri->c[s->kx] - o[s->kx] - s->sx * cz;
    const float cy = tri->c[s->ky] - o[s->ky] - s->sy * cz;
    const float u = hl_ray_edge(cx, cy, bx, by), v = hl_ray_edge(ax, ay, cx, cy);
    const float w = hl_ray_edge(bx, by, ax, ay);
    if ((u < 0 || v < 0 || w < 0) && (u > 0 || v > 0 || w > 0))
        return 0;
    const float det = u + v + w;
    if (det == 0)
        return 0;
    const float inv = 1 / det;
    const float t = (u * az + v * bz + w * cz) * s->sz * inv;
    if (!(t > ray->t_min && t <= hit->t))
        return 0;
    if (t == hit->t && tri->index > hit->triangle)
        return 0;
    hit->t = t;
    hit->u = v * inv;
    hit->v = w * inv;
    hit->triangle = tri->index;
    return 1;
}

/* A ray as boxes see it.  The hit point of the triangle test may lie outside the triangle by
 * rounding, in proportion to how far the triangle is; so boxes grow by `slack` on every side
 * (Woop et al. 2013, appendix), by moving the origin forth for near planes and back for far. */
typedef struct hl_ray_slabs {
    float inverse[3]; /* of the direction */
    float origin_near[3], origin_far[3];
} hl_ray_slabs;

/* root: its boxes bound the scene. */
HL_HD void hl_ray_slabs_init(const hl_ray *ray, const hl_bvh_node *root, hl_ray_slabs *s)
{
    float farthest = 0, offset = 0;
    for (int k = 0; k < 3; k++) {
        const float *b = root->box[k], o = ray->origin[k];
        const float low = b[0] < b[1] ? b[0] : b[1], high = b[2] > b[3] ? b[2] : b[3];
        const float reach = fabsf(low - o) > fabsf(high - o) ? fabsf(low - o) : fabsf(high - o);
        farthest = reach > farthest ? reach : farthest;
        offset = fabsf(o) > offset ? fabsf(o) : offset;
    }
    const float slack = (float)1e-6 * farthest + (float)2.4e-7 * offset;
    for (int k = 0; k < 3; k++) {
        /* A component near 0 becomes tiny: 0 * infinity, which is no number, cannot come up. */
        const float d = ray->direction[k], least = (float)1e-30;
        const float safe = fabsf(d) < least ? (d < 0 ? -least : least) : d;
        s->inverse[k] = 1 / safe;
        s->origin_near[k] = ray->origin[k] + (safe < 0 ? -slack : slack);
        s->origin_far[k] = ray->origin[k] - (safe < 0 ? -slack : slack);
    }
}

/* entry (2): where the ray enters each child.  Returns bit 0 and bit 1 for the children that it
 * meets in t_min .. t_max. */
HL_HD int hl_ray_children(const hl_bvh_node *node, const hl_ray_slabs *s, float t_min, float t_max,
                          float entry[2])
{
    float near0 = t_min, near1 = t_min, far0 = t_max, far1 = t_max;
    for (int k = 0; k < 3; k++) {
        const float *b = node->box[k];
        const float inv = s->inverse[k], on = s->origin_near[k], of = s->origin_far[k];
        const int low = inv < 0 ? 2 : 0, high = 2 - low;
        const float n0 = (b[low] - on) * inv, n1 = (b[low + 1] - on) * inv;
        const float f0 = (b[high] - of) * inv, f1 = (b[high + 1] - of) * inv;
        near0 = n0 > near0 ? n0 : near0;
        near1 = n1 > near1 ? n1 : near1;
        far0 = f0 < far0 ? f0 : far0;
        far1 = f1 < far1 ? f1 : far1;
    }
    entry[0] = near0;
    entry[1] = near1;
    return (near0 <= far0 ? 1 : 0) | (near1 <= far1 ? 2 : 0);
}

/* Walks the tree.  any != 0: stops at the first hit found, which need not be the nearest.
 * *hit is written in any case; returns 1 on a hit.  node_count 0 is an empty scene. */
HL_HD int hl_bvh_walk(const hl_bvh_node *nodes, int32_t node_count,
                      const hl_bvh_triangle *triangles, const hl_ray *ray, int any, hl_hit *hit)
{
    uint32_t stack[HL_BVH_DEPTH_MAX];
    float stack_entry[HL_BVH_DEPTH_MAX];
    int depth = 0;
    uint32_t node = 0;
    hl_ray_slabs slabs;
    hl_ray_shear shear;

    hit->t = ray->t_max;
    hit->u = hit->v = 0;
    hit->triangle = HL_HIT_NONE;
    if (node_count == 0)
        return 0;
    hl_ray_slabs_init(ray, nodes, &slabs);
    hl_ray_shear_init(ray, &shear);
    for (;;) {
        const hl_bvh_node *n = nodes + node;
        float entry[2];
        int inner = 0; /* children to descend into, as bits */
        const int met = hl_ray_children(n, &slabs, ray->t_min, hit->t, entry);
        for (int side = 0; side < 2; side++) {
            if (!(met >> side & 1))
                continue;
            if (n->leaves[side] == 0)
                inner |= 1 << side;
            for (uint32_t i = 0; i < n->leaves[side]; i++)
                if (hl_ray_triangle(ray, &shear, triangles + n->first[side] + i, hit) && any)
                    return 1;
        }
        if (inner == 3) {
            const int nearer = entry[1] < entry[0] ? 1 : 0;
            stack[depth] = n->first[1 - nearer];
            stack_entry[depth++] = entry[1 - nearer];
            node = n->first[nearer];
            continue;
        }
        if (inner) {
            node = n->first[inner >> 1];
            continue;
        }
        do {
            if (depth == 0)
                return hit->triangle != HL_HIT_NONE;
            depth--;
        } while (stack_entry[depth] > hit->t);
        node = stack[depth];
    }
}

#endif /* HL_CORE_BVH_HD_H */
