/* SPDX-License-Identifier: MIT */
/* Top-down build.  Each range [first, first + count) of triangles owns the node slots
 * first .. first + count - 2, so that subtrees can be built apart without asking each other for
 * nodes; a last pass copies the used slots together, depth first. */
#include "core/bvh.h"

#include "core/bvh/wide.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <float.h>
#include <string.h>

enum {
    BINS = 16,
    LEAF_MAX = 4,        /* larger ranges are always split                          */
    SUBTREE = 4096,      /* ranges up to this are built by one thread               */
    SUBTREES_MAX = 4096, /* ranges that wait for a thread                           */
    SAH_DEPTH = 30,      /* below it ranges are halved: 31 more levels at most      */
    FILL_BLOCK = 8192
};

/* Cost of a triangle test against that of a node, from timing both. */
static const float triangle_cost = 0.7f;

typedef struct box {
    float lo[3], hi[3];
} box;

typedef struct item {
    box bounds;
    uint32_t index; /* triangle of the mesh */
} item;

/* A range with its bounds, to become the child `side` of a node slot. */
typedef struct range {
    uint32_t first, count;
    uint32_t parent;
    int32_t side;
    int32_t depth;
    box bounds;
} range;

typedef struct build {
    const hl_mesh *mesh;
    item *items;        /* (n) */
    hl_bvh_node *slots; /* (n) */
    range *subtrees;    /* (SUBTREES_MAX) */
    int32_t subtree_count;
} build;

static const box empty_box = {{FLT_MAX, FLT_MAX, FLT_MAX}, {-FLT_MAX, -FLT_MAX, -FLT_MAX}};

static void box_add(box *b, const box *other)
{
    for (int k = 0; k < 3; k++) {
        b->lo[k] = other->lo[k] < b->lo[k] ? other->lo[k] : b->lo[k];
        b->hi[k] = other->hi[k] > b->hi[k] ? other->hi[k] : b->hi[k];
    }
}

static void box_add_center(box *b, const item *it)
{
    for (int k = 0; k < 3; k++) {
        const float c = 0.5f * (it->bounds.lo[k] + it->bounds.hi[k]);
        b->lo[k] = c < b->lo[k] ? c : b->lo[k];
        b->hi[k] = c > b->hi[k] ? c : b->hi[k];
    }
}

static float half_area(const box *b)
{
    const float x = b->hi[0] - b->lo[0], y = b->hi[1] - b->lo[1], z = b->hi[2] - b->lo[2];
    return x < 0 ? 0 : x * y + y * z + z * x;
}

static void fill_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    build *b = ctx;
    const int64_t begin = (int64_t)block * FILL_BLOCK, n = b->mesh->triangle_count;
    for (int64_t t = begin; t < begin + FILL_BLOCK && t < n; t++) {
        item *it = &b->items[t];
        it->index = (uint32_t)t;
        it->bounds = empty_box;
        for (int corner = 0; corner < 3; corner++) {
            const float *p = b->mesh->positions + 3 * (int64_t)b->mesh->triangles[3 * t + corner];
            const box at = {{p[0], p[1], p[2]}, {p[0], p[1], p[2]}};
            box_add(&it->bounds, &at);
        }
    }
}

typedef struct bin_set {
    box bounds[3][BINS];
    uint32_t count[3][BINS];
    float base[3], scale[3]; /* bin = (centre - base) * scale; scale 0: axis without extent */
} bin_set;

static int bin_of(const bin_set *bins, const item *it, int axis)
{
    const float c = 0.5f * (it->bounds.lo[axis] + it->bounds.hi[axis]);
    const int bin = (int)((c - bins->base[axis]) * bins->scale[axis]);
    return bin < 0 ? 0 : (bin < BINS ? bin : BINS - 1);
}

static void fill_bins(bin_set *bins, const item *items, const range *r)
{
    box centers = empty_box;
    for (uint32_t i = 0; i < r->count; i++)
        box_add_center(&centers, &items[r->first + i]);
    memset(bins->count, 0, sizeof bins->count);
    for (int axis = 0; axis < 3; axis++) {
        const float extent = centers.hi[axis] - centers.lo[axis];
        bins->base[axis] = centers.lo[axis];
        bins->scale[axis] = extent > 1e-30f ? (float)BINS / extent : 0.0f;
        for (int i = 0; i < BINS; i++)
            bins->bounds[axis][i] = empty_box;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        const item *it = &items[r->first + i];
        for (int axis = 0; axis < 3; axis++) {
            const int bin = bin_of(bins, it, axis);
            bins->count[axis][bin]++;
            box_add(&bins->bounds[axis][bin], &it->bounds);
        }
    }
}

/* The cheapest plane between bins of one axis: its cost, and *split = first bin to the right. */
static float best_plane(const bin_set *bins, int axis, int *split)
{
    float right_cost[BINS];
    box sum = empty_box;
    uint32_t count = 0;
    for (int i = BINS - 1; i > 0; i--) {
        box_add(&sum, &bins->bounds[axis][i]);
        count += bins->count[axis][i];
        right_cost[i] = count ? half_area(&sum) * (float)count : -1;
    }
    sum = empty_box;
    count = 0;
    float best = FLT_MAX;
    for (int i = 1; i < BINS; i++) {
        box_add(&sum, &bins->bounds[axis][i - 1]);
        count += bins->count[axis][i - 1];
        if (count == 0 || right_cost[i] < 0)
            continue;
        const float cost = half_area(&sum) * (float)count + right_cost[i];
        if (cost < best) {
            best = cost;
            *split = i;
        }
    }
    return best;
}

/* Moves the items left of the plane to the front; how many there are. */
static uint32_t partition(const bin_set *bins, item *items, const range *r, int axis, int split)
{
    item *left = items + r->first, *right = left + r->count;
    while (left < right) {
        if (bin_of(bins, left, axis) < split) {
            left++;
            continue;
        }
        right--;
        const item swap = *left;
        *left = *right;
        *right = swap;
    }
    return (uint32_t)(left - (items + r->first));
}

/* How many items go left; 0: the range becomes a leaf. */
static uint32_t split_range(build *b, const range *r)
{
    if (r->count < 2)
        return 0;
    if (r->depth < SAH_DEPTH) {
        bin_set bins;
        fill_bins(&bins, b->items, r);
        float cost = FLT_MAX;
        int axis = -1, split = 0;
        for (int k = 0; k < 3; k++) {
            int at = 0;
            const float c = bins.scale[k] > 0 ? best_plane(&bins, k, &at) : FLT_MAX;
            if (c < cost) {
                cost = c;
                axis = k;
                split = at;
            }
        }
        const float area = half_area(&r->bounds), leaf = triangle_cost * (float)r->count;
        if (r->count <= LEAF_MAX && (axis < 0 || area + triangle_cost * cost >= leaf * area))
            return 0;
        if (axis >= 0)
            return partition(&bins, b->items, r, axis, split);
    }
    return r->count <= LEAF_MAX ? 0 : r->count / 2;
}

static box bounds_of(const item *items, uint32_t first, uint32_t count)
{
    box sum = empty_box;
    for (uint32_t i = 0; i < count; i++)
        box_add(&sum, &items[first + i].bounds);
    return sum;
}

/* Writes the range's box into its parent, and what it is. */
static void attach(hl_bvh_node *slots, const range *r, uint32_t leaves)
{
    hl_bvh_node *parent = &slots[r->parent];
    for (int k = 0; k < 3; k++) {
        parent->box[k][r->side] = r->bounds.lo[k];
        parent->box[k][r->side + 2] = r->bounds.hi[k];
    }
    parent->first[r->side] = r->first;
    parent->leaves[r->side] = leaves;
}

/* Builds the range; where `queue` is set, small subtrees are put there instead. */
static void build_range(build *b, const range *whole, bool queue)
{
    range stack[HL_BVH_DEPTH_MAX + 1];
    int depth = 0;
    stack[depth++] = *whole;
    while (depth > 0) {
        const range r = stack[--depth];
        if (queue && r.count <= SUBTREE && b->subtree_count < SUBTREES_MAX) {
            b->subtrees[b->subtree_count++] = r;
            continue;
        }
        const uint32_t left = split_range(b, &r);
        attach(b->slots, &r, left ? 0 : r.count);
        if (!left)
            continue;
        /* The slot of this node: the parent's split point would be ours, so first is free. */
        const uint32_t slot = r.first + left - 1;
        b->slots[r.parent].first[r.side] = slot;
        for (int side = 1; side >= 0; side--) {
            range *child = &stack[depth++];
            child->first = side ? r.first + left : r.first;
            child->count = side ? r.count - left : left;
            child->parent = slot;
            child->side = side;
            child->depth = r.depth + 1;
            child->bounds = bounds_of(b->items, child->first, child->count);
        }
    }
}

static void subtree_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    build *b = ctx;
    build_range(b, &b->subtrees[block], false);
}

/* Copies the tree below `root_slot` together, depth first; returns the number of nodes. */
static int32_t compact(const hl_bvh_node *slots, uint32_t root_slot, hl_bvh_node *nodes)
{
    struct {
        uint32_t slot, parent;
        int side;
    } stack[HL_BVH_DEPTH_MAX + 1];
    int depth = 1;
    int32_t count = 0;
    stack[0].slot = root_slot;
    stack[0].parent = 0;
    stack[0].side = -1;
    while (depth > 0) {
        depth--;
        const uint32_t slot = stack[depth].slot;
        const uint32_t at = (uint32_t)count++;
        nodes[at] = slots[slot];
        if (stack[depth].side >= 0)
            nodes[stack[depth].parent].first[stack[depth].side] = at;
        for (int side = 1; side >= 0; side--) {
            if (slots[slot].leaves[side] || slots[slot].first[side] == UINT32_MAX)
                continue;
            stack[depth].slot = slots[slot].first[side];
            stack[depth].parent = at;
            stack[depth].side = side;
            depth++;
        }
    }
    return count;
}

static void gather_triangles(const build *b, hl_bvh_triangle *out)
{
    for (int64_t i = 0; i < b->mesh->triangle_count; i++) {
        const uint32_t t = b->items[i].index;
        const uint32_t *v = b->mesh->triangles + 3 * (int64_t)t;
        for (int k = 0; k < 3; k++) {
            out[i].a[k] = b->mesh->positions[3 * (int64_t)v[0] + k];
            out[i].b[k] = b->mesh->positions[3 * (int64_t)v[1] + k];
            out[i].c[k] = b->mesh->positions[3 * (int64_t)v[2] + k];
        }
        out[i].index = t;
    }
}

/* The tree into b->slots; the slot of the root. */
static uint32_t build_tree(build *b)
{
    const uint32_t n = (uint32_t)b->mesh->triangle_count;
    hl_parallel_for(hl_block_count(n, FILL_BLOCK), fill_block, b);
    /* The last slot stands for the parent of the root; an empty child lies at its side 1. */
    range root = {.first = 0, .count = n, .parent = n, .bounds = bounds_of(b->items, 0, n)};
    hl_bvh_node *top = &b->slots[n];
    range none = {.first = UINT32_MAX, .parent = n, .side = 1, .bounds = empty_box};
    attach(b->slots, &none, 0);
    build_range(b, &root, true);
    hl_parallel_for(b->subtree_count, subtree_block, b);
    return top->leaves[0] ? n : top->first[0];
}

hl_status hl_bvh_create(hl_bvh *bvh, const hl_mesh *mesh)
{
    HL_TRY(hl_mesh_validate(mesh));
    hl_bvh made = {.triangle_count = mesh->triangle_count};
    const size_t n = (size_t)mesh->triangle_count;
    build b = {.mesh = mesh};
    b.items = hl_alloc(n, sizeof *b.items);
    b.slots = hl_alloc(n + 1, sizeof *b.slots);
    b.subtrees = hl_alloc(SUBTREES_MAX, sizeof *b.subtrees);
    made.triangles = hl_alloc(n, sizeof *made.triangles);
    const bool complete = b.items && b.slots && b.subtrees && made.triangles;
    hl_status s = complete ? HL_OK : HL_E_MEMORY;
    if (complete && n > 0) {
        const uint32_t root = build_tree(&b);
        gather_triangles(&b, made.triangles);
        hl_free(b.items); /* not needed by the copy: lowers the peak */
        b.items = NULL;
        made.nodes = hl_alloc(n, sizeof *made.nodes);
        if (made.nodes)
            made.node_count = compact(b.slots, root, made.nodes);
        else
            s = HL_E_MEMORY;
    }
    hl_free(b.items);
    hl_free(b.slots);
    hl_free(b.subtrees);
    if (s == HL_OK && made.node_count > 0 && hl_wide_supported()) {
        made.wide = hl_wide_create(&made);
        s = made.wide ? HL_OK : HL_E_MEMORY;
    }
    if (s != HL_OK) {
        hl_bvh_release(&made);
        return hl_fail_context(s, "building the tree over %d triangles", (int)n);
    }
    *bvh = made;
    return HL_OK;
}

void hl_bvh_release(hl_bvh *bvh)
{
    hl_free(bvh->nodes);
    hl_free(bvh->triangles);
    hl_wide_destroy(&bvh->wide);
    memset(bvh, 0, sizeof *bvh);
}

static int walk(const hl_bvh *bvh, const hl_ray *ray, int any, hl_hit *hit)
{
    if (bvh->wide)
        return hl_wide_walk(bvh->wide, bvh->nodes, ray, any, hit);
    return hl_bvh_walk(bvh->nodes, bvh->node_count, bvh->triangles, ray, any, hit);
}

bool hl_bvh_closest(const hl_bvh *bvh, const hl_ray *ray, hl_hit *hit)
{
    return walk(bvh, ray, 0, hit) != 0;
}

bool hl_bvh_any(const hl_bvh *bvh, const hl_ray *ray)
{
    hl_hit hit;
    return walk(bvh, ray, 1, &hit) != 0;
}
