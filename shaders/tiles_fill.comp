/* SPDX-License-Identifier: MIT */
/* tiles_fill.comp -- one pair of tile and splat for each tile that a splat touches, in the order of
 * depth; a stable sort by tile then keeps that order.  Pairs beyond the room are left out: the host
 * sees it by the total and draws again with more. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP) in;
layout(scalar, set = 0, binding = 0) readonly buffer Order { uint order[]; };
layout(scalar, set = 0, binding = 1) readonly buffer Footprints { hl_gpu_footprint footprints[]; };
layout(scalar, set = 0, binding = 2) uniform View { hl_gpu_view view; };
layout(scalar, set = 0, binding = 3) readonly buffer Draw { uint draw[4]; };
layout(scalar, set = 0, binding = 4) readonly buffer Sums { uint sums[]; };
layout(scalar, set = 0, binding = 5) writeonly buffer Keys { uint keys[]; };     /* (room) */
layout(scalar, set = 0, binding = 6) writeonly buffer Values { uint values[]; }; /* (room) */
layout(push_constant, scalar) uniform Push { hl_gpu_tiling push; };
#include "tiles.glsl"

shared uint scan[HL_GROUP];

void main()
{
    const uint t = gl_LocalInvocationIndex, rank = GROUP_NUMBER * HL_GROUP + t;
    const bool seen = GROUP_NUMBER < push.groups && rank < draw[1];
    uint splat = 0, mine = 0;
    if (seen) {
        splat = order[rank];
        mine = cover_tiles(footprints[splat]);
    }
    scan[t] = mine;
    barrier();
    for (uint step = 1; step < HL_GROUP; step *= 2) {
        const uint before = t >= step ? scan[t - step] : 0;
        barrier();
        scan[t] += before;
        barrier();
    }
    hl_cover e;
    if (mine == 0 || !cover_init(footprints[splat], e))
        return;
    const uint begin = sums[GROUP_NUMBER];
    if (begin >= push.room)
        return;
    uint at = begin + scan[t] - mine;
    for (uint strip = e.first; strip <= e.last; strip++) {
        const uvec2 rows = cover_rows(e, strip);
        for (uint row = rows.x; row < rows.y; row++, at++)
            if (at < push.room) {
                keys[at] = row * push.across + strip;
                values[at] = splat;
            }
    }
}
