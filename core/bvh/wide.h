/* SPDX-License-Identifier: MIT */
/* core/bvh/wide.h -- the same tree with eight children a node, for processors that test eight
 * boxes and eight triangles at once.
 *
 * Nodes of the binary tree are merged at the least expected cost (Ylitie, Karras, Laine 2017,
 * "Efficient Incoherent Ray Traversal on GPUs Through Compressed Wide BVHs", section 3: the cost
 * of every subtree as one to seven children).  Results equal those of the binary tree bit by bit.
 */
#ifndef HL_CORE_BVH_WIDE_H
#define HL_CORE_BVH_WIDE_H

#include "core/bvh.h"

#define HL_WIDE 8 /* children of a node, triangles of a block */

/* Names a child: an inner node by its index, or with HL_WIDE_LEAF set the first block of a leaf
 * and, in the low bits, the number of its blocks less one. */
#define HL_WIDE_LEAF       0x80000000u
#define HL_WIDE_BLOCK_BITS 4

typedef struct hl_wide_node {
    float box[6][HL_WIDE]; /* low x y z, then high x y z; unused children inside out */
    uint32_t child[HL_WIDE];
} hl_wide_node;

typedef struct hl_wide_block {
    float a[3][HL_WIDE], b[3][HL_WIDE], c[3][HL_WIDE];
    uint32_t index[HL_WIDE]; /* in the mesh */
    uint32_t count;          /* lanes in use; the others repeat lane 0 */
    uint32_t unused[7];
} hl_wide_block;

struct hl_bvh_wide {
    hl_wide_node *nodes; /* root first */
    int32_t node_count;
    hl_wide_block *blocks;
    int32_t block_count;
};

/* Whether this processor has what hl_wide_walk needs. */
bool hl_wide_supported(void);

/* From a binary tree with at least one node; NULL on lack of memory. */
hl_bvh_wide *hl_wide_create(const hl_bvh *bvh);
void hl_wide_destroy(hl_bvh_wide **wide);

/* hl_bvh_walk on the wide tree; root: of the binary tree, bounds the scene. */
int hl_wide_walk(const hl_bvh_wide *wide, const hl_bvh_node *root, const hl_ray *ray, int any,
                 hl_hit *hit);

#endif /* HL_CORE_BVH_WIDE_H */
