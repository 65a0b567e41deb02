/* SPDX-License-Identifier: MIT */
#include "datasets/kinds/photo_load.h"

#include "core/camera_model.h"
#include "core/memory.h"

#include <string.h>

/* Decoded side over target side below which a JPEG is not decoded smaller. */
static const int32_t oversampling = 2;

static int32_t longer_side(const hl_camera *camera)
{
    return camera->width > camera->height ? camera->width : camera->height;
}

/* 1 or 4 channels to 3, 1 or 3 to 4 (opaque). */
static hl_status set_channels(hl_image8 *image, int32_t channels)
{
    if (image->channels == channels)
        return HL_OK;
    hl_image8 out;
    HL_TRY(hl_image8_create(&out, image->width, image->height, channels));
    const size_t count = (size_t)image->width * (size_t)image->height;
    const size_t from = (size_t)image->channels, to = (size_t)channels;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *a = image->data + i * from;
        uint8_t *b = out.data + i * to;
        for (size_t k = 0; k < 3; k++)
            b[k] = a[from < 3 ? 0 : k];
        if (to == 4)
            b[3] = 255;
    }
    hl_image8_release(image);
    *image = out;
    return HL_OK;
}

static hl_status make_map(hl_photo_map *kept, const hl_camera *from, const hl_camera *to)
{
    if (kept->map.at && hl_camera_is_same(&kept->from, from) && hl_camera_is_same(&kept->to, to))
        return HL_OK;
    hl_remap_release(&kept->map);
    HL_TRY(hl_remap_create(&kept->map, from, to));
    kept->from = *from;
    kept->to = *to;
    return HL_OK;
}

/* The decoder may return 1/2, 1/4 or 1/8, rounded up. */
static bool is_scaled(int32_t got, int32_t full)
{
    for (int32_t k = 1; k <= 8; k *= 2)
        if (got == (full + k - 1) / k)
            return true;
    return false;
}

/* Replaces a distorted picture by its undistorted one at the same scale. */
static hl_status straighten(hl_image8 *image, const hl_photo_job *job, hl_photo_loader *loader)
{
    hl_camera from = *job->camera, to = *job->straight;
    const double scale = (double)image->width / job->camera->width;
    hl_camera_rescale(&from, image->width, image->height);
    int32_t w = (int32_t)lround(to.width * scale), h = (int32_t)lround(to.height * scale);
    hl_camera_rescale(&to, w < 1 ? 1 : w, h < 1 ? 1 : h);
    HL_TRY(make_map(&loader->image_map, &from, &to));
    hl_image8 out;
    HL_TRY(hl_remap_bilinear(&out, &loader->image_map.map, image));
    hl_image8_release(image);
    *image = out;
    return HL_OK;
}

static hl_status resize_to(hl_image8 *image, const hl_camera *target)
{
    if (image->width == target->width && image->height == target->height)
        return HL_OK;
    hl_image8 out;
    HL_TRY(hl_image8_resize(&out, image, target->width, target->height));
    hl_image8_release(image);
    *image = out;
    return HL_OK;
}

static hl_status load_picture(hl_image8 *image, const hl_photo_job *job, hl_photo_loader *loader)
{
    const bool smaller = longer_side(job->target) < longer_side(job->straight);
    hl_image8 got = {0};
    HL_TRY(hl_image8_load(&got, job->view->image_path,
                          smaller ? oversampling * longer_side(job->target) : 0));
    hl_status s = HL_OK;
    if (!is_scaled(got.width, job->camera->width) || !is_scaled(got.height, job->camera->height))
        s = hl_fail(HL_E_FORMAT, "%s: %d x %d pixels, but %d x %d when the capture was read",
                    job->view->image_path, got.width, got.height, job->camera->width,
                    job->camera->height);
    if (s == HL_OK)
        s = set_channels(&got, job->with_alpha ? 4 : 3);
    if (s == HL_OK && job->distorted)
        s = straighten(&got, job, loader);
    if (s == HL_OK)
        s = resize_to(&got, job->target);
    if (s == HL_OK)
        *image = got;
    else
        hl_image8_release(&got);
    return s;
}

/* One channel of 0 and 255: alpha where the mask has one that is not all opaque, else its first
 * channel, cut at one half. */
static hl_status threshold(hl_image8 *mask, bool inverted)
{
    const size_t count = (size_t)mask->width * (size_t)mask->height;
    const size_t channels = (size_t)mask->channels;
    size_t use = 0;
    for (size_t i = 0; channels == 4 && i < count && !use; i++)
        use = mask->data[4 * i + 3] != 255 ? 3 : 0;
    hl_image8 out;
    HL_TRY(hl_image8_create(&out, mask->width, mask->height, 1));
    for (size_t i = 0; i < count; i++)
        out.data[i] = (mask->data[i * channels + use] >= 128) != inverted ? 255 : 0;
    hl_image8_release(mask);
    *mask = out;
    return HL_OK;
}

/* Masks may have another size than their photo, but not another shape. */
static hl_status check_shape(const hl_image8 *mask, const hl_photo_job *job)
{
    const double sx = (double)mask->width / job->camera->width;
    const double sy = (double)mask->height / job->camera->height;
    const double slack = (sx > sy ? sx : sy) > 1 ? (sx > sy ? sx : sy) : 1;
    if (fabs(sx - sy) * longer_side(job->camera) <= slack)
        return HL_OK;
    return hl_fail(
        HL_E_FORMAT, "%s: a mask of %d x %d pixels for a photo of %d x %d, another shape",
        job->view->mask_path, mask->width, mask->height, job->camera->width, job->camera->height);
}

static hl_status load_mask(hl_image8 *mask, const hl_photo_job *job, hl_photo_loader *loader)
{
    hl_image8 got = {0}, out;
    HL_TRY(hl_image8_load(&got, job->view->mask_path, 0));
    hl_status s = check_shape(&got, job);
    if (s == HL_OK)
        s = threshold(&got, job->mask_inverted);
    if (s == HL_OK) {
        /* Sizes differ by rounding too: the map serves pinhole cameras as well. */
        hl_camera from = *job->camera;
        hl_camera_rescale(&from, got.width, got.height);
        s = make_map(&loader->mask_map, &from, job->target);
    }
    if (s == HL_OK)
        s = hl_remap_nearest(&out, &loader->mask_map.map, &got);
    hl_image8_release(&got);
    if (s == HL_OK)
        *mask = out;
    return s;
}

hl_status hl_photo_load(hl_image8 *image, hl_image8 *mask, const hl_photo_job *job,
                        hl_photo_loader *loader, bool *from_disk)
{
    char key[64] = "";
    hl_image8 picture = {0}, cover = {0};
    hl_status s = HL_OK;
    *from_disk = job->distorted && job->disk->folder && hl_photo_disk_find(job, key, &picture);
    if (!*from_disk) {
        s = load_picture(&picture, job, loader);
        if (s == HL_OK && key[0])
            hl_photo_disk_keep(job, key, &picture);
    }
    if (s == HL_OK && job->view->mask_path)
        s = load_mask(&cover, job, loader);
    if (s != HL_OK) {
        hl_image8_release(&picture);
        return s;
    }
    *image = picture;
    *mask = cover;
    return HL_OK;
}

void hl_photo_loader_release(hl_photo_loader *loader)
{
    hl_remap_release(&loader->image_map.map);
    hl_remap_release(&loader->mask_map.map);
}
