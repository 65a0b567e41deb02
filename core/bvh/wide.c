/* SPDX-License-Identifier: MIT */
#include "core/bvh/wide.h"

#include "core/memory.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { BLOCKS_MAX = 1 << HL_WIDE_BLOCK_BITS };

/* Cost of a block of triangles against that of a node, from timing both. */
static const float block_cost = 1.6f;

/* What a subtree of the binary tree costs as 1 .. 7 children of one wide node, and as the eight
 * that fill a node of its own. */
typedef struct plan {
    uint32_t first, count; /* its triangles, neighbours in leaf order */
    float area;
    float cost[HL_WIDE];   /* [i]: as at most i + 1 children; [7]: as the children of a node */
    uint8_t left[HL_WIDE]; /* how many of them the left side gets; 0: as with one fewer */
    bool leaf;             /* as one child: a leaf */
} plan;

typedef struct merge {
    const hl_bvh *bvh;
    plan *plans; /* (2 node_count): side of a node at 2 node + side */
    hl_bvh_wide *out;
} merge;

static bool is_inner(const hl_bvh_node *n, int side)
{
    return n->leaves[side] == 0 && n->box[0][side] <= n->box[0][side + 2];
}

static float leaf_cost(const plan *p)
{
    return p->area * block_cost * (float)((p->count + HL_WIDE - 1) / HL_WIDE);
}

/* The best split of `children` between the two sides of a node. */
static void plan_split(plan *p, const plan *l, const plan *r, int children)
{
    float best = FLT_MAX;
    uint8_t left = 1;
    for (int k = 1; k < children; k++) {
        const float cost = l->cost[k - 1] + r->cost[children - k - 1];
        if (cost < best) {
            best = cost;
            left = (uint8_t)k;
        }
    }
    p->cost[children - 1] = best;
    p->left[children - 1] = left;
}

/* Plans one side of a node whose own children are planned already. */
static void plan_side(merge *m, int32_t node, int side)
{
    const hl_bvh_node *n = &m->bvh->nodes[node];
    plan *p = &m->plans[2 * node + side];
    const float x = n->box[0][side + 2] - n->box[0][side];
    const float y = n->box[1][side + 2] - n->box[1][side];
    const float z = n->box[2][side + 2] - n->box[2][side];
    p->area = x * y + y * z + z * x;
    if (!is_inner(n, side)) {
        p->first = n->first[side];
        p->count = n->leaves[side];
        p->leaf = true;
        for (int i = 0; i < HL_WIDE; i++)
            p->cost[i] = p->count ? leaf_cost(p) : 0;
        return;
    }
    const plan *l = &m->plans[2 * n->first[side]], *r = l + 1;
    p->first = l->first;
    p->count = l->count + r->count;
    plan_split(p, l, r, HL_WIDE);
    const float own = p->area + p->cost[HL_WIDE - 1];
    p->leaf = p->count <= HL_WIDE && leaf_cost(p) <= own;
    p->cost[0] = p->leaf ? leaf_cost(p) : own;
    for (int children = 2; children < HL_WIDE; children++) {
        plan_split(p, l, r, children);
        if (p->cost[children - 2] <= p->cost[children - 1]) {
            p->cost[children - 1] = p->cost[children - 2];
            p->left[children - 1] = 0;
        }
    }
}

/* Writes the triangles of a leaf as blocks; what names it. */
static uint32_t put_leaf(merge *m, const plan *p)
{
    const uint32_t blocks = (p->count + HL_WIDE - 1) / HL_WIDE;
    const uint32_t first = (uint32_t)m->out->block_count;
    m->out->block_count += (int32_t)blocks;
    for (uint32_t i = 0; m->out->blocks && i < blocks * HL_WIDE; i++) {
        hl_wide_block *b = &m->out->blocks[first + i / HL_WIDE];
        const uint32_t lane = i % HL_WIDE, from = i < p->count ? i : i - lane;
        const hl_bvh_triangle *t = &m->bvh->triangles[p->first + from];
        for (int k = 0; k < 3; k++) {
            b->a[k][lane] = t->a[k];
            b->b[k][lane] = t->b[k];
            b->c[k][lane] = t->c[k];
        }
        b->index[lane] = t->index;
        b->count = lane == 0 ? 1 : b->count + (i < p->count);
    }
    return HL_WIDE_LEAF | first << HL_WIDE_BLOCK_BITS | (blocks - 1);
}

typedef struct job {
    int32_t node; /* binary: its two sides become a wide node */
    uint32_t parent;
    int slot;
} job;

typedef struct children {
    int32_t count;
    int32_t node[HL_WIDE];
    int side[HL_WIDE];
} children;

/* The subtrees that the plan makes of one side, with `budget` children at most. */
static void collect(const merge *m, int32_t node, int side, int budget, children *c)
{
    struct {
        int32_t node;
        int side, budget;
    } stack[HL_WIDE];
    int depth = 0;
    for (;;) {
        const plan *p = &m->plans[2 * node + side];
        const bool inner = is_inner(&m->bvh->nodes[node], side);
        while (inner && budget > 1 && p->left[budget - 1] == 0)
            budget--;
        if (inner && budget > 1) {
            const int left = p->left[budget - 1];
            node = (int32_t)m->bvh->nodes[node].first[side];
            stack[depth].node = node;
            stack[depth].side = 1;
            stack[depth++].budget = budget - left;
            side = 0;
            budget = left;
            continue;
        }
        if (p->count > 0) {
            c->node[c->count] = node;
            c->side[c->count++] = side;
        }
        if (depth == 0)
            return;
        depth--;
        node = stack[depth].node;
        side = stack[depth].side;
        budget = stack[depth].budget;
    }
}

/* Writes the wide node of a job and what it holds; inner children become jobs. */
static int32_t put_node(merge *m, const children *c, uint32_t at, job *jobs)
{
    hl_wide_node *wide = m->out->nodes ? &m->out->nodes[at] : NULL;
    int32_t added = 0;
    for (int i = 0; i < HL_WIDE && wide; i++)
        for (int k = 0; k < 3; k++) {
            wide->box[k][i] = INFINITY;
            wide->box[k + 3][i] = -INFINITY;
        }
    for (int i = 0; i < c->count; i++) {
        const hl_bvh_node *n = &m->bvh->nodes[c->node[i]];
        const plan *p = &m->plans[2 * c->node[i] + c->side[i]];
        const uint32_t name = p->leaf ? put_leaf(m, p) : 0;
        if (!p->leaf) {
            jobs[added].node = (int32_t)n->first[c->side[i]];
            jobs[added].parent = at;
            jobs[added++].slot = i;
        }
        if (!wide)
            continue;
        wide->child[i] = name;
        for (int k = 0; k < 3; k++) {
            wide->box[k][i] = n->box[k][c->side[i]];
            wide->box[k + 3][i] = n->box[k][c->side[i] + 2];
        }
    }
    return added;
}

/* Depth first from the root.  Without arrays in m->out it only counts what they must hold. */
static void put_tree(merge *m)
{
    job stack[HL_WIDE * HL_BVH_DEPTH_MAX];
    int depth = 1;
    memset(stack, 0, sizeof stack[0]);
    m->out->node_count = m->out->block_count = 0;
    while (depth > 0) {
        const job j = stack[--depth];
        const uint32_t at = (uint32_t)m->out->node_count++;
        if (m->out->nodes && at > 0)
            m->out->nodes[j.parent].child[j.slot] = at;
        children c = {0};
        const plan *l = &m->plans[2 * j.node];
        plan both = {0};
        plan_split(&both, l, l + 1, HL_WIDE);
        const int left = both.left[HL_WIDE - 1];
        collect(m, j.node, 0, left, &c);
        collect(m, j.node, 1, HL_WIDE - left, &c);
        depth += put_node(m, &c, at, stack + depth);
    }
}

hl_bvh_wide *hl_wide_create(const hl_bvh *bvh)
{
    merge m = {.bvh = bvh, .out = hl_alloc(1, sizeof *m.out)};
    m.plans = hl_alloc(2 * (size_t)bvh->node_count, sizeof *m.plans);
    bool complete = m.out && m.plans;
    for (int32_t node = bvh->node_count - 1; complete && node >= 0; node--)
        for (int side = 0; side < 2; side++)
            plan_side(&m, node, side);
    if (complete) {
        put_tree(&m);
        m.out->nodes = hl_alloc((size_t)m.out->node_count, sizeof *m.out->nodes);
        m.out->blocks = hl_alloc((size_t)m.out->block_count, sizeof *m.out->blocks);
        complete = m.out->nodes && m.out->blocks;
    }
    if (complete)
        put_tree(&m);
    else
        hl_wide_destroy(&m.out);
    hl_free(m.plans);
    return m.out;
}

void hl_wide_destroy(hl_bvh_wide **wide)
{
    if (!*wide)
        return;
    hl_free((*wide)->nodes);
    hl_free((*wide)->blocks);
    hl_free(*wide);
    *wide = NULL;
}
