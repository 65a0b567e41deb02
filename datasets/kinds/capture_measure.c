/* SPDX-License-Identifier: MIT */
/* The steps that every kind shares after reading: order, sizes, split. */
#include "core/camera_model.h"
#include "core/image.h"
#include "core/log.h"
#include "datasets/kinds/capture.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const hl_view *)a)->name, ((const hl_view *)b)->name);
}

hl_status hl_capture_sort(hl_capture *capture)
{
    hl_views *v = &capture->views;
    const int32_t limit = capture->options->max_views;
    if (v->view_count)
        qsort(v->views, (size_t)v->view_count, sizeof *v->views, by_name);
    for (int32_t i = 1; i < v->view_count; i++)
        if (strcmp(v->views[i].name, v->views[i - 1].name) == 0)
            return hl_fail(HL_E_FORMAT, "%s: the photo %s stands there twice", v->path,
                           v->views[i].name);
    if (limit > 0 && v->view_count > limit) {
        hl_log(HL_LOG_INFO, "%s: %d of %d views are used, evenly spaced", v->path, limit,
               v->view_count);
        for (int64_t i = 0; i < limit; i++)
            v->views[i] = v->views[i * v->view_count / limit];
        v->view_count = limit;
    }
    return HL_OK;
}

/* Size of the pictures of one camera, and the first view that has it. */
typedef struct seen_size {
    int32_t width, height;
    const hl_view *view;
} seen_size;

static hl_status fit_camera(const hl_views *v, hl_camera *camera, const seen_size *seen,
                            int32_t *scaled)
{
    const int32_t w = seen->width, h = seen->height;
    if (w == camera->width && h == camera->height)
        return HL_OK;
    /* Sides are rounded to pixels: equal ratios differ by less than one pixel of the smaller
     * picture in either side. */
    const double sx = (double)w / camera->width, sy = (double)h / camera->height;
    const double slack = sx < 1 ? 1 : sx;
    if (fabs(sx - sy) * camera->height > slack || fabs(sx - sy) * camera->width > slack) {
        const bool turned = w == camera->height && h == camera->width;
        return hl_fail(HL_E_FORMAT, "%s: %d x %d pixels, but the camera of %s says %d x %d%s",
                       seen->view->image_path, w, h, v->path, camera->width, camera->height,
                       turned ? " (turned by its EXIF orientation)" : ", another shape");
    }
    hl_camera_rescale(camera, w, h);
    (*scaled)++;
    return HL_OK;
}

static hl_status measure_views(hl_capture *capture, seen_size *seen)
{
    hl_views *v = &capture->views;
    for (int32_t i = 0; i < v->view_count; i++) {
        const hl_view *view = &v->views[i];
        seen_size *s = &seen[view->camera];
        int32_t w, h, channels;
        HL_TRY(hl_image_probe(view->image_path, &w, &h, &channels));
        v->has_alpha |= channels == 2 || channels == 4;
        if (s->view && (s->width != w || s->height != h))
            return hl_fail(HL_E_FORMAT,
                           "%s: %d x %d pixels, but %s with the same camera has %d x %d",
                           view->image_path, w, h, s->view->name, s->width, s->height);
        *s = (seen_size){w, h, view};
    }
    return HL_OK;
}

hl_status hl_capture_measure(hl_capture *capture)
{
    hl_views *v = &capture->views;
    seen_size *seen = hl_alloc((size_t)v->camera_count, sizeof *seen);
    if (!seen)
        return HL_E_MEMORY;
    int32_t scaled = 0;
    hl_status s = measure_views(capture, seen);
    for (int32_t i = 0; i < v->camera_count && s == HL_OK; i++)
        if (seen[i].view)
            s = fit_camera(v, &v->cameras[i], &seen[i], &scaled);
    if (s == HL_OK && scaled)
        hl_log(HL_LOG_INFO, "%s: %d cameras scaled to the size of their pictures", v->path, scaled);
    hl_free(seen);
    return s;
}

hl_status hl_capture_split(hl_capture *capture)
{
    hl_views *v = &capture->views;
    const hl_dataset_options *o = capture->options;
    const int32_t every = o->split_every ? o->split_every : HL_DATASET_SPLIT_EVERY_DEFAULT;
    const bool own = capture->own_split && hl_views_in_split(v, HL_SPLIT_TEST, NULL) > 0;
    if (o->split == HL_DATASET_SPLIT_OWN && !own)
        return hl_fail(HL_E_FORMAT, "%s: the capture (%s) names no test views of its own", v->path,
                       v->kind);
    const bool keep =
        own && (o->split == HL_DATASET_SPLIT_OWN || o->split == HL_DATASET_SPLIT_AUTO);
    for (int32_t i = 0; i < v->view_count && !keep; i++)
        v->views[i].split =
            o->split != HL_DATASET_SPLIT_NONE && i % every == 0 ? HL_SPLIT_TEST : HL_SPLIT_TRAIN;
    if (!hl_views_in_split(v, HL_SPLIT_TRAIN, NULL))
        return hl_fail(HL_E_FORMAT, "%s: all %d views are for testing, none is left to train with",
                       v->path, v->view_count);
    return HL_OK;
}
