/* SPDX-License-Identifier: MIT */
#include "cli/sfm_input.h"

#include "core/camera_model.h"
#include "core/exif.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "datasets/dataset.h"

#include <math.h>
#include <string.h>

/* Focal lengths that differ by less are one: a lens does not hold its setting any better. */
static const double same_focal = 0.005;

hl_status hl_sfm_input_photos(hl_views *views, const char *path, const char *masks,
                              bool invert_masks)
{
    const hl_dataset_options options = {
        .masks = masks, .invert_masks = invert_masks, .split = HL_DATASET_SPLIT_NONE};
    /* PATH/images alone, if it is there: a model beside it is not wanted here. */
    char images[4096];
    HL_TRY(hl_path_join(images, sizeof images, path, "images"));
    return hl_dataset_load(views, hl_file_is_folder(images) ? images : path, &options);
}

hl_status hl_sfm_input_share(hl_views *views, sfm_cameras how)
{
    if (how == SFM_CAMERAS_AUTO)
        return HL_OK;
    hl_camera *each = hl_arena_alloc(&views->arena, (size_t)views->view_count, sizeof *each);
    if (!each)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < views->view_count; i++) {
        each[i] = views->cameras[views->views[i].camera];
        each[i].id = (uint32_t)i + 1;
        views->views[i].camera = i;
    }
    views->cameras = each;
    views->camera_count = views->view_count;
    return HL_OK;
}

void hl_sfm_input_focal(hl_views *views, double focal_px)
{
    for (int32_t c = 0; c < views->camera_count; c++) {
        views->cameras[c].params[0] = focal_px;
        if (!hl_camera_single_focal(views->cameras[c].model))
            views->cameras[c].params[1] = focal_px;
    }
}

/* The camera of `old` with that focal length (0: the guess it has), made where there is none. */
static int32_t camera_with_focal(hl_camera *cameras, double *focals, int32_t *old_of,
                                 int32_t *count, const hl_camera *old, int32_t old_index,
                                 double focal)
{
    for (int32_t c = 0; c < *count; c++)
        if (old_of[c] == old_index && fabs(focals[c] - focal) <= same_focal * focal)
            return c;
    const int32_t made = (*count)++;
    cameras[made] = *old;
    cameras[made].id = (uint32_t)made + 1;
    old_of[made] = old_index;
    focals[made] = focal;
    if (focal > 0)
        cameras[made].params[0] = focal;
    if (focal > 0 && !hl_camera_single_focal(old->model))
        cameras[made].params[1] = focal;
    return made;
}

hl_status hl_sfm_input_exif(hl_views *views, bool *known)
{
    const size_t n = (size_t)views->view_count;
    hl_camera *cameras = hl_arena_alloc(&views->arena, n, sizeof *cameras);
    double *focals = hl_arena_alloc(&views->arena, n, sizeof *focals);
    int32_t *old_of = hl_arena_alloc(&views->arena, n, sizeof *old_of);
    if (!cameras || !focals || !old_of)
        return HL_E_MEMORY;
    int32_t count = 0, told = 0;
    for (int32_t i = 0; i < views->view_count; i++) {
        hl_view *view = &views->views[i];
        const hl_camera *old = &views->cameras[view->camera];
        hl_exif exif;
        HL_TRY(hl_exif_load(&exif, view->image_path));
        const double focal = hl_exif_focal_px(&exif, old->width, old->height);
        told += focal > 0;
        view->camera = camera_with_focal(cameras, focals, old_of, &count, old, view->camera, focal);
    }
    views->cameras = cameras;
    views->camera_count = count;
    *known = told == views->view_count && told > 0;
    if (told > 0)
        hl_log(HL_LOG_INFO, "focal length from Exif in %d of %d photos, %d cameras", told,
               views->view_count, count);
    return HL_OK;
}

static int32_t find_name(const hl_views *other, const char *name)
{
    int32_t found = -1;
    for (int32_t i = 0; i < other->view_count; i++)
        if (strcmp(other->views[i].name, name) == 0)
            return i;
    for (int32_t i = 0; i < other->view_count; i++)
        if (strcmp(hl_path_name(other->views[i].name), hl_path_name(name)) == 0)
            found = found == -1 ? i : -2;
    return found < 0 ? -1 : found;
}

hl_status hl_sfm_input_match(const hl_views *views, const char *path, hl_views *other,
                             int32_t *found)
{
    /* The photos of the other capture may be ours. */
    char folder[4096];
    const char *image = views->views[0].image_path, *name = views->views[0].name;
    const size_t length = strlen(image) - strlen(name);
    if (length >= sizeof folder)
        return hl_fail(HL_E_ARG, "%s: the path is too long", image);
    memcpy(folder, image, length);
    folder[length] = 0;
    hl_dataset_options options = {.split = HL_DATASET_SPLIT_NONE, .no_masks = true};
    if (hl_dataset_load(other, path, &options) != HL_OK) {
        options.images = folder;
        options.skip_missing = true;
        const hl_status status = hl_dataset_load(other, path, &options);
        if (status != HL_OK)
            return hl_fail_context(status, "%s: no poses for the photos in %s, such as %s", path,
                                   folder, name);
    }
    int32_t hits = 0;
    for (int32_t i = 0; i < views->view_count; i++) {
        found[i] = find_name(other, views->views[i].name);
        hits += found[i] >= 0;
    }
    if (hits > 0)
        return HL_OK;
    const hl_status status = hl_fail(
        HL_E_FORMAT, "%s: none of its %d names, such as \"%s\", is that of a photo (\"%s\")", path,
        other->view_count, other->view_count > 0 ? other->views[0].name : "", views->views[0].name);
    hl_views_release(other);
    return status;
}

/* Copies the cameras of `other` in and points the views at them; drops views that are not there
 * where `drop`, else fails. */
static hl_status adopt(hl_views *views, const hl_views *other, const int32_t *found,
                       const char *path, bool poses)
{
    int32_t kept = 0, dropped = 0;
    hl_camera *cameras =
        hl_arena_alloc(&views->arena, (size_t)other->camera_count, sizeof *cameras);
    if (!cameras)
        return HL_E_MEMORY;
    memcpy(cameras, other->cameras, (size_t)other->camera_count * sizeof *cameras);
    for (int32_t i = 0; i < views->view_count; i++) {
        hl_view view = views->views[i];
        const hl_view *from = found[i] >= 0 ? &other->views[found[i]] : NULL;
        if (!from && !poses)
            return hl_fail(HL_E_FORMAT, "%s: no camera for photo %s", path, view.name);
        if (!from || (poses && !from->has_pose)) {
            hl_log(HL_LOG_WARN, "%s: no pose for photo %s: it is left out", path, view.name);
            dropped++;
            continue;
        }
        hl_camera *camera = &cameras[from->camera];
        const hl_camera *own = &views->cameras[view.camera];
        if (camera->width != own->width || camera->height != own->height)
            hl_camera_rescale(camera, own->width, own->height);
        view.camera = from->camera;
        if (poses) {
            view.camera_from_world = from->camera_from_world;
            view.has_pose = true;
        }
        views->views[kept++] = view;
    }
    views->cameras = cameras;
    views->camera_count = other->camera_count;
    views->view_count = kept;
    if (kept == 0)
        return hl_fail(HL_E_FORMAT, "%s: no photo has a pose there (%s)", path, other->kind);
    if (dropped > 0)
        hl_log(HL_LOG_WARN, "%s: poses for %d of %d photos", path, kept, kept + dropped);
    return HL_OK;
}

static hl_status take_from(hl_views *views, const char *path, bool poses)
{
    hl_views other = {0};
    int32_t *found = hl_alloc((size_t)views->view_count, sizeof *found);
    if (!found)
        return HL_E_MEMORY;
    hl_status status = hl_sfm_input_match(views, path, &other, found);
    if (status == HL_OK)
        status = adopt(views, &other, found, path, poses);
    hl_views_release(&other);
    hl_free(found);
    return status;
}

hl_status hl_sfm_input_calibration(hl_views *views, const char *path)
{
    return take_from(views, path, false);
}

hl_status hl_sfm_input_poses(hl_views *views, const char *path)
{
    return take_from(views, path, true);
}
