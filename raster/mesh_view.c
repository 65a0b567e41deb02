/* SPDX-License-Identifier: MIT */
#include "raster/mesh_view.h"

#include "core/parallel.h"
#include "core/se3.h"

typedef struct job {
    const hl_mesh *mesh;
    const hl_bvh *bvh;
    const hl_raster_view *view;
    const hl_mesh_view_maps *maps;
} job;

void hl_mesh_view_ray(const hl_raster_view *view, int32_t i, hl_ray *ray)
{
    const float x = (float)(i % view->width) + 0.5f, y = (float)(i / view->width) + 0.5f;
    const float in_camera[3] = {(x - view->cx) / view->fx, (y - view->cy) / view->fy, 1};
    float inverse[9];
    hl_se3_inverse(view->r, view->t, inverse, ray->origin);
    hl_mul3(inverse, in_camera, ray->direction);
    ray->t_min = 0;
    ray->t_max = 1e30f;
}

void hl_mesh_view_normal(const hl_mesh *mesh, const hl_hit *hit, float n[3])
{
    const uint32_t *t = mesh->triangles + 3 * (size_t)hit->triangle;
    const float w[3] = {1 - hit->u - hit->v, hit->u, hit->v};
    for (int k = 0; k < 3; k++) {
        n[k] = 0;
        for (int corner = 0; corner < 3; corner++)
            n[k] += w[corner] * mesh->normals[3 * (size_t)t[corner] + (size_t)k];
    }
    hl_normalize3(n, n);
}

void hl_mesh_view_face(float n[3], const float o[3])
{
    const float least = 0.02f, facing = hl_dot3(n, o);
    for (int k = 0; k < 3 && facing < least; k++)
        n[k] += (least - facing) * o[k];
    hl_normalize3(n, n);
}

/* The vertex normals at the hit, against the ray. */
static void normal_at(const job *j, const hl_ray *ray, const hl_hit *hit, float n[3])
{
    hl_mesh_view_normal(j->mesh, hit, n);
    if (hl_dot3(n, ray->direction) > 0)
        for (int k = 0; k < 3; k++)
            n[k] = -n[k];
}

static void draw_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const job *j = ctx;
    const hl_mesh_view_maps *m = j->maps;
    const size_t pixels = (size_t)j->view->width * (size_t)j->view->height;
    for (int32_t x = 0; x < j->view->width; x++) {
        const int32_t i = y * j->view->width + x;
        const size_t at = (size_t)i;
        hl_ray ray;
        hl_hit hit;
        float n[3] = {0, 0, 0};
        hl_mesh_view_ray(j->view, i, &ray);
        const bool found = hl_bvh_closest(j->bvh, &ray, &hit);
        if (m->depth)
            m->depth[at] = found ? hit.t : 0;
        if (m->normal && found)
            normal_at(j, &ray, &hit, n);
        for (int k = 0; k < 3 && m->normal; k++)
            m->normal[3 * at + (size_t)k] = n[k];
        if (m->window) {
            m->window[at] = found ? hit.t - m->reach : 0;
            m->window[pixels + at] = found ? hit.t + m->reach : 1e30f;
        }
    }
}

void hl_mesh_view_draw(const hl_mesh *mesh, const hl_bvh *bvh, const hl_raster_view *view,
                       const hl_mesh_view_maps *maps)
{
    job j = {mesh, bvh, view, maps};
    hl_parallel_for(view->height, draw_row, &j);
}
