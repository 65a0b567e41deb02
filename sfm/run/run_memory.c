/* SPDX-License-Identifier: MIT */
/* What a reconstruction will take, before it starts: the largest of its three stages. */
#include "core/parallel.h"
#include "sfm/run/run_state.h"

/* Bytes; the shares are those of full exhaustive sets of photographs (docs/sfm.md). */
enum {
    PROCESS = 24 << 20,
    RECORD_OF_PAIR = 640, /* hl_run_pair, geometry included */
    MATCH_SHARE = 8,      /* of the features of a photo, matched in a mean pair: one in so many */
    MAP_BYTES = 480,      /* of a feature while it is mapped and adjusted                       */
    BLOCK = 36 * 8        /* of a pair of photos in the reduced system of the adjustment        */
};

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t pairs_of(const hl_views *views, const hl_sfm_options *o)
{
    const uint64_t n = (uint64_t)views->view_count, all = n * (n - 1) / 2;
    const uint64_t near = o->pairing == HL_SFM_PAIRS_SEQUENTIAL
                              ? 2 * (uint64_t)(o->overlap > 0 ? o->overlap : HL_PAIRS_OVERLAP)
                              : (uint64_t)(o->nearest > 0 ? o->nearest : HL_PAIRS_NEAREST);
    const bool whole = o->pairing == HL_SFM_PAIRS_EXHAUSTIVE ||
                       (o->pairing == HL_SFM_PAIRS_AUTO && n <= HL_PAIRS_EXHAUSTIVE_MAX);
    return whole || n * near > all ? all : n * near;
}

uint64_t hl_sfm_bytes(const hl_views *views, const hl_sfm_options *options)
{
    const hl_sfm_options none = {0}, *o = options ? options : &none;
    const uint64_t n = (uint64_t)views->view_count, pairs = pairs_of(views, o);
    const int32_t most =
        o->features.max_features > 0 ? o->features.max_features : HL_FEATURES_DEFAULT;
    uint64_t kept = 0, largest = 0, mapped = 0;
    for (int32_t i = 0; i < views->view_count; i++) {
        const hl_camera *c = &views->cameras[views->views[i].camera];
        /* A photo has one feature in a hundred pixels or so. */
        const uint64_t room = (uint64_t)c->width * (uint64_t)c->height / 100;
        const uint64_t count = room < (uint64_t)most ? room : (uint64_t)most;
        largest = greater(largest, hl_features_bytes(c->width, c->height, &o->features));
        kept += count * (sizeof(hl_keypoint) + HL_DESCRIPTOR_BYTES);
        mapped += count * MAP_BYTES;
    }
    const uint64_t mean = mapped / (MAP_BYTES * (n > 0 ? n : 1));
    const uint64_t matches = pairs * (RECORD_OF_PAIR + mean / MATCH_SHARE * 2 * sizeof(int32_t));
    const uint64_t matching =
        matches + (uint64_t)hl_parallel_threads() * hl_match_bytes((int32_t)mean, (int32_t)mean);
    const uint64_t mapping = matches + mapped + pairs * BLOCK;
    return PROCESS + greater(kept + largest, greater(kept + matching, mapping));
}
