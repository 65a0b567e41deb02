/* SPDX-License-Identifier: MIT */
/* Actions that change the scene: selection, hiding, undo, export; and what lies under a pixel. */
#include "core/splat_io.h"
#include "viewer/actions.h"

#include <stdio.h>
#include <string.h>

/* What a hand does between pressing and releasing the mouse is one step of undo. */
hl_status hl_viewer_mark(hl_viewer *viewer)
{
    if (viewer->gesture)
        return HL_OK;
    viewer->gesture = viewer->mouse_down;
    return hl_edits_mark(&viewer->edits);
}

/* The renderer draws the splats as they are now. */
hl_status hl_viewer_edited(hl_viewer *viewer)
{
    viewer->dirty = true;
    HL_TRY(hl_edits_drawn(&viewer->edits, viewer->scene.splats, &viewer->drawn));
    return hl_renderer_set_splats(viewer->renderer, &viewer->drawn);
}

static hl_status present_view(const hl_viewer *v, hl_raster_view *view)
{
    return hl_orbit_view(&v->orbit, v->width, v->height, view);
}

static hl_status do_select_box(hl_viewer *v, const hl_action_words *w)
{
    hl_raster_view view;
    HL_TRY(present_view(v, &view));
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_box(&v->edits, v->scene.splats, &view, w->number);
    return hl_viewer_edited(v);
}

static hl_status do_select_disc(hl_viewer *v, const hl_action_words *w)
{
    hl_raster_view view;
    HL_TRY(present_view(v, &view));
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_disc(&v->edits, v->scene.splats, &view, w->number, w->number[2]);
    return hl_viewer_edited(v);
}

static hl_status do_pick(hl_viewer *v, const hl_action_words *w)
{
    hl_raster_view view;
    const bool redraw = v->picture_old;
    HL_TRY(present_view(v, &view));
    HL_TRY(hl_pick_at(&v->drawn, &view, v->look.antialiased, w->number[0], w->number[1],
                      &v->report.pick));
    v->report.picked = true;
    v->dirty = redraw; /* looking changes nothing */
    return HL_OK;
}

static hl_status do_select_at(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(do_pick(v, w));
    if (v->report.pick.splat < 0)
        return HL_OK;
    HL_TRY(hl_viewer_mark(v));
    v->edits.now->flags[v->report.pick.splat] |= HL_EDIT_SELECTED;
    return hl_viewer_edited(v);
}

static hl_status do_select_faint(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_faint(&v->edits, v->scene.splats, w->number[0]);
    return hl_viewer_edited(v);
}

static hl_status do_select_large(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_large(&v->edits, v->scene.splats, w->number[0]);
    return hl_viewer_edited(v);
}

static hl_status check_box(const char *action, const double box[6])
{
    for (int k = 0; k < 3; k++)
        if (!(box[k] < box[3 + k]))
            return hl_fail(HL_E_ARG, "%s: expected a low and a high corner, found %g and %g",
                           action, box[k], box[3 + k]);
    return HL_OK;
}

static hl_status do_select_outside(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(check_box("select-outside", w->number));
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_outside(&v->edits, v->scene.splats, w->number, w->number + 3);
    return hl_viewer_edited(v);
}

static hl_status do_select_none(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_none(&v->edits);
    return hl_viewer_edited(v);
}

static hl_status do_select_invert(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_invert(&v->edits);
    return hl_viewer_edited(v);
}

static hl_status do_delete(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    HL_TRY(hl_viewer_mark(v));
    hl_edits_hide_selected(&v->edits);
    return hl_viewer_edited(v);
}

static hl_status do_crop(hl_viewer *v, const hl_action_words *w)
{
    HL_TRY(check_box("crop", w->number));
    HL_TRY(hl_viewer_mark(v));
    hl_edits_select_none(&v->edits);
    hl_edits_select_outside(&v->edits, v->scene.splats, w->number, w->number + 3);
    hl_edits_hide_selected(&v->edits);
    return hl_viewer_edited(v);
}

static hl_status do_restore(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    HL_TRY(hl_viewer_mark(v));
    hl_edits_show_all(&v->edits);
    return hl_viewer_edited(v);
}

static hl_status do_undo(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    if (!hl_edits_undo(&v->edits))
        return hl_fail(HL_E_ARG, "undo: there is nothing to undo");
    return hl_viewer_edited(v);
}

static hl_status do_redo(hl_viewer *v, const hl_action_words *w)
{
    (void)w;
    if (!hl_edits_redo(&v->edits))
        return hl_fail(HL_E_ARG, "redo: there is nothing to redo");
    return hl_viewer_edited(v);
}

static hl_status do_export(hl_viewer *v, const hl_action_words *w)
{
    char path[HL_PLACE_BYTES];
    HL_TRY(hl_action_target(v, w->text, path));
    return hl_edits_export(&v->edits, v->scene.splats, v->scene.materials, path);
}

static const hl_action rows[] = {
    {"pick", 2, do_pick, "X Y", "splat, depth and position under a pixel, for --json"},
    {"select-at", 2, do_select_at, "X Y", "also select the splat under a pixel"},
    {"select-box", 4, do_select_box, "X0 Y0 X1 Y1", "those with their middle in a rectangle"},
    {"select-disc", 3, do_select_disc, "X Y RADIUS", "those with their middle so near, pixels"},
    {"select-faint", 1, do_select_faint, "OPACITY", "those below it, 0 to 1"},
    {"select-large", 1, do_select_large, "SIZE", "those above it, scene units"},
    {"select-outside", 6, do_select_outside, "X Y Z X Y Z", "those outside of a box of the scene"},
    {"select-invert", 0, do_select_invert, "", "all the others"},
    {"select-none", 0, do_select_none, "", "forget the selection"},
    {"delete", 0, do_delete, "", "hide what is selected"},
    {"crop", 6, do_crop, "X Y Z X Y Z", "hide all outside of a box: low corner, high corner"},
    {"restore", 0, do_restore, "", "show all that was hidden"},
    {"undo", 0, do_undo, "", "take the last edit back"},
    {"redo", 0, do_redo, "", "and do it again"},
    {"export", HL_ACTION_TEXT, do_export, "FILE",
     "splats that are not hidden: .ply .splat .spz .helio"}};

hl_action_table hl_actions_edit(void)
{
    return (hl_action_table){rows, sizeof rows / sizeof rows[0]};
}
