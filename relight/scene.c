/* SPDX-License-Identifier: MIT */
#include "relight/scene.h"

/* Mix of the three corners' values; `absent` where the mesh has none. */
static float mix(const float *values, int components, int c, const uint32_t v[3], const float w[3],
                 float absent)
{
    if (!values)
        return absent;
    float sum = 0;
    for (int k = 0; k < 3; k++)
        sum += w[k] * values[(size_t)v[k] * (size_t)components + (size_t)c];
    return sum;
}

int hl_scene_surface(const hl_light_scene *scene, const hl_ray *ray, const hl_hit *hit,
                     hl_surface *surface, float position[3])
{
    const hl_mesh *m = scene->mesh;
    const uint32_t *v = m->triangles + 3 * (size_t)hit->triangle;
    const float w[3] = {1 - hit->u - hit->v, hit->u, hit->v};
    float edge[2][3], face[3], n[3];
    for (int k = 0; k < 3; k++) {
        const float a = m->positions[3 * (size_t)v[0] + (size_t)k];
        edge[0][k] = m->positions[3 * (size_t)v[1] + (size_t)k] - a;
        edge[1][k] = m->positions[3 * (size_t)v[2] + (size_t)k] - a;
        position[k] = a + hit->u * edge[0][k] + hit->v * edge[1][k];
        n[k] = mix(m->normals, 3, k, v, w, 0);
        surface->albedo[k] = mix(m->albedo, 3, k, v, w, HL_MATERIAL_ALBEDO);
    }
    surface->roughness = mix(m->roughness, 1, 0, v, w, HL_MATERIAL_ROUGHNESS);
    surface->metal = mix(m->metal, 1, 0, v, w, HL_MATERIAL_METAL);
    hl_cross3(edge[0], edge[1], face);
    const int front = hl_dot3(face, ray->direction) < 0;
    const float *chosen = hl_dot3(n, n) > 0.01f ? n : face;
    hl_normalize3(chosen, surface->normal);
    if (!front)
        for (int k = 0; k < 3; k++)
            surface->normal[k] = -surface->normal[k];
    return front;
}
