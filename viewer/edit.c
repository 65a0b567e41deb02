/* SPDX-License-Identifier: MIT */
#include "viewer/edit.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

#define LOGIT_HIDDEN (-100.0f) /* an opacity far below 1/255 */
#define TINT         0.65f     /* share of the colour of what is selected */

static const float tint_rgb[3] = {1.0f, 0.55f, 0.05f};

static size_t state_bytes(int32_t splat_count)
{
    return sizeof(hl_edit_state) + (size_t)splat_count;
}

void hl_edits_release(hl_edits *edits)
{
    for (int32_t i = 0; i < edits->top; i++)
        hl_free(edits->past[i]);
    hl_free(edits->now);
    hl_free(edits->logit_opa);
    hl_free(edits->sh);
    *edits = (hl_edits){.now = NULL};
}

hl_status hl_edits_reset(hl_edits *edits, int32_t splat_count)
{
    hl_edit_state *now = hl_alloc(1, state_bytes(splat_count));
    if (!now)
        return HL_E_MEMORY;
    hl_edits_release(edits);
    now->splat_count = splat_count;
    edits->now = now;
    return HL_OK;
}

/* ---- undo ---------------------------------------------------------------------------------- */

static void forget_oldest(hl_edits *e)
{
    hl_free(e->past[0]);
    for (int32_t i = 1; i < e->top; i++)
        e->past[i - 1] = e->past[i];
    e->top--;
    e->at--;
}

hl_status hl_edits_mark(hl_edits *edits)
{
    hl_edits *e = edits;
    const size_t bytes = state_bytes(e->now->splat_count);
    while (e->top > e->at)
        hl_free(e->past[--e->top]);
    while (e->top == HL_EDIT_UNDO ||
           (e->top > 0 && (size_t)(e->top + 1) * bytes > HL_EDIT_UNDO_BYTES))
        forget_oldest(e);
    hl_edit_state *copy = hl_alloc(1, bytes);
    if (!copy)
        return HL_E_MEMORY;
    memcpy(copy, e->now, bytes);
    e->past[e->top++] = copy;
    e->at = e->top;
    return HL_OK;
}

/* The remembered state i becomes the present one and the other way round. */
static void swap_with(hl_edits *e, int32_t i)
{
    hl_edit_state *other = e->past[i];
    e->past[i] = e->now;
    e->now = other;
}

bool hl_edits_undo(hl_edits *edits)
{
    if (edits->at == 0)
        return false;
    swap_with(edits, --edits->at);
    return true;
}

bool hl_edits_redo(hl_edits *edits)
{
    if (edits->at == edits->top)
        return false;
    swap_with(edits, edits->at++);
    return true;
}

int32_t hl_edits_count(const hl_edits *edits, uint8_t flag)
{
    int32_t n = 0;
    for (int32_t i = 0; edits->now && i < edits->now->splat_count; i++)
        n += (edits->now->flags[i] & flag) != 0;
    return n;
}

/* ---- selection ----------------------------------------------------------------------------- */

static void add(hl_edit_state *s, int32_t i)
{
    if (!(s->flags[i] & HL_EDIT_HIDDEN))
        s->flags[i] |= HL_EDIT_SELECTED;
}

/* Pixel of a splat's centre; false behind the camera. */
static bool centre_of(const hl_splats *splats, int32_t i, const hl_raster_view *v, double at[2])
{
    double x[3];
    for (int r = 0; r < 3; r++) {
        x[r] = (double)v->t[r];
        for (int k = 0; k < 3; k++)
            x[r] += (double)v->r[3 * r + k] * (double)splats->mean[3 * (size_t)i + (size_t)k];
    }
    if (!(x[2] > 0))
        return false;
    at[0] = (double)v->fx * x[0] / x[2] + (double)v->cx;
    at[1] = (double)v->fy * x[1] / x[2] + (double)v->cy;
    return true;
}

void hl_edits_select_box(hl_edits *edits, const hl_splats *splats, const hl_raster_view *view,
                         const double box[4])
{
    const double left = fmin(box[0], box[2]), right = fmax(box[0], box[2]);
    const double top = fmin(box[1], box[3]), bottom = fmax(box[1], box[3]);
    for (int32_t i = 0; i < edits->now->splat_count; i++) {
        double at[2];
        if (centre_of(splats, i, view, at) && at[0] >= left && at[0] <= right && at[1] >= top &&
            at[1] <= bottom)
            add(edits->now, i);
    }
}

void hl_edits_select_disc(hl_edits *edits, const hl_splats *splats, const hl_raster_view *view,
                          const double at[2], double radius)
{
    for (int32_t i = 0; i < edits->now->splat_count; i++) {
        double p[2];
        if (centre_of(splats, i, view, p) && hypot(p[0] - at[0], p[1] - at[1]) <= radius)
            add(edits->now, i);
    }
}

void hl_edits_select_faint(hl_edits *edits, const hl_splats *splats, double opacity)
{
    for (int32_t i = 0; i < edits->now->splat_count; i++)
        if (1 / (1 + exp(-(double)splats->logit_opa[i])) < opacity)
            add(edits->now, i);
}

void hl_edits_select_large(hl_edits *edits, const hl_splats *splats, double size)
{
    for (int32_t i = 0; i < edits->now->splat_count; i++) {
        const float *s = &splats->log_scale[3 * (size_t)i];
        if (exp((double)fmaxf(s[0], fmaxf(s[1], s[2]))) > size)
            add(edits->now, i);
    }
}

void hl_edits_select_outside(hl_edits *edits, const hl_splats *splats, const double low[3],
                             const double high[3])
{
    for (int32_t i = 0; i < edits->now->splat_count; i++) {
        bool inside = true;
        for (int k = 0; k < 3; k++) {
            const double x = (double)splats->mean[3 * (size_t)i + (size_t)k];
            inside = inside && x >= low[k] && x <= high[k];
        }
        if (!inside)
            add(edits->now, i);
    }
}

void hl_edits_select_none(hl_edits *edits)
{
    for (int32_t i = 0; i < edits->now->splat_count; i++)
        edits->now->flags[i] &= (uint8_t)~HL_EDIT_SELECTED;
}

void hl_edits_select_invert(hl_edits *edits)
{
    for (int32_t i = 0; i < edits->now->splat_count; i++)
        if (!(edits->now->flags[i] & HL_EDIT_HIDDEN))
            edits->now->flags[i] ^= HL_EDIT_SELECTED;
}

void hl_edits_hide_selected(hl_edits *edits)
{
    for (int32_t i = 0; i < edits->now->splat_count; i++)
        if (edits->now->flags[i] & HL_EDIT_SELECTED)
            edits->now->flags[i] = HL_EDIT_HIDDEN;
}

void hl_edits_show_all(hl_edits *edits)
{
    for (int32_t i = 0; i < edits->now->splat_count; i++)
        edits->now->flags[i] &= (uint8_t)~HL_EDIT_HIDDEN;
}

/* ---- results ------------------------------------------------------------------------------- */

/* Colour of a splat, mixed with that of the selection. */
static void tint(float *sh)
{
    for (size_t c = 0; c < 3; c++) {
        float *band = sh + c * HL_SH_COEFFS_MAX;
        for (size_t k = 0; k < HL_SH_COEFFS_MAX; k++)
            band[k] *= 1 - TINT;
        band[0] += TINT * (tint_rgb[c] - 0.5f) / (float)HL_SH_C0;
    }
}

static hl_status draw_hidden(hl_edits *e, const hl_splats *splats, hl_splats *out)
{
    const size_t n = (size_t)e->now->splat_count;
    if (!e->logit_opa)
        e->logit_opa = hl_alloc(n, sizeof *e->logit_opa);
    if (!e->logit_opa)
        return HL_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        e->logit_opa[i] = e->now->flags[i] & HL_EDIT_HIDDEN ? LOGIT_HIDDEN : splats->logit_opa[i];
    out->logit_opa = e->logit_opa;
    return HL_OK;
}

static hl_status draw_selected(hl_edits *e, const hl_splats *splats, hl_splats *out)
{
    const size_t n = (size_t)e->now->splat_count;
    if (!e->sh)
        e->sh = hl_alloc(n * HL_SPLAT_DIM_sh, sizeof *e->sh);
    if (!e->sh)
        return HL_E_MEMORY;
    memcpy(e->sh, splats->sh, n * HL_SPLAT_DIM_sh * sizeof *e->sh);
    for (size_t i = 0; i < n; i++)
        if (e->now->flags[i] & HL_EDIT_SELECTED)
            tint(e->sh + i * HL_SPLAT_DIM_sh);
    out->sh = e->sh;
    return HL_OK;
}

hl_status hl_edits_drawn(hl_edits *edits, const hl_splats *splats, hl_splats *out)
{
    *out = *splats;
    if (hl_edits_count(edits, HL_EDIT_HIDDEN))
        HL_TRY(draw_hidden(edits, splats, out));
    return hl_edits_count(edits, HL_EDIT_SELECTED) ? draw_selected(edits, splats, out) : HL_OK;
}

hl_status hl_edits_kept(const hl_edits *edits, const hl_splats *splats, hl_arena *arena,
                        hl_splats *out)
{
    hl_splats kept;
    const int32_t count = splats->count - hl_edits_count(edits, HL_EDIT_HIDDEN);
    if (count < 1)
        return hl_fail(HL_E_ARG, "no splat is left to write");
    HL_TRY(hl_splats_init(&kept, arena, count));
    kept.sh_degree = splats->sh_degree;
    kept.antialiased = splats->antialiased;
    for (int32_t i = 0; i < splats->count; i++)
        if (!(edits->now->flags[i] & HL_EDIT_HIDDEN))
            hl_splats_copy_row(&kept, kept.count++, splats, i);
    *out = kept;
    return HL_OK;
}
