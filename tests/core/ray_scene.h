/* SPDX-License-Identifier: MIT */
/* Meshes and rays that the tests of rays share. */
#ifndef HL_TESTS_CORE_RAY_SCENE_H
#define HL_TESTS_CORE_RAY_SCENE_H

#include "core/mesh.h"
#include "core/rng.h"
#include "tests/check.h"

#include <math.h>

/* A closed bumpy sphere of radius about 1: `rings` x 2 `rings` quads cut in two. */
static inline void ray_scene_sphere(hl_mesh *mesh, int rings, float bump)
{
    const int columns = 2 * rings;
    check_ok(hl_mesh_create(mesh, columns * (rings - 1) + 2, 2 * columns * (rings - 1), 0));
    const float pi = 3.14159265f;
    for (int i = 1; i < rings; i++)
        for (int j = 0; j < columns; j++) {
            const float theta = pi * (float)i / (float)rings;
            const float phi = 2 * pi * (float)j / (float)columns;
            const float r = 1 + bump * sinf(7 * theta) * cosf(5 * phi);
            float *p = mesh->positions + 3 * ((i - 1) * columns + j);
            p[0] = r * sinf(theta) * cosf(phi);
            p[1] = r * sinf(theta) * sinf(phi);
            p[2] = r * cosf(theta);
        }
    const uint32_t north = (uint32_t)(columns * (rings - 1)), south = north + 1;
    mesh->positions[3 * north + 2] = 1;
    mesh->positions[3 * south + 2] = -1;
    uint32_t *t = mesh->triangles;
    for (uint32_t j = 0; j < (uint32_t)columns; j++) {
        const uint32_t next = (j + 1) % (uint32_t)columns;
        const uint32_t last = (uint32_t)(columns * (rings - 2));
        const uint32_t caps[6] = {north, j, next, south, last + next, last + j};
        for (int k = 0; k < 6; k++)
            *t++ = caps[k];
        for (uint32_t i = 0; i + 2 < (uint32_t)rings; i++) {
            const uint32_t a = i * (uint32_t)columns + j, b = i * (uint32_t)columns + next;
            const uint32_t c = a + (uint32_t)columns, d = b + (uint32_t)columns;
            const uint32_t quad[6] = {a, c, d, a, d, b};
            for (int k = 0; k < 6; k++)
                *t++ = quad[k];
        }
    }
}

/* `count` unrelated triangles in the cube [-1, 1]^3, edges about `size` long. */
static inline void ray_scene_soup(hl_mesh *mesh, int count, float size, uint64_t seed)
{
    check_ok(hl_mesh_create(mesh, 3 * count, count, 0));
    for (int i = 0; i < count; i++) {
        hl_rng rng = hl_rng_at(seed, 0, (uint64_t)i, HL_RNG_TEST);
        float center[3];
        for (int k = 0; k < 3; k++)
            center[k] = 2 * hl_rng_uniform(&rng) - 1;
        for (int corner = 0; corner < 3; corner++) {
            mesh->triangles[3 * i + corner] = (uint32_t)(3 * i + corner);
            for (int k = 0; k < 3; k++)
                mesh->positions[9 * i + 3 * corner + k] =
                    center[k] + size * (hl_rng_uniform(&rng) - 0.5f);
        }
    }
}

/* Origin in the cube of half side `reach`, direction on the sphere, not unit; 0 < t <= 1e30. */
static inline hl_ray ray_scene_ray(uint64_t seed, uint64_t i, float reach)
{
    hl_rng rng = hl_rng_at(seed, 1, i, HL_RNG_TEST);
    hl_ray ray = {.t_min = 0, .t_max = 1e30f};
    for (int k = 0; k < 3; k++) {
        ray.origin[k] = reach * (2 * hl_rng_uniform(&rng) - 1);
        ray.direction[k] = hl_rng_normal(&rng);
    }
    return ray;
}

#endif /* HL_TESTS_CORE_RAY_SCENE_H */
