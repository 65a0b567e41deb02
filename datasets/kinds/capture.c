/* SPDX-License-Identifier: MIT */
#define HL_REAL double
#include "datasets/kinds/capture.h"

#include "core/se3.h"
#include "datasets/undistort.h"

#include <stdlib.h>
#include <string.h>

/* |column . column - identity| above which a matrix is no rotation: files print 3 digits or more.
 */
static const double rotation_tolerance = 5e-3;

char *hl_capture_text(hl_capture *capture, const char *text)
{
    char *copy = hl_arena_text(&capture->views.arena, text, strlen(text));
    capture->exhausted |= !copy;
    return copy;
}

hl_status hl_capture_reserve(hl_capture *capture, int64_t more)
{
    hl_views *v = &capture->views;
    const int64_t rooms = v->view_count + more, camera_rooms = v->camera_count + more;
    if (more < 0 || rooms > INT32_MAX / 2 || camera_rooms > INT32_MAX / 2)
        return hl_fail(HL_E_FORMAT, "%s: too many views", capture->root);
    hl_view *views = hl_arena_alloc(&v->arena, (size_t)rooms, sizeof *views);
    hl_camera *cameras = hl_arena_alloc(&v->arena, (size_t)camera_rooms, sizeof *cameras);
    if (!views || !cameras)
        return HL_E_MEMORY;
    if (v->view_count)
        memcpy(views, v->views, (size_t)v->view_count * sizeof *views);
    if (v->camera_count)
        memcpy(cameras, v->cameras, (size_t)v->camera_count * sizeof *cameras);
    v->views = views;
    v->cameras = cameras;
    capture->view_room = (int32_t)rooms;
    capture->camera_room = (int32_t)camera_rooms;
    return HL_OK;
}

int32_t hl_capture_camera(hl_capture *capture, const hl_camera *camera)
{
    /* Newest first and not far: captures repeat the last camera or have one per frame. */
    enum { LOOK_BACK = 64 };
    hl_views *v = &capture->views;
    for (int32_t i = v->camera_count - 1; i >= 0 && i >= v->camera_count - LOOK_BACK; i--)
        if (hl_camera_is_same(&v->cameras[i], camera))
            return i;
    v->cameras[v->camera_count] = *camera;
    v->cameras[v->camera_count].id = (uint32_t)v->camera_count + 1;
    return v->camera_count++;
}

hl_status hl_capture_pose_from_opengl(hl_pose *camera_from_world, const double c2w[12],
                                      const char *name)
{
    double worst = 0, axes[9]; /* rows: right, down, forward in the world */
    for (int i = 0; i < 3; i++) {
        axes[i] = c2w[4 * i];
        axes[3 + i] = -c2w[4 * i + 1];
        axes[6 + i] = -c2w[4 * i + 2];
    }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            worst = hl_max(worst, hl_abs(hl_dot3(axes + 3 * i, axes + 3 * j) - (i == j)));
    if (!(worst <= rotation_tolerance))
        return hl_fail(HL_E_FORMAT,
                       "%s: the 3x3 part is not a rotation (axes of length %.4g, %.4g, %.4g, "
                       "expected 1 and at right angles): remove scale and skew",
                       name, hl_length3(axes), hl_length3(axes + 3), hl_length3(axes + 6));
    if (hl_det3(axes) < 0)
        return hl_fail(HL_E_FORMAT, "%s: the 3x3 part mirrors (determinant below 0)", name);
    const double eye[3] = {c2w[3], c2w[7], c2w[11]};
    if (!isfinite(eye[0]) || !isfinite(eye[1]) || !isfinite(eye[2]))
        return hl_fail(HL_E_FORMAT, "%s: the position is not finite", name);
    double q[4], r[9];
    hl_quat_from_rotation(axes, q);
    hl_quat_unit(q, camera_from_world->q);
    hl_rotation(camera_from_world->q, r);
    hl_mul3(r, eye, camera_from_world->t);
    for (int i = 0; i < 3; i++)
        camera_from_world->t[i] = -camera_from_world->t[i];
    return HL_OK;
}

bool hl_capture_is_picture(const char *name)
{
    static const char *const extensions[] = {"jpg", "jpeg", "png", "bmp", "tga"};
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (hl_path_has_extension(name, extensions[i]))
            return true;
    return false;
}

typedef struct listing {
    hl_arena *arena;
    const char *folder;
    bool photos;
    char **names;
    int32_t count, room;
} listing;

/* "a.mask.png" */
static bool is_mask_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot - name > 5 && memcmp(dot - 5, ".mask", 5) == 0;
}

static hl_status add_name(listing *l, const char *name)
{
    if (l->count == HL_CAPTURE_FILES_MAX)
        return hl_fail(HL_E_FORMAT, "%s: more than %d pictures", l->folder, HL_CAPTURE_FILES_MAX);
    if (l->count == l->room) {
        const int32_t room = l->room ? 2 * l->room : 256;
        char **names = hl_grow(l->names, (size_t)l->room, (size_t)room, sizeof *names);
        if (!names)
            return HL_E_MEMORY;
        l->names = names;
        l->room = room;
    }
    char *copy = hl_arena_text(l->arena, name, strlen(name));
    if (!copy)
        return HL_E_MEMORY;
    l->names[l->count++] = copy;
    return HL_OK;
}

/* below: "" or "sub/folder". */
static hl_status list_below(listing *l, const char *below, int depth)
{
    char here[HL_CAPTURE_PATH_BYTES], path[HL_CAPTURE_PATH_BYTES], name[HL_CAPTURE_PATH_BYTES];
    HL_TRY(hl_path_join(here, sizeof here, l->folder, below));
    hl_file_list files = {0};
    HL_TRY(hl_file_list_folder(&files, here));
    hl_status s = HL_OK;
    for (int32_t i = 0; i < files.count && s == HL_OK; i++) {
        s = hl_path_join(name, sizeof name, below, files.names[i]);
        if (s == HL_OK)
            s = hl_path_join(path, sizeof path, here, files.names[i]);
        if (s != HL_OK)
            break;
        if (hl_file_is_folder(path)) {
            if (depth < HL_CAPTURE_DEPTH && (!l->photos || strcmp(files.names[i], "masks") != 0))
                s = list_below(l, name, depth + 1);
        } else if (hl_capture_is_picture(name) && !(l->photos && is_mask_name(name))) {
            s = add_name(l, name);
        }
    }
    hl_file_list_release(&files);
    return s;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

hl_status hl_capture_list(hl_arena *arena, const char *folder, bool photos, char ***names,
                          int32_t *count)
{
    listing l = {.arena = arena, .folder = folder, .photos = photos};
    hl_status s = list_below(&l, "", 0);
    char **kept = s == HL_OK ? hl_arena_alloc(arena, (size_t)l.count, sizeof *kept) : NULL;
    if (s == HL_OK && !kept)
        s = HL_E_MEMORY;
    if (s == HL_OK) {
        if (l.count) {
            memcpy(kept, l.names, (size_t)l.count * sizeof *kept);
            qsort(kept, (size_t)l.count, sizeof *kept, by_text);
        }
        *names = kept;
        *count = l.count;
    }
    hl_free(l.names);
    return s;
}
