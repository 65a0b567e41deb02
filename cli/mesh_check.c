/* SPDX-License-Identifier: MIT */
#include "cli/mesh_check.h"

#include "core/file.h"
#include "core/image.h"
#include "core/memory.h"
#include "core/mesh_distance.h"
#include "core/vec.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 200000, CELLS = 512, POINTS_MAX = 20000000 };

#define STRAY      0.03f /* x size                                              */
#define FAR_SHARE  0.1f  /* x size: distances are cut there                     */
#define BEHIND     0.01f /* x size: a sample that far behind what is seen hides */
#define PNG_16_MAX 65535.0

typedef struct truth_map {
    hl_image depth; /* (h, w, 1) scene units, 0: none */
    hl_raster_view view;
} truth_map;

typedef struct truth {
    int32_t count;
    truth_map *map; /* (count) */
    int32_t points;
    float *point; /* (points, 3) */
} truth;

static void truth_release(truth *t)
{
    for (int32_t i = 0; i < t->count; i++)
        hl_image_release(&t->map[i].depth);
    hl_free(t->map);
    hl_free(t->point);
}

/* The depth map of view `index` and a camera of its size. */
static hl_status load_map(const hl_scene *scene, int32_t index, truth_map *map)
{
    const hl_view *v = &scene->views.views[index];
    HL_TRY(hl_scene_view(scene, index, &map->view));
    HL_TRY(hl_image_load(&map->depth, v->depth_path));
    const double scale =
        v->depth_scale * (hl_path_has_extension(v->depth_path, "png") ? PNG_16_MAX : 1);
    hl_scene_view_resize(&map->view, map->depth.width, map->depth.height);
    const size_t n = (size_t)map->depth.width * (size_t)map->depth.height;
    const size_t channels = (size_t)map->depth.channels;
    for (size_t i = 0; i < n; i++) { /* one channel, in place */
        const float z = map->depth.data[i * channels] * (float)scale;
        map->depth.data[i] = z > 0 && z < 1e6f ? z : 0;
    }
    return HL_OK;
}

static hl_status load_maps(const hl_scene *scene, truth *t, int64_t *pixels)
{
    t->map = hl_alloc((size_t)scene->views.view_count + 1, sizeof *t->map);
    if (!t->map)
        return HL_E_MEMORY;
    *pixels = 0;
    for (int32_t i = 0; i < scene->views.view_count; i++) {
        if (!scene->views.views[i].depth_path)
            continue;
        truth_map *map = &t->map[t->count];
        HL_TRY(load_map(scene, i, map));
        t->count++;
        *pixels += (int64_t)map->depth.width * map->depth.height;
    }
    if (!t->count)
        return hl_fail(HL_E_FORMAT, "%s: the capture has no depth maps to check against",
                       scene->data);
    return HL_OK;
}

static void pixel_point(const truth_map *m, int32_t x, int32_t y, float z, float out[3])
{
    const float c[3] = {((float)x + 0.5f - m->view.cx) / m->view.fx * z - m->view.t[0],
                        ((float)y + 0.5f - m->view.cy) / m->view.fy * z - m->view.t[1],
                        z - m->view.t[2]};
    hl_mul3_t(m->view.r, c, out);
}

/* Points of all maps, every `step`-th pixel of each row and column. */
static hl_status gather_points(truth *t, int64_t pixels)
{
    int32_t step = 1;
    while (pixels / ((int64_t)step * step) > POINTS_MAX)
        step++;
    t->point = hl_alloc((size_t)(pixels / step / step + t->count * 65536), 3 * sizeof(float));
    if (!t->point)
        return HL_E_MEMORY;
    for (int32_t k = 0; k < t->count; k++) {
        const truth_map *m = &t->map[k];
        for (int32_t y = 0; y < m->view.height; y += step)
            for (int32_t x = 0; x < m->view.width; x += step) {
                const float z = m->depth.data[(size_t)y * (size_t)m->view.width + (size_t)x];
                if (z > 0)
                    pixel_point(m, x, y, z, t->point + 3 * (size_t)t->points++);
            }
    }
    return t->points ? HL_OK : hl_fail(HL_E_FORMAT, "the depth maps of the capture are empty");
}

/* Whether every view that has the point in its picture sees something before it. */
static bool is_hidden(const truth *t, const float x[3], float slack)
{
    for (int32_t k = 0; k < t->count; k++) {
        const truth_map *m = &t->map[k];
        float c[3];
        hl_mul3(m->view.r, x, c);
        const float z = c[2] + m->view.t[2];
        const float px = m->view.fx * (c[0] + m->view.t[0]) / z + m->view.cx;
        const float py = m->view.fy * (c[1] + m->view.t[1]) / z + m->view.cy;
        if (!(z > 0 && px >= 0 && py >= 0 && px < (float)m->view.width &&
              py < (float)m->view.height))
            continue;
        const float d = m->depth.data[(size_t)py * (size_t)m->view.width + (size_t)px];
        if (!(d > 0) || z < d + slack)
            return false;
    }
    return true;
}

static double mean_of(const float *d, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += (double)d[i];
    return n ? sum / n : 0;
}

static hl_status compare(mesh_check *c, const truth *t, const hl_mesh *mesh)
{
    float *sample = hl_alloc(SAMPLES, 3 * sizeof *sample);
    const int32_t most = t->points > SAMPLES ? t->points : SAMPLES;
    float *d = hl_alloc((size_t)most, sizeof *d);
    const float limit = FAR_SHARE * (float)c->size;
    hl_status s = sample && d ? hl_mesh_sample(mesh, SAMPLES, 1, sample) : HL_E_MEMORY;
    if (s == HL_OK)
        s = hl_points_nearest(t->point, t->points, sample, SAMPLES, limit, d);
    if (s == HL_OK) {
        c->truth = t->points;
        c->truth_to_mesh = mean_of(d, t->points);
        for (int32_t i = 0; i < SAMPLES; i++)
            if (!is_hidden(t, sample + 3 * (size_t)i, BEHIND * (float)c->size))
                memmove(sample + 3 * (size_t)c->samples++, sample + 3 * (size_t)i,
                        3 * sizeof *sample);
        s = hl_points_nearest(sample, c->samples, t->point, t->points, limit, d);
    }
    if (s == HL_OK) {
        int32_t stray = 0;
        c->mesh_to_truth = mean_of(d, c->samples);
        for (int32_t i = 0; i < c->samples; i++)
            stray += d[i] > STRAY * (float)c->size;
        c->stray = c->samples ? (double)stray / c->samples : 0;
    }
    hl_free(sample);
    hl_free(d);
    return s;
}

static double size_of(const truth *t)
{
    float lo[3] = {INFINITY, INFINITY, INFINITY}, hi[3] = {-INFINITY, -INFINITY, -INFINITY};
    float side = 0;
    for (int32_t i = 0; i < t->points; i++)
        for (int c = 0; c < 3; c++) {
            lo[c] = fminf(lo[c], t->point[3 * (size_t)i + (size_t)c]);
            hi[c] = fmaxf(hi[c], t->point[3 * (size_t)i + (size_t)c]);
        }
    for (int c = 0; c < 3; c++)
        side = fmaxf(side, hi[c] - lo[c]);
    return (double)side;
}

hl_status hl_mesh_check(mesh_check *check, const hl_scene *scene, const hl_mesh *mesh)
{
    truth t = {.count = 0};
    mesh_check c = {.size = 0};
    int64_t pixels;
    hl_status s = load_maps(scene, &t, &pixels);
    if (s == HL_OK)
        s = gather_points(&t, pixels);
    if (s == HL_OK) {
        c.size = size_of(&t);
        t.points = hl_points_thin(t.point, t.points, (float)c.size / CELLS);
        s = t.points > 0 ? compare(&c, &t, mesh) : HL_E_MEMORY;
    }
    truth_release(&t);
    if (s == HL_OK)
        *check = c;
    return s;
}
