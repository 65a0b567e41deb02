/* SPDX-License-Identifier: MIT */
/* Lines over the picture: ground, cameras, box, lamps, camera path, what the tool does; and what
 * lies under the mouse. */
#include "viewer/ui.h"
#include "viewer/viewer_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GRID_HALF = 10, PATH_STEPS = 200, CAMERAS_MAX = 400, HOVER_SPLATS_MAX = 2000000 };

#define GRAY   0x60FFFFFFu
#define YELLOW 0xFF40C8FFu
#define GREEN  0xFF60D060u
#define BLUE   0xC0FF9040u
#define NEAR   1e-3

/* Both ends in camera axes, cut at the eye. */
static void line_in_camera(const hl_raster_view *v, const double a[3], const double b[3],
                           uint32_t rgba, float thickness)
{
    double ends[2][3];
    float pixels[2][2];
    if (a[2] < NEAR && b[2] < NEAR)
        return;
    for (int k = 0; k < 3; k++) {
        const double t = (NEAR - a[2]) / (b[2] - a[2]), cut = a[k] + t * (b[k] - a[k]);
        ends[0][k] = a[2] < NEAR ? cut : a[k];
        ends[1][k] = b[2] < NEAR ? cut : b[k];
    }
    for (int i = 0; i < 2; i++) {
        pixels[i][0] = (float)((double)v->fx * ends[i][0] / ends[i][2] + (double)v->cx);
        pixels[i][1] = (float)((double)v->fy * ends[i][1] / ends[i][2] + (double)v->cy);
        if (!(fabsf(pixels[i][0]) < 1e5f && fabsf(pixels[i][1]) < 1e5f))
            return;
    }
    hl_ui_line(pixels[0], pixels[1], rgba, thickness);
}

static void to_camera(const hl_raster_view *v, const double x[3], double out[3])
{
    for (int r = 0; r < 3; r++) {
        out[r] = (double)v->t[r];
        for (int k = 0; k < 3; k++)
            out[r] += (double)v->r[3 * r + k] * x[k];
    }
}

static void line(const hl_raster_view *v, const double a[3], const double b[3], uint32_t rgba,
                 float thickness)
{
    double from[3], to[3];
    to_camera(v, a, from);
    to_camera(v, b, to);
    line_in_camera(v, from, to, rgba, thickness);
}

static void draw_box(const hl_raster_view *view, const double box[6])
{
    for (int axis = 0; axis < 3; axis++)
        for (int corner = 0; corner < 4; corner++) {
            double a[3], b[3];
            const int u = (axis + 1) % 3, w = (axis + 2) % 3;
            a[axis] = box[axis];
            b[axis] = box[3 + axis];
            a[u] = b[u] = box[u + 3 * (corner & 1)];
            a[w] = b[w] = box[w + 3 * (corner >> 1)];
            line(view, a, b, YELLOW, 1.5f);
        }
}

/* Lines of the floor of the scene's box, across its up axis. */
static void draw_grid(const hl_viewer *v, const hl_raster_view *view)
{
    double middle[3], side[2][3], size = 0, low = 0;
    for (int k = 0; k < 3; k++) {
        middle[k] = 0.5 * (v->scene.low[k] + v->scene.high[k]);
        size = fmax(size, v->scene.high[k] - v->scene.low[k]);
        low += 0.5 * fabs(v->orbit.up[k]) * (v->scene.high[k] - v->scene.low[k]);
    }
    const double step = pow(10, floor(log10(size > 0 ? size : 1))) / 2, *up = v->orbit.up;
    const double seed[3] = {fabs(up[0]) < 0.9, fabs(up[0]) >= 0.9, 0};
    const double along = seed[0] * up[0] + seed[1] * up[1];
    double length = 0;
    for (int k = 0; k < 3; k++) {
        middle[k] -= low * up[k];
        side[0][k] = seed[k] - along * up[k];
        length += side[0][k] * side[0][k];
    }
    for (int k = 0; k < 3; k++)
        side[0][k] *= step / sqrt(length);
    for (int k = 0; k < 3; k++)
        side[1][k] =
            up[(k + 1) % 3] * side[0][(k + 2) % 3] - up[(k + 2) % 3] * side[0][(k + 1) % 3];
    for (int i = -GRID_HALF; i <= GRID_HALF; i++)
        for (int s = 0; s < 2; s++) {
            double a[3], b[3];
            for (int k = 0; k < 3; k++) {
                a[k] = middle[k] + i * side[s][k] - GRID_HALF * side[1 - s][k];
                b[k] = middle[k] + i * side[s][k] + GRID_HALF * side[1 - s][k];
            }
            line(view, a, b, GRAY, i == 0 ? 2.0f : 1.0f);
        }
}

static void eye_and_axes(const hl_pose *pose, double eye[3], double r[9])
{
    const double w = pose->q[0], x = pose->q[1], y = pose->q[2], z = pose->q[3];
    const double rows[9] = {
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
        2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
    memcpy(r, rows, sizeof rows);
    for (int k = 0; k < 3; k++)
        eye[k] = -(r[k] * pose->t[0] + r[3 + k] * pose->t[1] + r[6 + k] * pose->t[2]);
}

/* A camera as a pyramid. */
static void draw_camera(const hl_raster_view *view, const hl_pose *pose, double fov_y, double size,
                        uint32_t rgba)
{
    double eye[3], r[9], corner[4][3];
    eye_and_axes(pose, eye, r);
    const double h = size * tan(0.5 * fov_y), w = 1.4 * h;
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            corner[i][k] = eye[k] + (i == 1 || i == 2 ? w : -w) * r[k] +
                           (i < 2 ? -h : h) * r[3 + k] + size * r[6 + k];
    for (int i = 0; i < 4; i++) {
        line(view, eye, corner[i], rgba, 1);
        line(view, corner[i], corner[(i + 1) % 4], rgba, 1);
    }
}

static void draw_cameras(const hl_viewer *v, const hl_raster_view *view)
{
    const int32_t n = v->scene.camera_count < CAMERAS_MAX ? v->scene.camera_count : CAMERAS_MAX;
    for (int32_t i = 0; i < n; i++)
        if (i != v->camera)
            draw_camera(view, &v->scene.cameras[i].pose, v->scene.cameras[i].fov_y,
                        0.05 * v->orbit.distance, BLUE);
}

static void draw_path(const hl_viewer *v, const hl_raster_view *view)
{
    const hl_edit_state *s = v->edits.now;
    const double end = hl_camera_keys_seconds(s->keys, s->key_count);
    double before[3], r[9], fov;
    for (int i = 0; s->key_count > 1 && i <= PATH_STEPS; i++) {
        hl_pose pose;
        double eye[3];
        hl_camera_keys_at(s->keys, s->key_count, end * i / PATH_STEPS, &pose, &fov);
        eye_and_axes(&pose, eye, r);
        if (i)
            line(view, before, eye, GREEN, 1.5f);
        memcpy(before, eye, sizeof eye);
    }
    for (int32_t i = 0; i < s->key_count; i++)
        draw_camera(view, &s->keys[i].pose, s->keys[i].fov_y, 0.025 * v->orbit.distance, GREEN);
}

static void draw_lamps(const hl_viewer *v, const hl_raster_view *view)
{
    for (int32_t i = 0; i < v->edits.now->light_count; i++) {
        const hl_light *l = &v->edits.now->lights[i];
        double x[3];
        char name[16];
        const double at[3] = {(double)l->at[0], (double)l->at[1], (double)l->at[2]};
        to_camera(view, at, x);
        if (l->kind != HL_LIGHT_POINT || x[2] < NEAR)
            continue;
        const float pixel[2] = {(float)((double)view->fx * x[0] / x[2] + (double)view->cx),
                                (float)((double)view->fy * x[1] / x[2] + (double)view->cy)};
        const float beside[2] = {pixel[0] + 8, pixel[1] - 7};
        snprintf(name, sizeof name, "%d", i);
        hl_ui_ring(pixel, 6 * v->scale, YELLOW, 2);
        hl_ui_mark(name, beside, YELLOW);
    }
}

static void draw_tool(const hl_viewer *v, const hl_window_input *in)
{
    const float at[2] = {(float)in->x, (float)in->y};
    if (v->tool == HL_TOOL_BRUSH && v->hovered)
        hl_ui_ring(at, (float)v->brush, YELLOW, 1.5f);
    if (v->tool == HL_TOOL_BOX && v->pressed) {
        const float x[2] = {(float)v->press_x, at[0]}, y[2] = {(float)v->press_y, at[1]};
        for (int i = 0; i < 2; i++) {
            hl_ui_line((const float[]){x[0], y[i]}, (const float[]){x[1], y[i]}, YELLOW, 1.5f);
            hl_ui_line((const float[]){x[i], y[0]}, (const float[]){x[i], y[1]}, YELLOW, 1.5f);
        }
    }
    if (v->compare.wipe > 0 && v->compare.wipe < 1 && v->camera >= 0) {
        const float x = (float)(v->compare.wipe * v->width);
        hl_ui_line((const float[]){x, 0}, (const float[]){x, (float)v->height}, 0xC0FFFFFFu, 2);
    }
}

/* The picture on the screen, for its colours. */
static bool read_shown(hl_viewer *v)
{
    if (v->shown_frame == v->report.frames && v->shown.data)
        return true;
    hl_image8_release(&v->shown);
    if (hl_viewer_picture(v, &v->shown) != HL_OK)
        return false;
    v->shown_frame = v->report.frames;
    return true;
}

static bool inside(const hl_viewer *v, const hl_window_input *in)
{
    return in->x >= 0 && in->y >= 0 && in->x < v->width && in->y < v->height;
}

/* What lies under the mouse, while nothing moves. */
static void hover(hl_viewer *v, const hl_window_input *in)
{
    hl_raster_view view;
    const int32_t x = (int32_t)in->x, y = (int32_t)in->y;
    const bool over = inside(v, in) && !hl_ui_wants_mouse() && v->report.frames > 0;
    const bool busy = v->dirty || in->button[0] || in->button[1] || v->playing;
    const bool same =
        v->hovered && x == v->hover_x && y == v->hover_y && v->shown_frame == v->report.frames;
    if (!over) {
        v->hovered = false;
        return;
    }
    if (busy || same || v->drawn.count > HOVER_SPLATS_MAX || !read_shown(v))
        return;
    if (x >= v->shown.width || y >= v->shown.height ||
        hl_orbit_view(&v->orbit, v->width, v->height, &view) != HL_OK ||
        hl_pick_at(&v->drawn, &view, v->look.antialiased, x + 0.5, y + 0.5, &v->hover) != HL_OK)
        return;
    memcpy(v->hover_rgb, v->shown.data + 3 * ((size_t)y * (size_t)v->shown.width + (size_t)x), 3);
    v->hover_x = x;
    v->hover_y = y;
    v->hovered = true;
}

void hl_viewer_overlay(hl_viewer *viewer, const hl_window_input *input)
{
    hl_viewer *v = viewer;
    hl_raster_view view;
    hover(v, input);
    if (hl_orbit_view(&v->orbit, v->width, v->height, &view) != HL_OK)
        return;
    if (v->grid) {
        draw_grid(v, &view);
        draw_cameras(v, &view);
    }
    if (v->panels && !v->playing) {
        draw_path(v, &view);
        draw_lamps(v, &view);
    }
    if (v->crop_shown)
        draw_box(&view, v->crop);
    draw_tool(v, input);
}
