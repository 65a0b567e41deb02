/* SPDX-License-Identifier: MIT */
/* Indirect light through relight/irradiance.h, with the materials of the splats at the vertices. */
#include "core/memory.h"
#include "relight/fit/state.h"

#include <string.h>

enum { RAYS = 64, BOUNCES = 4 };

hl_status hl_fit_bounces_room(const hl_fit *fit, hl_fit_bounces *b)
{
    const size_t n = (size_t)fit->scene.mesh->vertex_count;
    hl_fit_bounces_release(b);
    b->mesh = *fit->scene.mesh;
    b->mesh.albedo = hl_alloc(n, 3 * sizeof *b->mesh.albedo);
    b->mesh.metal = hl_alloc(n, sizeof *b->mesh.metal);
    b->radiance = hl_alloc(n, 3 * sizeof *b->radiance);
    if (b->mesh.albedo && b->mesh.metal && b->radiance)
        return HL_OK;
    hl_fit_bounces_release(b);
    return HL_E_MEMORY;
}

void hl_fit_bounces_release(hl_fit_bounces *b)
{
    hl_vertex_light_destroy(&b->light);
    hl_free(b->mesh.albedo); /* the rest of the mesh is borrowed */
    hl_free(b->mesh.metal);
    hl_free(b->radiance);
    memset(b, 0, sizeof *b);
}

static hl_status trace_or_relight(const hl_fit *fit, hl_fit_bounces *b, const hl_environment *env)
{
    const hl_light_scene scene = {
        .mesh = &b->mesh, .bvh = &fit->bvh, .environment = env, .offset = fit->offset};
    const hl_vertex_light_options options = {
        .samples = RAYS, .bounces = BOUNCES, .seed = (uint64_t)fit->c.seed};
    if (b->light)
        return hl_vertex_light_relight(b->light, env, NULL, 0);
    return hl_vertex_light_create(&b->light, &scene, &options);
}

hl_status hl_fit_bounces_solve(const hl_fit *fit, hl_fit_bounces *b, const hl_environment *env,
                               const float *features, const int32_t *index)
{
    if (!b->radiance)
        HL_TRY(hl_fit_bounces_room(fit, b));
    const int32_t n = b->mesh.vertex_count;
    for (int32_t v = 0; v < n; v++) {
        const float *f = features + (size_t)(index ? index[v] : v) * HL_FIT_CHANNELS;
        memcpy(b->mesh.albedo + 3 * (size_t)v, f, 3 * sizeof *f);
        b->mesh.metal[v] = f[HL_FIT_METAL];
    }
    HL_TRY(trace_or_relight(fit, b, env));
    const float *e = hl_vertex_light_values(b->light);
    for (size_t i = 0; i < 3 * (size_t)n; i++)
        b->radiance[i] = (1 - b->mesh.metal[i / 3]) * b->mesh.albedo[i] * e[i] / HL_PI;
    return HL_OK;
}
