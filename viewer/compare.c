/* SPDX-License-Identifier: MIT */
#include "viewer/compare.h"

#include "core/metric.h"
#include "viewer/viewer_state.h"

#include <math.h>
#include <string.h>

void hl_compare_release(hl_compare *compare)
{
    hl_image8_release(&compare->photo);
    *compare = (hl_compare){.camera = -1, .psnr = nan(""), .ssim = nan("")};
}

/* RGB over the scene's background. */
static hl_status flatten(hl_image8 *photo, const float background[3])
{
    const hl_image8 in = *photo;
    hl_image8 out;
    if (in.channels == 3)
        return HL_OK;
    HL_TRY(hl_image8_create(&out, in.width, in.height, 3));
    for (size_t i = 0; i < (size_t)in.width * (size_t)in.height; i++)
        for (size_t c = 0; c < 3; c++) {
            const uint8_t *p = in.data + i * (size_t)in.channels;
            const float a = in.channels == 4 ? (float)p[3] / 255 : 1;
            const float v = (float)p[in.channels == 1 ? 0 : c] * a + 255 * background[c] * (1 - a);
            out.data[3 * i + c] = (uint8_t)(v + 0.5f);
        }
    hl_image8_release(photo);
    *photo = out;
    return HL_OK;
}

/* As helio eval does it: the view's own size and principal point, rounded to 8 bits. */
static hl_status measure(hl_viewer *v)
{
    hl_compare *c = &v->compare;
    const hl_raster_view *view = &v->scene.cameras[c->camera].view;
    hl_look look = v->look;
    hl_image8 drawn;
    hl_image a = {.data = NULL}, b = {.data = NULL};
    double mse = 0;
    look.show = HL_SHOW_COLOR;
    memcpy(look.background, v->scene.background, sizeof look.background);
    if (view->width != c->photo.width || view->height != c->photo.height)
        return hl_fail(HL_E_ARG, "photo %d is not of the size of its view", c->camera);
    HL_TRY(hl_renderer_draw(v->renderer, view, &look));
    HL_TRY(hl_renderer_read(v->renderer, &drawn));
    hl_status s = hl_image_from_8(&a, &drawn);
    s = s == HL_OK ? hl_image_from_8(&b, &c->photo) : s;
    s = s == HL_OK ? hl_metric_mse(&mse, &a, &b, NULL) : s;
    s = s == HL_OK ? hl_metric_ssim(&c->ssim, &a, &b) : s;
    if (s == HL_OK)
        c->psnr = hl_metric_psnr(mse);
    hl_image_release(&a);
    hl_image_release(&b);
    hl_image8_release(&drawn);
    v->dirty = true; /* the renderer holds the other picture */
    return s;
}

hl_status hl_compare_wipe(hl_viewer *viewer, double wipe)
{
    hl_viewer *v = viewer;
    hl_compare *c = &v->compare;
    if (wipe > 0 && (!v->scene.photo || !v->scene.camera_count))
        return hl_fail(HL_E_ARG, "wipe: there are no photos; give the capture by --data");
    c->wipe = wipe;
    if (!(wipe > 0) || v->camera < 0 || v->camera == c->camera)
        return HL_OK;
    hl_image8 photo;
    HL_TRY(v->scene.photo(v->scene.handle, v->camera, &photo));
    hl_compare_release(c);
    c->wipe = wipe;
    c->photo = photo;
    c->camera = v->camera;
    HL_TRY(flatten(&c->photo, v->scene.background));
    return measure(v);
}

hl_status hl_compare_cover(const hl_viewer *viewer, hl_image8 *picture)
{
    const hl_viewer *v = viewer;
    const hl_compare *c = &v->compare;
    if (!(c->wipe > 0) || v->camera < 0 || c->camera != v->camera)
        return HL_OK;
    /* The same rays: the picture's focal length over the photo's, principal point on the middle. */
    const hl_raster_view *view = &v->scene.cameras[c->camera].view;
    const double scale = picture->height / tan(0.5 * v->orbit.fov_y) / (2 * (double)view->fy);
    const double left = 0.5 * picture->width - scale * (double)view->cx;
    const double top = 0.5 * picture->height - scale * (double)view->cy;
    const int32_t width = (int32_t)fmin(fmax(round(scale * c->photo.width), 1), 65500);
    const int32_t height = (int32_t)fmin(fmax(round(scale * c->photo.height), 1), 65500);
    const int32_t x0 = (int32_t)round(left), y0 = (int32_t)round(top);
    const int32_t end = (int32_t)round(c->wipe * picture->width);
    hl_image8 sized;
    HL_TRY(hl_image8_resize(&sized, &c->photo, width, height));
    for (int32_t y = 0; y < picture->height; y++)
        for (int32_t x = 0; x < end; x++) {
            uint8_t *to = picture->data + 3 * ((size_t)y * (size_t)picture->width + (size_t)x);
            if (x < x0 || y < y0 || x >= x0 + width || y >= y0 + height)
                to[0] /= 4, to[1] /= 4, to[2] /= 4; /* beside the photo */
            else
                memcpy(to, sized.data + 3 * ((size_t)(y - y0) * (size_t)width + (size_t)(x - x0)),
                       3);
        }
    hl_image8_release(&sized);
    return HL_OK;
}
