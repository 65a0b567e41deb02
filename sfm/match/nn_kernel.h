/* SPDX-License-Identifier: MIT */
/* sfm/match/nn_kernel.h -- the search of nn.h on registers.  The including file defines
 *
 *   vi                     a register of NN_LANES 32-bit integers
 *   NN_LANES, NN_ROWS      queries held in registers at once
 *   NN_COLUMNS             registers of columns at once: a panel is NN_LANES * NN_COLUMNS wide
 *   NN_STEPS               32-bit words of a descriptor
 *   vi_load vi_store vi_spread(word) vi_add_products(sum, base, query) vi_max vi_min
 *   vi_pick_greater(a, b, x, y): x where a > b, else y
 *   query_word(row, step), base_word(row, step), base_start(row)
 */
#ifndef HL_SFM_MATCH_NN_KERNEL_H
#define HL_SFM_MATCH_NN_KERNEL_H

#include "sfm/match/nn.h"

#include <string.h>

#if defined(NN_COLUMNS)

enum { NN_PANEL = NN_LANES * NN_COLUMNS, NN_NEVER = -(1 << 30) };

typedef struct nn_state { /* best, second and index of best of one query, for each lane */
    int32_t best[NN_LANES], second[NN_LANES], index[NN_LANES];
} nn_state;

typedef struct nn_scratch {
    nn_state state[HL_NN_QUERIES];
    uint32_t words[HL_NN_QUERIES][NN_STEPS];
} nn_scratch;

static void nn_pack(hl_nn_base *base)
{
    for (int32_t c = 0; c < base->columns; c++) {
        const uint8_t *row = base->rows + (int64_t)c * HL_DESCRIPTOR_BYTES;
        uint32_t *out = base->words + (int64_t)(c / NN_PANEL) * NN_PANEL * NN_STEPS + c % NN_PANEL;
        base->start[c] = c < base->count ? base_start(row) : NN_NEVER;
        for (int32_t k = 0; k < NN_STEPS; k++)
            out[(int64_t)k * NN_PANEL] = c < base->count ? base_word(row, k) : 0;
    }
}

/* Dot products of NN_ROWS queries with one panel, folded into the queries' states. */
static inline void nn_panel(const uint32_t *panel, const int32_t *start, int32_t first_column,
                            const uint32_t (*words)[NN_STEPS], nn_state *state)
{
    vi sum[NN_ROWS][NN_COLUMNS];
    for (int r = 0; r < NN_ROWS; r++)
        for (int c = 0; c < NN_COLUMNS; c++)
            sum[r][c] = vi_load(start + c * NN_LANES);
    for (int k = 0; k < NN_STEPS; k++) {
        vi base[NN_COLUMNS];
        for (int c = 0; c < NN_COLUMNS; c++)
            base[c] = vi_load((const int32_t *)panel + k * NN_PANEL + c * NN_LANES);
        for (int r = 0; r < NN_ROWS; r++) {
            const vi query = vi_spread((int32_t)words[r][k]);
            for (int c = 0; c < NN_COLUMNS; c++)
                sum[r][c] = vi_add_products(sum[r][c], base[c], query);
        }
    }
    int32_t lane[NN_LANES];
    for (int i = 0; i < NN_LANES; i++)
        lane[i] = first_column + i;
    const vi lanes = vi_load(lane);
    for (int r = 0; r < NN_ROWS; r++) {
        vi best = vi_load(state[r].best), second = vi_load(state[r].second);
        vi index = vi_load(state[r].index);
        for (int c = 0; c < NN_COLUMNS; c++) {
            const vi s = sum[r][c];
            index = vi_pick_greater(s, best, vi_add(lanes, vi_spread(c * NN_LANES)), index);
            second = vi_max(second, vi_min(s, best));
            best = vi_max(best, s);
        }
        vi_store(state[r].best, best);
        vi_store(state[r].second, second);
        vi_store(state[r].index, index);
    }
}

static hl_nn nn_fold(const nn_state *state)
{
    int win = 0;
    for (int i = 1; i < NN_LANES; i++)
        if (state->best[i] > state->best[win] ||
            (state->best[i] == state->best[win] && state->index[i] < state->index[win]))
            win = i;
    hl_nn nn = {state->index[win], state->best[win], 0};
    for (int i = 0; i < NN_LANES; i++) {
        const int32_t other = i == win ? state->second[i] : state->best[i];
        nn.second = other > nn.second ? other : nn.second;
    }
    if (nn.best < 0)
        nn.dot = 0;
    return nn;
}

static void nn_search(const hl_nn_base *base, const uint8_t *queries, int32_t count, void *scratch,
                      hl_nn *out)
{
    nn_scratch *s = scratch;
    for (int32_t q = 0; q < HL_NN_QUERIES; q++) {
        const uint8_t *row = queries + (int64_t)(q < count ? q : 0) * HL_DESCRIPTOR_BYTES;
        for (int32_t k = 0; k < NN_STEPS; k++)
            s->words[q][k] = query_word(row, k);
        for (int i = 0; i < NN_LANES; i++) {
            s->state[q].best[i] = s->state[q].second[i] = -1;
            s->state[q].index[i] = -1;
        }
    }
    for (int32_t c = 0; c < base->columns; c += NN_PANEL)
        for (int32_t q = 0; q < count; q += NN_ROWS)
            nn_panel(base->words + (int64_t)c * NN_STEPS, base->start + c, c,
                     (const uint32_t(*)[NN_STEPS])(s->words + q), s->state + q);
    for (int32_t q = 0; q < count; q++)
        out[q] = nn_fold(&s->state[q]);
}

#endif /* NN_COLUMNS */

#endif /* HL_SFM_MATCH_NN_KERNEL_H */
