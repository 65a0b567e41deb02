/* SPDX-License-Identifier: MIT */
/* Rows of the panels where the name of a file is typed and used.
 *
 * A name may say a place: it is then the folder of all that follow.  What a hand writes never
 * replaces a file unasked.
 */
#include "core/file.h"
#include "viewer/ui.h"
#include "viewer/viewer_state.h"

#include <stdio.h>
#include <string.h>

#define FIELD 190.0f /* width of a name, pixels at scale 1 */

typedef struct row {
    const char *name;           /* at first                             */
    const char *button, *write; /* and the action that it stands for    */
    const char *load;           /* action of a second button, or NULL   */
    const char *tip;
} row;

static const row rows[HL_FILE_COUNT] = {
    [HL_FILE_PICTURE] = {"screenshot.png", "save picture", "screenshot", NULL,
                         ".png, .jpg: the picture; .exr: what is shown, linear and unclamped\n"
                         "(Ctrl + S comes here, P saves it with a number)"},
    [HL_FILE_EXPORT] = {"export.ply", "export", "export", NULL,
                        ".ply, .splat, .spz; .helio with the materials"},
    [HL_FILE_PATH] = {"camera_path.json", "save", "path-save", "path-load",
                      "for helio render --camera-path too"},
    [HL_FILE_FILM] = {"film.mp4", "film", "film", NULL,
                      ".mp4: a video; else a folder of numbered pictures"},
    [HL_FILE_OPEN] = {"", "open", NULL, "open",
                      "splats, a scene's folder, a mesh, or a .hdr or .exr to light them"}};

void hl_viewer_name_files(hl_viewer *viewer)
{
    for (int i = 0; i < HL_FILE_COUNT; i++)
        snprintf(viewer->name[i], sizeof viewer->name[i], "%s", rows[i].name);
}

static void complain(hl_viewer *v)
{
    snprintf(v->message, sizeof v->message, "%s", hl_last_error());
}

/* The place that a name says becomes that of all names.  False: there is no such place. */
static bool go_to_place(hl_viewer *v, char *name, const char *path)
{
    char folder[HL_PLACE_BYTES];
    const char *last = hl_path_name(path);
    if (hl_path_name(name) == name)
        return true;
    memcpy(folder, path, (size_t)(last - path));
    folder[last - path] = '\0';
    hl_viewer_act(v, "folder %s", folder);
    if (v->message[0])
        return false;
    memmove(name, hl_path_name(name), strlen(hl_path_name(name)) + 1);
    return true;
}

static void use(hl_viewer *v, hl_viewer_file file, const char *action, bool writes, bool asked)
{
    char path[HL_PLACE_BYTES], *name = v->name[file];
    v->message[0] = '\0';
    v->asked[0] = '\0';
    if (!name[0] || !hl_path_name(name)[0]) {
        snprintf(v->message, sizeof v->message, "%s: type the name of a file first",
                 rows[file].button);
        return;
    }
    if (hl_name_place(path, v->folder, name) != HL_OK) {
        complain(v);
        return;
    }
    if (writes && !asked && hl_file_exists(path)) {
        memcpy(v->asked, path, sizeof path);
        v->asked_file = file;
        return;
    }
    if (!go_to_place(v, name, path))
        return;
    hl_viewer_act(v, "%s %s", action, name);
    if (writes && !v->message[0])
        snprintf(v->message, sizeof v->message, "%.480s is written", v->written);
}

void hl_viewer_file_row(hl_viewer *viewer, hl_viewer_file file)
{
    hl_viewer *v = viewer;
    const row *r = &rows[file];
    const char *first = r->write ? r->write : r->load;
    hl_ui_row((int32_t)file);
    const bool entered = hl_ui_field("##name", v->name[file], sizeof v->name[file], FIELD,
                                     file == HL_FILE_PICTURE && v->name_picture);
    hl_ui_tip(r->tip);
    hl_ui_same_line();
    if (hl_ui_button(r->button) || entered)
        use(v, file, first, r->write != NULL, false);
    if (r->write && r->load) {
        hl_ui_same_line();
        if (hl_ui_button("load"))
            use(v, file, r->load, false, false);
    }
    hl_ui_row_end();
}

void hl_viewer_file_question(hl_viewer *viewer)
{
    hl_viewer *v = viewer;
    char text[HL_PLACE_BYTES + 32], path[HL_PLACE_BYTES];
    snprintf(text, sizeof text, "%s is there already.", v->asked);
    hl_ui_note("question", 330 * v->scale, 10, false);
    hl_ui_text(text);
    if (hl_ui_button("write over it")) {
        const hl_viewer_file file = v->asked_file;
        const bool same = hl_name_place(path, v->folder, v->name[file]) == HL_OK &&
                          strcmp(path, v->asked) == 0; /* nobody typed meanwhile */
        use(v, file, rows[file].write, true, same);
    }
    hl_ui_same_line();
    if (hl_ui_button("leave it"))
        v->asked[0] = '\0';
    hl_ui_note_end();
}
