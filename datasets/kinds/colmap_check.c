/* SPDX-License-Identifier: MIT */
#include "core/camera_model.h"
#include "core/image.h"
#include "core/memory.h"
#include "datasets/kinds/colmap_parts.h"

#include <stdlib.h>
#include <string.h>

hl_status hl_colmap_check_camera(const hl_camera *camera, uint64_t width, uint64_t height,
                                 const char *name, const char *place)
{
    if (width < 1 || height < 1 || width > HL_IMAGE_SIDE_MAX || height > HL_IMAGE_SIDE_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %s: camera %u: size %llu x %llu, expected 1..%d a side",
                       name, place, camera->id, (unsigned long long)width,
                       (unsigned long long)height, HL_IMAGE_SIDE_MAX);
    const int count = hl_camera_param_count(camera->model);
    for (int i = 0; i < count; i++)
        if (!isfinite(camera->params[i]))
            return hl_fail(HL_E_FORMAT, "%s: %s: camera %u: parameter %d is not a finite number",
                           name, place, camera->id, i + 1);
    double focal[2];
    hl_camera_focal(camera->model, camera->params, focal);
    if (!(focal[0] > 0) || !(focal[1] > 0))
        return hl_fail(HL_E_FORMAT, "%s: %s: camera %u: focal length %g x %g, expected above 0",
                       name, place, camera->id, focal[0], focal[1]);
    return HL_OK;
}

hl_status hl_colmap_check_image(hl_colmap_image *image, const char *name, const char *place)
{
    double *q = image->camera_from_world.q, *t = image->camera_from_world.t;
    const double norm = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    if (!isfinite(norm) || !isfinite(t[0]) || !isfinite(t[1]) || !isfinite(t[2]))
        return hl_fail(HL_E_FORMAT, "%s: %s: image %u: its pose is not finite", name, place,
                       image->id);
    if (norm < 1e-8)
        return hl_fail(HL_E_FORMAT, "%s: %s: image %u: its rotation is the zero quaternion", name,
                       place, image->id);
    if (fabs(norm - 1) > 1e-12) /* what is unit stays as it was, bit for bit */
        for (int i = 0; i < 4; i++)
            q[i] /= norm;
    if (!image->name[0])
        return hl_fail(HL_E_FORMAT, "%s: %s: image %u has no name", name, place, image->id);
    return HL_OK;
}

hl_status hl_colmap_check_point(const hl_colmap_point *point, const char *name, const char *place)
{
    for (int i = 0; i < 3; i++)
        if (!(fabs(point->xyz[i]) < 1e30)) /* must fit a float */
            return hl_fail(HL_E_FORMAT, "%s: %s: point %llu: coordinate %g, expected a finite one",
                           name, place, (unsigned long long)point->id, point->xyz[i]);
    return HL_OK;
}

static int by_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sorts ids; true with *twice where one stands there twice. */
static bool repeated(uint64_t *ids, size_t count, uint64_t *twice)
{
    qsort(ids, count, sizeof *ids, by_u64);
    for (size_t i = 1; i < count; i++)
        if (ids[i] == ids[i - 1]) {
            *twice = ids[i];
            return true;
        }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static hl_status check_names(const hl_colmap_model *model, const char *folder)
{
    const size_t count = (size_t)model->image_count;
    const char **names = hl_alloc(count, sizeof *names);
    if (!names)
        return HL_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        names[i] = model->images[i].name;
    qsort(names, count, sizeof *names, by_name);
    hl_status s = HL_OK;
    for (size_t i = 1; i < count && s == HL_OK; i++)
        if (strcmp(names[i], names[i - 1]) == 0)
            s = hl_fail(HL_E_FORMAT, "%s: images: the name %s stands there twice", folder,
                        names[i]);
    hl_free(names);
    return s;
}

/* ids: scratch of at least as many rows as cameras, images and points. */
static hl_status check_ids(const hl_colmap_model *model, const char *folder, uint64_t *ids)
{
    uint64_t twice = 0;
    for (int64_t i = 0; i < model->point_count; i++)
        ids[i] = model->points[i].id;
    if (repeated(ids, (size_t)model->point_count, &twice))
        return hl_fail(HL_E_FORMAT, "%s: points3D: point id %llu stands there twice", folder,
                       (unsigned long long)twice);
    for (int32_t i = 0; i < model->image_count; i++)
        ids[i] = model->images[i].id;
    if (repeated(ids, (size_t)model->image_count, &twice))
        return hl_fail(HL_E_FORMAT, "%s: images: image id %llu stands there twice", folder,
                       (unsigned long long)twice);
    for (int32_t i = 0; i < model->camera_count; i++)
        ids[i] = model->cameras[i].id;
    if (repeated(ids, (size_t)model->camera_count, &twice))
        return hl_fail(HL_E_FORMAT, "%s: cameras: camera id %llu stands there twice", folder,
                       (unsigned long long)twice);
    for (int32_t i = 0; i < model->image_count; i++) { /* ids now holds the sorted cameras */
        const uint64_t wanted = model->images[i].camera_id;
        if (!bsearch(&wanted, ids, (size_t)model->camera_count, sizeof *ids, by_u64))
            return hl_fail(HL_E_FORMAT, "%s: images: image %s: camera id %llu is not in cameras",
                           folder, model->images[i].name, (unsigned long long)wanted);
    }
    return HL_OK;
}

hl_status hl_colmap_check_model(const hl_colmap_model *model, const char *folder)
{
    int64_t rows = model->point_count;
    if (model->image_count > rows)
        rows = model->image_count;
    if (model->camera_count > rows)
        rows = model->camera_count;
    uint64_t *ids = hl_alloc((size_t)rows, sizeof *ids);
    if (!ids)
        return HL_E_MEMORY;
    hl_status s = check_ids(model, folder, ids);
    hl_free(ids);
    if (s == HL_OK)
        s = check_names(model, folder);
    return s;
}
