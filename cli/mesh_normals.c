/* SPDX-License-Identifier: MIT */
/* Primary rays of every view that has a map of normals, against the mesh. */
#include "cli/mesh_check.h"
#include "core/bvh.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/vec.h"

#include <math.h>

enum { ROWS = 16 };

static const double DEGREES = 57.295779513;

typedef struct angles {
    const hl_bvh *bvh;
    const hl_mesh *mesh;
    const hl_raster_view *view; /* of the size of the map */
    const hl_image *truth;
    float scale, shift; /* from the map's numbers to -1..1 */
    double *sum;        /* (blocks) degrees                */
    double *count;      /* (blocks)                        */
} angles;

/* Normal of the mesh where the pixel's ray meets it. */
static bool normal_of_mesh(const angles *a, int32_t x, int32_t y, float n[3])
{
    const hl_raster_view *v = a->view;
    const float c[3] = {((float)x + 0.5f - v->cx) / v->fx, ((float)y + 0.5f - v->cy) / v->fy, 1};
    const float back[3] = {-v->t[0], -v->t[1], -v->t[2]};
    hl_ray ray = {.t_min = 0, .t_max = INFINITY};
    hl_hit hit;
    hl_mul3_t(v->r, back, ray.origin);
    hl_mul3_t(v->r, c, ray.direction);
    if (!hl_bvh_closest(a->bvh, &ray, &hit))
        return false;
    const uint32_t *t = a->mesh->triangles + 3 * (size_t)hit.triangle;
    const float share[3] = {1 - hit.u - hit.v, hit.u, hit.v};
    for (int k = 0; k < 3; k++) {
        n[k] = 0;
        for (int corner = 0; corner < 3; corner++)
            n[k] += share[corner] * a->mesh->normals[3 * (size_t)t[corner] + (size_t)k];
    }
    return true;
}

static void rows_block(void *ctx, int32_t block, int32_t thread)
{
    const angles *a = ctx;
    const int32_t width = a->view->width, height = a->view->height;
    const int32_t end = (block + 1) * ROWS < height ? (block + 1) * ROWS : height;
    (void)thread;
    for (int32_t y = block * ROWS; y < end; y++)
        for (int32_t x = 0; x < width; x++) {
            const float *raw = a->truth->data + 3 * ((size_t)y * (size_t)width + (size_t)x);
            const float t[3] = {a->scale * raw[0] + a->shift, a->scale * raw[1] + a->shift,
                                a->scale * raw[2] + a->shift};
            float n[3];
            if (!(hl_length3(t) > 0.5f) || !normal_of_mesh(a, x, y, n))
                continue;
            const float lengths = hl_length3(t) * hl_length3(n);
            const float dot = lengths > 0 ? hl_clamp(hl_dot3(t, n) / lengths, -1.0f, 1.0f) : 0;
            a->sum[block] += acos((double)dot) * DEGREES;
            a->count[block] += 1;
        }
}

/* Adds one view's angles to sum[0] and their number to sum[1]. */
static hl_status add_view(const hl_scene *scene, int32_t index, const hl_bvh *bvh,
                          const hl_mesh *mesh, double sum[2])
{
    const char *path = scene->views.views[index].normal_path;
    hl_raster_view view;
    hl_image truth;
    HL_TRY(hl_scene_view(scene, index, &view));
    HL_TRY(hl_image_load(&truth, path));
    if (truth.channels != 3) {
        const int32_t channels = truth.channels;
        hl_image_release(&truth);
        return hl_fail(HL_E_FORMAT, "%s: %d channels, expected the 3 of a normal", path, channels);
    }
    hl_scene_view_resize(&view, truth.width, truth.height);
    const bool coded = !hl_path_has_extension(path, "exr");
    const int32_t blocks = hl_block_count(view.height, ROWS);
    double *numbers = hl_alloc(2 * (size_t)blocks, sizeof *numbers);
    angles a = {.bvh = bvh,
                .mesh = mesh,
                .view = &view,
                .truth = &truth,
                .scale = coded ? 2 : 1,
                .shift = coded ? -1 : 0,
                .sum = numbers,
                .count = numbers ? numbers + blocks : NULL};
    if (numbers) {
        hl_parallel_for(blocks, rows_block, &a);
        sum[0] += hl_ordered_sum(a.sum, blocks);
        sum[1] += hl_ordered_sum(a.count, blocks);
    }
    hl_free(numbers);
    hl_image_release(&truth);
    return numbers ? HL_OK : HL_E_MEMORY;
}

hl_status hl_mesh_check_normals(double *degrees, const hl_scene *scene, const hl_mesh *mesh)
{
    hl_bvh bvh;
    double sum[2] = {0, 0};
    hl_status s = HL_OK;
    HL_TRY(hl_bvh_create(&bvh, mesh));
    for (int32_t i = 0; s == HL_OK && i < scene->views.view_count; i++)
        if (scene->views.views[i].normal_path)
            s = add_view(scene, i, &bvh, mesh, sum);
    hl_bvh_release(&bvh);
    if (s == HL_OK)
        *degrees = sum[1] > 0 ? sum[0] / sum[1] : nan("");
    return s;
}
