/* SPDX-License-Identifier: MIT */
/* Two pictures of a reconstruction: who matches whom, and the model from above. */
#include "cli/sfm_output.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, TOP_SIDE = 900, MARGIN = 40, MATRIX_SIDE = 900 };

static void dot(hl_image8 *image, int32_t x, int32_t y, int32_t radius, const uint8_t rgb[3])
{
    for (int32_t j = y - radius; j <= y + radius; j++)
        for (int32_t i = x - radius; i <= x + radius; i++)
            if (i >= 0 && j >= 0 && i < image->width && j < image->height)
                memcpy(image->data + 3 * ((size_t)j * (size_t)image->width + (size_t)i), rgb, 3);
}

static void line(hl_image8 *image, const double a[2], const double b[2], const uint8_t rgb[3])
{
    const double length = fmax(fabs(b[0] - a[0]), fabs(b[1] - a[1]));
    const int32_t steps = length < 4000 ? (int32_t)length + 1 : 4000;
    for (int32_t k = 0; k <= steps; k++)
        dot(image, (int32_t)(a[0] + (b[0] - a[0]) * k / steps),
            (int32_t)(a[1] + (b[1] - a[1]) * k / steps), 0, rgb);
}

/* Row and column: photos; colour: inliers, on a logarithmic scale. */
static hl_status save_matrix(const sfm_output *o, const char *path)
{
    const int32_t n = o->result->image_count;
    const int32_t cell = n < MATRIX_SIDE ? MATRIX_SIDE / n : 1;
    hl_image8 image;
    HL_TRY(hl_image8_create(&image, n * cell, n * cell, 3));
    for (int32_t p = 0; p < o->result->pair_count; p++) {
        const hl_sfm_pair *pair = &o->result->pairs[p];
        uint8_t rgb[3];
        if (pair->inliers == 0)
            continue;
        hl_sheet_color((float)fmin(1, log((double)pair->inliers) / log(5000.0)), rgb);
        for (int32_t y = 0; y < cell - (cell > 2); y++)
            for (int32_t x = 0; x < cell - (cell > 2); x++) {
                dot(&image, pair->image_a * cell + x, pair->image_b * cell + y, 0, rgb);
                dot(&image, pair->image_b * cell + x, pair->image_a * cell + y, 0, rgb);
            }
    }
    for (int32_t i = 0; i < n; i++) { /* the diagonal: green registered, red not */
        const bool in = o->result->mapping.fates[i].reason == HL_MAP_REGISTERED;
        const uint8_t rgb[3] = {in ? 40 : 220, in ? 180 : 40, 60};
        dot(&image, i * cell + cell / 2, i * cell + cell / 2, cell / 4, rgb);
    }
    const hl_status status = hl_image8_save(&image, path);
    hl_image8_release(&image);
    return status;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The plane that the camera centres lie in best is "above": its normal is the mean of the photos'
 * downward axes. */
typedef struct top_view {
    double axis[2][3]; /* of the picture, in the world */
    double low[2], scale;
} top_view;

static void rows_of(const hl_pose *pose, double r[9], double center[3])
{
    const double w = pose->q[0], x = pose->q[1], y = pose->q[2], z = pose->q[3];
    const double m[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                         2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                         2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
    memcpy(r, m, sizeof m);
    for (int i = 0; i < 3; i++)
        center[i] = -(r[i] * pose->t[0] + r[3 + i] * pose->t[1] + r[6 + i] * pose->t[2]);
}

static void unit(double v[3])
{
    const double n = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    for (int k = 0; k < 3; k++)
        v[k] = n > 0 ? v[k] / n : k == 1;
}

static void top_axes(const hl_map_model *m, int32_t images, top_view *top)
{
    double down[3] = {0}, right[3] = {0}, r[9], c[3];
    for (int32_t i = 0; i < images; i++)
        if (m->has_pose[i]) {
            rows_of(&m->poses[i], r, c);
            for (int k = 0; k < 3; k++) {
                down[k] += r[3 + k];
                right[k] += right[0] == 0 && right[1] == 0 && right[2] == 0 ? r[k] : 0;
            }
        }
    unit(down);
    const double along = right[0] * down[0] + right[1] * down[1] + right[2] * down[2];
    for (int k = 0; k < 3; k++)
        top->axis[0][k] = right[k] - along * down[k];
    unit(top->axis[0]);
    for (int k = 0; k < 3; k++)
        top->axis[1][k] = down[(k + 1) % 3] * top->axis[0][(k + 2) % 3] -
                          down[(k + 2) % 3] * top->axis[0][(k + 1) % 3];
}

static double flat(const top_view *top, int axis, const double x[3])
{
    return top->axis[axis][0] * x[0] + top->axis[axis][1] * x[1] + top->axis[axis][2] * x[2];
}

static void place(const top_view *top, const double x[3], double px[2])
{
    for (int k = 0; k < 2; k++)
        px[k] = MARGIN + (flat(top, k, x) - top->low[k]) * top->scale;
}

/* Range of sorted values without what lies far out: within the middle 96 %, at most 1.5 times the
 * middle half beyond it on either side (Tukey 1977).  A few far points must not set the frame. */
static void core_range(const double *values, int32_t n, double range[2])
{
    const double low = values[n / 4], high = values[n - 1 - n / 4], fence = 1.5 * (high - low);
    range[0] = fmax(values[n / 50], low - fence);
    range[1] = fmin(values[n - 1 - n / 50], high + fence);
}

/* Frame: all cameras and the core of the points, in the middle of the picture. */
static hl_status fit(const hl_map_model *m, int32_t images, top_view *top)
{
    double size = 0, middle[2], r[9], c[3];
    double *values = hl_alloc((size_t)m->point_count, sizeof *values);
    if (!values)
        return HL_E_MEMORY;
    for (int k = 0; k < 2; k++) {
        double range[2];
        for (int32_t p = 0; p < m->point_count; p++)
            values[p] = flat(top, k, m->points + 3 * (size_t)p);
        qsort(values, (size_t)m->point_count, sizeof *values, compare);
        core_range(values, m->point_count, range);
        for (int32_t i = 0; i < images; i++)
            if (m->has_pose[i]) {
                rows_of(&m->poses[i], r, c);
                range[0] = fmin(range[0], flat(top, k, c));
                range[1] = fmax(range[1], flat(top, k, c));
            }
        middle[k] = 0.5 * (range[0] + range[1]);
        size = fmax(size, range[1] - range[0]);
    }
    size = size > 0 ? size : 1;
    top->scale = (TOP_SIDE - 2 * MARGIN) / size;
    for (int k = 0; k < 2; k++)
        top->low[k] = middle[k] - 0.5 * size;
    hl_free(values);
    return HL_OK;
}

static void write_legend(hl_image8 *image, const sfm_output *o)
{
    static const uint8_t white[3] = {220, 220, 220};
    const hl_map_model *m = &o->result->mapping.models[0];
    char text[96];
    int32_t photos = 0;
    for (int32_t i = 0; i < o->result->image_count; i++)
        photos += m->has_pose[i];
    snprintf(text, sizeof text, "from above: %d of %d photos, %d points", photos,
             o->result->image_count, m->point_count);
    hl_sheet_text(image, 12, 12, 2, white, text);
    hl_sheet_text(image, 12, TOP_SIDE - 26, 2, white, "red: cameras, yellow: where they look");
}

static hl_status save_top(const sfm_output *o, const char *path)
{
    const hl_map_model *m = &o->result->mapping.models[0];
    top_view top = {0};
    hl_image8 image;
    if (m->point_count == 0)
        return HL_OK;
    top_axes(m, o->result->image_count, &top);
    HL_TRY(fit(m, o->result->image_count, &top));
    HL_TRY(hl_image8_create(&image, TOP_SIDE, TOP_SIDE, 3));
    memset(image.data, 24, 3 * (size_t)TOP_SIDE * TOP_SIDE);
    double px[2];
    for (int32_t p = 0; p < m->point_count; p++) {
        place(&top, m->points + 3 * (size_t)p, px);
        if (fabs(px[0]) < 1e6 && fabs(px[1]) < 1e6)
            dot(&image, (int32_t)px[0], (int32_t)px[1], 0, o->result->colors[0] + 3 * (size_t)p);
    }
    for (int32_t i = 0; i < o->result->image_count; i++) {
        static const uint8_t red[3] = {240, 70, 50}, yellow[3] = {250, 210, 70};
        double r[9], c[3], ahead[3], tip[2];
        if (!m->has_pose[i])
            continue;
        rows_of(&m->poses[i], r, c);
        place(&top, c, px);
        for (int k = 0; k < 3; k++)
            ahead[k] = c[k] + r[6 + k] * 24 / top.scale;
        place(&top, ahead, tip);
        line(&image, px, tip, yellow);
        dot(&image, (int32_t)px[0], (int32_t)px[1], 3, red);
    }
    write_legend(&image, o);
    const hl_status status = hl_image8_save(&image, path);
    hl_image8_release(&image);
    return status;
}

hl_status hl_sfm_output_pictures(const sfm_output *o)
{
    char path[PATH_BYTES];
    HL_TRY(hl_path_join(path, sizeof path, o->folder, "matches.png"));
    HL_TRY(save_matrix(o, path));
    if (o->result->mapping.model_count == 0)
        return HL_OK;
    HL_TRY(hl_path_join(path, sizeof path, o->folder, "top.png"));
    return save_top(o, path);
}
