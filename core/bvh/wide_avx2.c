/* SPDX-License-Identifier: MIT */
/* Eight boxes and eight triangles at once.  The triangle test repeats hl_ray_triangle operation
 * by operation; boxes may round otherwise (their slack allows for it), so they use fused
 * multiply-adds. */
#include "core/bvh/wide.h"

#if defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

typedef struct wide_ray {
    const hl_ray *ray;
    hl_ray_shear shear;
    __m256 inverse[3], near[3], far[3]; /* near, far: minus origin * inverse */
    int near_row[3], far_row[3];        /* of hl_wide_node.box */
} wide_ray;

typedef struct entry {
    uint32_t child;
    float at; /* where the ray enters it */
} entry;

bool hl_wide_supported(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static void init(wide_ray *w, const hl_ray *ray, const hl_bvh_node *root)
{
    hl_ray_slabs s;
    hl_ray_slabs_init(ray, root, &s);
    hl_ray_shear_init(ray, &w->shear);
    w->ray = ray;
    for (int k = 0; k < 3; k++) {
        w->inverse[k] = _mm256_set1_ps(s.inverse[k]);
        w->near[k] = _mm256_set1_ps(-s.origin_near[k] * s.inverse[k]);
        w->far[k] = _mm256_set1_ps(-s.origin_far[k] * s.inverse[k]);
        w->near_row[k] = s.inverse[k] < 0 ? k + 3 : k;
        w->far_row[k] = s.inverse[k] < 0 ? k : k + 3;
    }
}

/* Children that the ray meets up to t_max, as bits; where it enters each. */
static inline unsigned boxes(const wide_ray *w, const hl_wide_node *n, float t_max, __m256 *entered)
{
    __m256 near = _mm256_set1_ps(w->ray->t_min), far = _mm256_set1_ps(t_max);
    for (int k = 0; k < 3; k++) {
        const __m256 tn =
            _mm256_fmadd_ps(_mm256_loadu_ps(n->box[w->near_row[k]]), w->inverse[k], w->near[k]);
        const __m256 tf =
            _mm256_fmadd_ps(_mm256_loadu_ps(n->box[w->far_row[k]]), w->inverse[k], w->far[k]);
        near = _mm256_max_ps(tn, near); /* where t is no number, near and far stay */
        far = _mm256_min_ps(tf, far);
    }
    *entered = near;
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(near, far, _CMP_LE_OQ));
}

typedef struct lanes {
    __m256 x, y, z;
} lanes;

static inline lanes shear(const wide_ray *w, const float corner[3][HL_WIDE])
{
    const hl_ray_shear *s = &w->shear;
    const float *o = w->ray->origin;
    lanes p;
    p.z = _mm256_sub_ps(_mm256_loadu_ps(corner[s->kz]), _mm256_set1_ps(o[s->kz]));
    p.x = _mm256_sub_ps(_mm256_sub_ps(_mm256_loadu_ps(corner[s->kx]), _mm256_set1_ps(o[s->kx])),
                        _mm256_mul_ps(_mm256_set1_ps(s->sx), p.z));
    p.y = _mm256_sub_ps(_mm256_sub_ps(_mm256_loadu_ps(corner[s->ky]), _mm256_set1_ps(o[s->ky])),
                        _mm256_mul_ps(_mm256_set1_ps(s->sy), p.z));
    return p;
}

static inline __m256 edge(const lanes *p, const lanes *q)
{
    return _mm256_sub_ps(_mm256_mul_ps(p->x, q->y), _mm256_mul_ps(p->y, q->x));
}

/* One by one, for rays through an edge: hl_ray_edge settles them in double. */
static int block_by_lanes(const wide_ray *w, const hl_wide_block *b, hl_hit *hit)
{
    int found = 0;
    for (uint32_t lane = 0; lane < b->count; lane++) {
        hl_bvh_triangle t = {.index = b->index[lane]};
        for (int k = 0; k < 3; k++) {
            t.a[k] = b->a[k][lane];
            t.b[k] = b->b[k][lane];
            t.c[k] = b->c[k][lane];
        }
        found |= hl_ray_triangle(w->ray, &w->shear, &t, hit);
    }
    return found;
}

/* The lanes of `met` into the hit, in order; 1 where one was taken. */
static int take(const wide_ray *w, const hl_wide_block *b, unsigned met, const float *t,
                const float *u, const float *v, hl_hit *hit)
{
    int found = 0;
    for (; met; met &= met - 1) {
        const int i = __builtin_ctz(met);
        if (!(t[i] > w->ray->t_min && t[i] <= hit->t) ||
            (t[i] == hit->t && b->index[i] > hit->triangle))
            continue;
        hit->t = t[i];
        hit->u = u[i];
        hit->v = v[i];
        hit->triangle = b->index[i];
        found = 1;
    }
    return found;
}

static inline int block(const wide_ray *w, const hl_wide_block *b, hl_hit *hit)
{
    const __m256 zero = _mm256_setzero_ps();
    const lanes p = shear(w, b->a), q = shear(w, b->b), r = shear(w, b->c);
    const __m256 eu = edge(&r, &q), ev = edge(&p, &r), ew = edge(&q, &p);
    const __m256 on_edge =
        _mm256_cmp_ps(_mm256_mul_ps(_mm256_mul_ps(eu, ev), ew), zero, _CMP_EQ_OQ);
    if (_mm256_movemask_ps(on_edge)) /* or a product that vanished: the same by lanes */
        return block_by_lanes(w, b, hit);
    const __m256 least = _mm256_min_ps(_mm256_min_ps(eu, ev), ew);
    const __m256 most = _mm256_max_ps(_mm256_max_ps(eu, ev), ew);
    const __m256 outside = _mm256_and_ps(_mm256_cmp_ps(least, zero, _CMP_LT_OQ),
                                         _mm256_cmp_ps(most, zero, _CMP_GT_OQ));
    unsigned met = ~(unsigned)_mm256_movemask_ps(outside) & ((1u << b->count) - 1);
    if (!met)
        return 0;
    const __m256 det = _mm256_add_ps(_mm256_add_ps(eu, ev), ew);
    const __m256 inverse = _mm256_div_ps(_mm256_set1_ps(1), det);
    __m256 t = _mm256_add_ps(_mm256_mul_ps(eu, p.z), _mm256_mul_ps(ev, q.z));
    t = _mm256_add_ps(t, _mm256_mul_ps(ew, r.z));
    t = _mm256_mul_ps(_mm256_mul_ps(t, _mm256_set1_ps(w->shear.sz)), inverse);
    const __m256 nearer = _mm256_cmp_ps(t, _mm256_set1_ps(hit->t), _CMP_LE_OQ);
    const __m256 beyond = _mm256_cmp_ps(t, _mm256_set1_ps(w->ray->t_min), _CMP_GT_OQ);
    const __m256 flat = _mm256_cmp_ps(det, zero, _CMP_EQ_OQ);
    met &= (unsigned)_mm256_movemask_ps(_mm256_andnot_ps(flat, _mm256_and_ps(nearer, beyond)));
    if (!met)
        return 0;
    float ts[HL_WIDE], us[HL_WIDE], vs[HL_WIDE];
    _mm256_storeu_ps(ts, t);
    _mm256_storeu_ps(us, _mm256_mul_ps(ev, inverse));
    _mm256_storeu_ps(vs, _mm256_mul_ps(ew, inverse));
    return take(w, b, met, ts, us, vs, hit);
}

/* Puts the children of `met` on the stack, the nearest on top; the new depth. */
static inline int push_sorted(entry *stack, int depth, const hl_wide_node *n, unsigned met,
                              __m256 near)
{
    float at[HL_WIDE];
    const int bottom = depth;
    _mm256_storeu_ps(at, near);
    for (; met; met &= met - 1) {
        const int i = __builtin_ctz(met);
        int k = depth++;
        for (; k > bottom && stack[k - 1].at < at[i]; k--)
            stack[k] = stack[k - 1];
        stack[k].child = n->child[i];
        stack[k].at = at[i];
    }
    return depth;
}

/* The same in any order: a shadow ray ends at whatever it meets. */
static inline int push(entry *stack, int depth, const hl_wide_node *n, unsigned met)
{
    for (; met; met &= met - 1)
        stack[depth++].child = n->child[__builtin_ctz(met)];
    return depth;
}

/* From an inner node down to a leaf; a name without HL_WIDE_LEAF where none is met. */
static inline uint32_t descend(const wide_ray *w, const hl_bvh_wide *wide, uint32_t child, int any,
                               float t_max, entry *stack, int *depth)
{
    while (!(child & HL_WIDE_LEAF)) {
        const hl_wide_node *n = &wide->nodes[child];
        __m256 near;
        const unsigned met = boxes(w, n, t_max, &near);
        if (!met)
            return 0;
        if (met & (met - 1)) {
            *depth = any ? push(stack, *depth, n, met) : push_sorted(stack, *depth, n, met, near);
            child = stack[--*depth].child;
        } else {
            child = n->child[__builtin_ctz(met)];
        }
    }
    return child;
}

static inline int walk(const hl_bvh_wide *wide, const wide_ray *w, int any, hl_hit *hit)
{
    entry stack[HL_WIDE * HL_BVH_DEPTH_MAX];
    int depth = 1;
    stack[0].child = 0;
    stack[0].at = w->ray->t_min;
    while (depth > 0) {
        const entry top = stack[--depth];
        if (!any && top.at > hit->t)
            continue;
        const uint32_t leaf = descend(w, wide, top.child, any, hit->t, stack, &depth);
        if (!leaf)
            continue;
        const uint32_t blocks = (leaf & ((1u << HL_WIDE_BLOCK_BITS) - 1)) + 1;
        const hl_wide_block *b = &wide->blocks[(leaf & ~HL_WIDE_LEAF) >> HL_WIDE_BLOCK_BITS];
        for (uint32_t i = 0; i < blocks; i++)
            if (block(w, &b[i], hit) && any)
                return 1;
    }
    return hit->triangle != HL_HIT_NONE;
}

int hl_wide_walk(const hl_bvh_wide *wide, const hl_bvh_node *root, const hl_ray *ray, int any,
                 hl_hit *hit)
{
    wide_ray w;
    hit->t = ray->t_max;
    hit->u = hit->v = 0;
    hit->triangle = HL_HIT_NONE;
    init(&w, ray, root);
    return any ? walk(wide, &w, 1, hit) : walk(wide, &w, 0, hit);
}

#else

bool hl_wide_supported(void)
{
    return false;
}

int hl_wide_walk(const hl_bvh_wide *wide, const hl_bvh_node *root, const hl_ray *ray, int any,
                 hl_hit *hit)
{
    (void)wide;
    (void)root;
    (void)ray;
    (void)any;
    hit->triangle = HL_HIT_NONE;
    return 0;
}

#endif
