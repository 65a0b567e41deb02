/* SPDX-License-Identifier: MIT */
/* sfm/tracks.h -- keypoints of all images under one numbering, and who matches whom.
 *
 * Feature f = base[image] + keypoint.  The neighbours of a feature are the features that a
 * verified pair matches it with, ordered by number: what tracks grow along.
 */
#ifndef HL_SFM_TRACKS_H
#define HL_SFM_TRACKS_H

#include "sfm/mapper.h"

typedef struct hl_track_graph {
    int32_t image_count;
    int32_t feature_count;
    int32_t *base;           /* (image_count + 1)                     */
    int32_t *image_of;       /* (feature_count)                       */
    int64_t *neighbor_start; /* (feature_count + 1) into neighbor     */
    int32_t *neighbor;       /* features, rising per feature, no twice */
} hl_track_graph;

/* Errors: HL_E_ARG (a pair names an image or keypoint that is not there), HL_E_MEMORY. */
hl_status hl_track_graph_create(hl_track_graph *graph, const hl_map_input *input);
void hl_track_graph_release(hl_track_graph *graph);

static inline int32_t hl_track_keypoint(const hl_track_graph *graph, int32_t feature)
{
    return feature - graph->base[graph->image_of[feature]];
}

#endif /* HL_SFM_TRACKS_H */
