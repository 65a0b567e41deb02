/* SPDX-License-Identifier: MIT */
/* sfm/global/sets.h -- disjoint sets by a parent array (Tarjan 1975), with path halving.  The
 * smaller root stays root, so that the numbering does not depend on the order of unions. */
#ifndef HL_SFM_GLOBAL_SETS_H
#define HL_SFM_GLOBAL_SETS_H

#include <stdint.h>

static inline int32_t hl_set_find(int32_t *parent, int32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* The root of both; they were apart where *joined becomes 1. */
static inline int32_t hl_set_join(int32_t *parent, int32_t a, int32_t b, int *joined)
{
    const int32_t ra = hl_set_find(parent, a), rb = hl_set_find(parent, b);
    *joined = ra != rb;
    if (ra < rb) {
        parent[rb] = ra;
        return ra;
    }
    parent[ra] = rb;
    return rb;
}

#endif /* HL_SFM_GLOBAL_SETS_H */
