/* SPDX-License-Identifier: MIT */
#include "datasets/undistort.h"

#include "core/camera_model.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <string.h>

enum { BORDER_SAMPLES = 256, SHRINKS = 200, BLOCK_ROWS = 16 };

/* Upright rectangle on the plane z = 1. */
typedef struct window {
    double low[2], high[2];
} window;

bool hl_camera_is_distorted(const hl_camera *camera)
{
    const int first = hl_camera_single_focal(camera->model) ? 3 : 4;
    if (camera->model == HL_CAMERA_OPENCV_FISHEYE || camera->model == HL_CAMERA_FOV ||
        camera->model == HL_CAMERA_SIMPLE_RADIAL_FISHEYE ||
        camera->model == HL_CAMERA_RADIAL_FISHEYE || camera->model == HL_CAMERA_THIN_PRISM_FISHEYE)
        return true; /* the equidistant projection itself is one */
    for (int i = first; i < hl_camera_param_count(camera->model); i++)
        if (camera->params[i] != 0)
            return true;
    return false;
}

bool hl_camera_is_same(const hl_camera *a, const hl_camera *b)
{
    if (a->model != b->model || a->width != b->width || a->height != b->height)
        return false;
    for (int i = 0; i < HL_CAMERA_PARAMS_MAX; i++)
        if (a->params[i] < b->params[i] || a->params[i] > b->params[i])
            return false;
    return true;
}

/* Narrows one side of the window by the border of the source picture on that side.  axis 0: the
 * borders x = 0 and x = width; end 0: the low one. */
static void narrow(window *w, const hl_lens *lens, const hl_camera *camera, int axis, int end)
{
    const int32_t sides[2] = {camera->width, camera->height};
    for (int i = 0; i <= BORDER_SAMPLES; i++) {
        double pixel[2], uv[2];
        pixel[axis] = end ? sides[axis] - 0.5 : 0.5;
        pixel[1 - axis] = 0.5 + (sides[1 - axis] - 1.0) * i / BORDER_SAMPLES;
        if (!hl_lens_undistort(lens, pixel, uv))
            continue; /* behind the camera: no limit */
        if (!end && uv[axis] > w->low[axis])
            w->low[axis] = uv[axis];
        if (end && uv[axis] < w->high[axis])
            w->high[axis] = uv[axis];
    }
}

/* True where the point has a pixel of the source and is that pixel's only point. */
static bool has_source(const hl_lens *lens, const hl_camera *camera, const double uv[2])
{
    double pixel[2], back[2];
    hl_lens_distort(lens, uv, pixel);
    if (!(pixel[0] >= 0.499 && pixel[1] >= 0.499 && pixel[0] <= camera->width - 0.499 &&
          pixel[1] <= camera->height - 0.499))
        return false;
    return hl_lens_undistort(lens, pixel, back) &&
           fabs(back[0] - uv[0]) + fabs(back[1] - uv[1]) <= 1e-6 * (1 + fabs(uv[0]) + fabs(uv[1]));
}

static bool border_has_source(const window *w, const hl_lens *lens, const hl_camera *camera)
{
    enum { SAMPLES = 64 };
    for (int i = 0; i <= SAMPLES; i++) {
        const double x = w->low[0] + (w->high[0] - w->low[0]) * i / SAMPLES;
        const double y = w->low[1] + (w->high[1] - w->low[1]) * i / SAMPLES;
        const double points[4][2] = {
            {x, w->low[1]}, {x, w->high[1]}, {w->low[0], y}, {w->high[0], y}};
        for (int k = 0; k < 4; k++)
            if (!has_source(lens, camera, points[k]))
                return false;
    }
    return true;
}

hl_status hl_undistort_camera(hl_camera *pinhole, const hl_camera *camera)
{
    const hl_lens lens = hl_camera_lens(camera->model, camera->params);
    hl_camera p = {.id = camera->id,
                   .model = HL_CAMERA_PINHOLE,
                   .width = camera->width,
                   .height = camera->height,
                   .params = {lens.fx, lens.fy, lens.cx, lens.cy}};
    if (hl_camera_is_distorted(camera)) {
        const double reach = HL_UNDISTORT_GROWTH;
        window w = {{-reach * lens.cx / lens.fx, -reach * lens.cy / lens.fy},
                    {reach * (camera->width - lens.cx) / lens.fx,
                     reach * (camera->height - lens.cy) / lens.fy}};
        for (int axis = 0; axis < 2; axis++)
            for (int end = 0; end < 2; end++)
                narrow(&w, &lens, camera, axis, end);
        /* Strong lenses: corners may still fall outside; draw the window in until they do not. */
        int shrinks = 0;
        for (; shrinks < SHRINKS && !border_has_source(&w, &lens, camera); shrinks++)
            for (int axis = 0; axis < 2; axis++) {
                w.low[axis] *= 0.98;
                w.high[axis] *= 0.98;
            }
        const double width = floor((w.high[0] - w.low[0]) * lens.fx);
        const double height = floor((w.high[1] - w.low[1]) * lens.fy);
        if (!(shrinks < SHRINKS && width >= 2 && height >= 2 && width <= HL_IMAGE_SIDE_MAX &&
              height <= HL_IMAGE_SIDE_MAX))
            return hl_fail(HL_E_FORMAT,
                           "camera %u (%s, %d x %d): its distortion leaves no picture when it is "
                           "removed",
                           camera->id, hl_camera_model_name(camera->model), camera->width,
                           camera->height);
        p.width = (int32_t)width;
        p.height = (int32_t)height;
        p.params[2] = -w.low[0] * lens.fx;
        p.params[3] = -w.low[1] * lens.fy;
    }
    *pinhole = p;
    return HL_OK;
}

typedef struct map_job {
    hl_remap *map;
    hl_lens from;
    const double *to; /* fx fy cx cy */
} map_job;

static void map_rows(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const map_job *job = ctx;
    const hl_remap *map = job->map;
    const double *to = job->to;
    const int32_t begin = block * BLOCK_ROWS;
    const int32_t end = begin + BLOCK_ROWS < map->height ? begin + BLOCK_ROWS : map->height;
    for (int32_t y = begin; y < end; y++)
        for (int32_t x = 0; x < map->width; x++) {
            float *at = map->at + 2 * ((size_t)y * (size_t)map->width + (size_t)x);
            const double uv[2] = {(x + 0.5 - to[2]) / to[0], (y + 0.5 - to[3]) / to[1]};
            double pixel[2];
            hl_lens_distort(&job->from, uv, pixel);
            at[0] = (float)pixel[0];
            at[1] = (float)pixel[1];
        }
}

hl_status hl_remap_create(hl_remap *map, const hl_camera *from, const hl_camera *to)
{
    if (to->model != HL_CAMERA_PINHOLE)
        return hl_fail(HL_E_ARG, "remap: the target is %s, expected PINHOLE",
                       hl_camera_model_name(to->model));
    hl_remap m = {from->width, from->height, to->width, to->height, NULL};
    m.at = hl_alloc((size_t)m.width * (size_t)m.height, 2 * sizeof *m.at);
    if (!m.at)
        return HL_E_MEMORY;
    map_job job = {&m, hl_camera_lens(from->model, from->params), to->params};
    hl_parallel_for(hl_block_count(m.height, BLOCK_ROWS), map_rows, &job);
    *map = m;
    return HL_OK;
}

void hl_remap_release(hl_remap *map)
{
    hl_free(map->at);
    memset(map, 0, sizeof *map);
}

typedef struct pick_job {
    const hl_remap *map;
    const hl_image8 *in;
    hl_image8 *out;
} pick_job;

static int32_t clamp_index(float v, int32_t count)
{
    if (!(v > 0))
        return 0;
    return v >= (float)count ? count - 1 : (int32_t)v;
}

/* Blends four pixels of c channels by weights w; with alpha, colour counts by its alpha. */
static void blend(const uint8_t *const p[4], const float w[4], int32_t c, uint8_t *out)
{
    float sum[4] = {0};
    for (int k = 0; k < 4; k++) {
        const float weight = c == 4 ? w[k] * (float)p[k][3] : w[k];
        for (int32_t i = 0; i < c && i < 3; i++)
            sum[i] += weight * (float)p[k][i];
        sum[3] += w[k] * (float)p[k][c - 1];
    }
    for (int32_t i = 0; i < c && i < 3; i++) {
        const float v = c != 4 ? sum[i] : (sum[3] > 0 ? sum[i] / sum[3] : 0);
        out[i] = (uint8_t)(v + 0.5f);
    }
    if (c == 4)
        out[3] = (uint8_t)(sum[3] + 0.5f);
}

static void bilinear_rows(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const pick_job *job = ctx;
    const hl_image8 *in = job->in;
    const int32_t w = in->width, h = in->height, c = in->channels;
    const int32_t begin = block * BLOCK_ROWS;
    const int32_t end =
        begin + BLOCK_ROWS < job->map->height ? begin + BLOCK_ROWS : job->map->height;
    for (int32_t y = begin; y < end; y++)
        for (int32_t x = 0; x < job->map->width; x++) {
            const size_t i = (size_t)y * (size_t)job->map->width + (size_t)x;
            const float sx = job->map->at[2 * i] - 0.5f, sy = job->map->at[2 * i + 1] - 0.5f;
            const int32_t x0 = clamp_index(sx, w), y0 = clamp_index(sy, h);
            const int32_t x1 = x0 + 1 < w ? x0 + 1 : x0, y1 = y0 + 1 < h ? y0 + 1 : y0;
            float fx = sx - (float)x0, fy = sy - (float)y0;
            fx = fx > 0 ? (fx < 1 ? fx : 1) : 0; /* NaN too */
            fy = fy > 0 ? (fy < 1 ? fy : 1) : 0;
            const uint8_t *top = in->data + (size_t)y0 * (size_t)w * (size_t)c;
            const uint8_t *low = in->data + (size_t)y1 * (size_t)w * (size_t)c;
            const uint8_t *const p[4] = {top + (size_t)x0 * (size_t)c, top + (size_t)x1 * (size_t)c,
                                         low + (size_t)x0 * (size_t)c,
                                         low + (size_t)x1 * (size_t)c};
            const float weights[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
            blend(p, weights, c, job->out->data + i * (size_t)c);
        }
}

static void nearest_rows(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const pick_job *job = ctx;
    const hl_image8 *in = job->in;
    const size_t c = (size_t)in->channels;
    const int32_t begin = block * BLOCK_ROWS;
    const int32_t end =
        begin + BLOCK_ROWS < job->map->height ? begin + BLOCK_ROWS : job->map->height;
    for (int32_t y = begin; y < end; y++)
        for (int32_t x = 0; x < job->map->width; x++) {
            const size_t i = (size_t)y * (size_t)job->map->width + (size_t)x;
            const size_t sx = (size_t)clamp_index(job->map->at[2 * i], in->width);
            const size_t sy = (size_t)clamp_index(job->map->at[2 * i + 1], in->height);
            memcpy(job->out->data + i * c, in->data + (sy * (size_t)in->width + sx) * c, c);
        }
}

static hl_status pick(hl_image8 *out, const hl_remap *map, const hl_image8 *in, hl_block_fn rows)
{
    if (in->width != map->in_width || in->height != map->in_height)
        return hl_fail(HL_E_ARG, "remap: a picture of %d x %d, expected %d x %d", in->width,
                       in->height, map->in_width, map->in_height);
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, map->width, map->height, in->channels));
    pick_job job = {map, in, &made};
    hl_parallel_for(hl_block_count(map->height, BLOCK_ROWS), rows, &job);
    *out = made;
    return HL_OK;
}

hl_status hl_remap_bilinear(hl_image8 *out, const hl_remap *map, const hl_image8 *in)
{
    return pick(out, map, in, bilinear_rows);
}

hl_status hl_remap_nearest(hl_image8 *out, const hl_remap *map, const hl_image8 *in)
{
    return pick(out, map, in, nearest_rows);
}
