/* SPDX-License-Identifier: MIT */
/* viewer/edit.h -- what a hand changes in a scene, with undo: which splats are selected and which
 * are hidden, the lamps, the keys of the camera path.
 *
 * The splats themselves are never touched: edits are flags until hl_edits_kept gathers what is
 * left.  A change is made between hl_edits_mark and the next one: undo goes back to a mark.
 * One thread at a time.
 */
#ifndef HL_VIEWER_EDIT_H
#define HL_VIEWER_EDIT_H

#include "core/camera_keys.h"
#include "core/splats.h"
#include "raster/raster.h"
#include "relight/lights.h"

enum { HL_EDIT_LIGHTS = 16, HL_EDIT_KEYS = 256, HL_EDIT_UNDO = 64 };

/* Bytes of all that undo remembers; the oldest steps go first. */
#define HL_EDIT_UNDO_BYTES ((size_t)256 << 20)

enum { HL_EDIT_HIDDEN = 1, HL_EDIT_SELECTED = 2 };

typedef struct hl_edit_state {
    int32_t light_count, key_count;
    hl_light lights[HL_EDIT_LIGHTS];  /* suns and points           */
    hl_camera_key keys[HL_EDIT_KEYS]; /* of the camera path        */
    int32_t splat_count;              /* of the scene              */
    uint8_t flags[];                  /* (splat_count) HL_EDIT_*   */
} hl_edit_state;

typedef struct hl_edits {
    hl_edit_state *now;                /* owned                                      */
    hl_edit_state *past[HL_EDIT_UNDO]; /* owned; [0, at) to undo, [at, top) to redo  */
    int32_t at, top;
    /* What is drawn in place of the scene's own, owned: hidden splats without opacity, selected
     * ones in another colour. */
    float *logit_opa; /* (splat_count)                        */
    float *sh;        /* (splat_count, HL_SPLAT_DIM_sh)       */
} hl_edits;

/* A scene of so many splats, none hidden or selected, no lamp, no key, nothing to undo. */
hl_status hl_edits_reset(hl_edits *edits, int32_t splat_count);
void hl_edits_release(hl_edits *edits);

/* Remembers the state as it is, for undo; what was undone can no longer be redone. */
hl_status hl_edits_mark(hl_edits *edits);
/* False where there is nothing to undo or redo. */
bool hl_edits_undo(hl_edits *edits);
bool hl_edits_redo(hl_edits *edits);

/* Splats with a flag. */
int32_t hl_edits_count(const hl_edits *edits, uint8_t flag);

/* The following add to the selection; hidden splats are never selected.
 *   box     centres within the rectangle of pixels of a view
 *   disc    centres within a distance from a pixel
 *   faint   opacity below, 0..1
 *   large   largest standard deviation above, scene units
 *   outside centres outside of a box of the world */
void hl_edits_select_box(hl_edits *edits, const hl_splats *splats, const hl_raster_view *view,
                         const double box[4]);
void hl_edits_select_disc(hl_edits *edits, const hl_splats *splats, const hl_raster_view *view,
                          const double at[2], double radius);
void hl_edits_select_faint(hl_edits *edits, const hl_splats *splats, double opacity);
void hl_edits_select_large(hl_edits *edits, const hl_splats *splats, double size);
void hl_edits_select_outside(hl_edits *edits, const hl_splats *splats, const double low[3],
                             const double high[3]);

void hl_edits_select_none(hl_edits *edits);
void hl_edits_select_invert(hl_edits *edits);
/* Hides what is selected, and selects nothing. */
void hl_edits_hide_selected(hl_edits *edits);
/* Shows everything again. */
void hl_edits_show_all(hl_edits *edits);

/* The scene as it is to be drawn: arrays of `splats` and of *edits.  HL_E_MEMORY. */
hl_status hl_edits_drawn(hl_edits *edits, const hl_splats *splats, hl_splats *out);

/* A copy of what is not hidden, in `arena`.  HL_E_ARG where nothing is left, HL_E_MEMORY. */
hl_status hl_edits_kept(const hl_edits *edits, const hl_splats *splats, hl_arena *arena,
                        hl_splats *out);

/* Writes what is not hidden by the extension of `path` (core/splat_io.h).  materials: of the
 * splats, (splat_count, HL_GBUFFER_CHANNELS), which a .helio file keeps; NULL: none. */
hl_status hl_edits_export(const hl_edits *edits, const hl_splats *splats, const float *materials,
                          const char *path);

#endif /* HL_VIEWER_EDIT_H */
