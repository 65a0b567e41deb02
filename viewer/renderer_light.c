/* SPDX-License-Identifier: MIT */
/* The light of a renderer: its environment, what stands in the way of light, what is baked of it.
 */
#include "viewer/renderer_state.h"

enum { DIFFUSE_WIDTH = 128, DIFFUSE_HEIGHT = 64 };

/* A copy of 128 x 64 texels for the diffuse part, which is integrated anew at each turn. */
static hl_status keep_environment(hl_renderer *r, const hl_environment *environment)
{
    const hl_image map = {environment->width, environment->height, 3, environment->radiance};
    hl_image small;
    HL_TRY(hl_image_resize(&small, &map, DIFFUSE_WIDTH, DIFFUSE_HEIGHT));
    hl_environment_release(&r->environment);
    r->environment =
        (hl_environment){.width = DIFFUSE_WIDTH, .height = DIFFUSE_HEIGHT, .radiance = small.data};
    return HL_OK;
}

hl_status hl_renderer_set_mesh(hl_renderer *renderer, const hl_mesh *mesh)
{
    if (mesh && mesh->triangle_count && !mesh->normals)
        return hl_fail(HL_E_ARG, "mesh: no normals; hl_mesh_fill_normals makes them");
    renderer->mesh = mesh;
    renderer->surfaces_old = true;
    hl_tier_cpu_set_mesh(&renderer->cpu, mesh);
    if (hl_renderer_alone(renderer) || (!mesh && !renderer->vk))
        return HL_OK;
    HL_TRY(hl_renderer_need_device(renderer));
    return hl_gpu_frame_set_mesh(&renderer->frame, mesh);
}

hl_status hl_renderer_set_stand_in(hl_renderer *renderer, const hl_mesh *mesh)
{
    renderer->stand_in = mesh;
    renderer->surfaces_old = true;
    hl_tier_cpu_set_stand_in(&renderer->cpu, mesh);
    renderer->stand_in_old = true; /* placed when light is first looked at */
    return HL_OK;
}

void hl_renderer_set_materials(hl_renderer *renderer, const float *materials, int32_t count)
{
    renderer->surfaces_old |= materials != renderer->materials;
    renderer->on_device &= materials == renderer->materials;
    renderer->materials = materials;
    renderer->material_count = count;
    hl_tier_cpu_set_materials(&renderer->cpu, materials, count);
}

hl_status hl_renderer_set_environment(hl_renderer *renderer, const hl_environment *environment)
{
    HL_TRY(hl_light_cpu_set(&renderer->cpu.light, environment));
    HL_TRY(keep_environment(renderer, environment));
    if (hl_renderer_alone(renderer))
        return HL_OK;
    HL_TRY(hl_renderer_need_device(renderer));
    return hl_gpu_frame_set_environment(&renderer->frame, environment);
}

/* ---- baked light --------------------------------------------------------------------------- */

static hl_status ask(hl_renderer *r, const hl_look *look)
{
    hl_environment env = r->environment; /* turned; arrays borrowed */
    const hl_bake_light light = {.environment = &env,
                                 .intensity = look->intensity,
                                 .lights = look->lights,
                                 .light_count = look->light_count};
    if (!r->bake)
        HL_TRY(hl_bake_create(&r->bake));
    if (r->surfaces_old) {
        const bool own = r->splats && r->material_count == r->splats->count;
        HL_TRY(
            hl_bake_set_scene(r->bake, r->mesh, r->stand_in, r->splats, own ? r->materials : NULL));
        hl_bake_result_release(&r->baked);
        r->baked_old = true;
    }
    r->surfaces_old = false;
    hl_environment_orient(&env, look->up, (double)look->turn);
    return hl_bake_set_light(r->bake, &light, r->params.settle);
}

static bool wants_baked(const hl_renderer *r, const hl_look *look)
{
    return look->baked && (r->mesh || r->stand_in);
}

/* Asks for what the look needs, and takes what has come of it. */
static hl_status solve(hl_renderer *r, const hl_look *look)
{
    HL_TRY(ask(r, look));
    if (hl_bake_ready(r->bake)) {
        hl_bake_result_release(&r->baked);
        (void)hl_bake_take(r->bake, &r->baked);
        r->baked_old = true;
    }
    return HL_OK;
}

static hl_status bake(hl_renderer *r, const hl_look *look)
{
    if (!wants_baked(r, look)) {
        r->baked_old |= r->frame.baked != 0;
        r->frame.baked = 0;
        return HL_OK;
    }
    HL_TRY(solve(r, look));
    if (!r->baked_old)
        return HL_OK;
    r->baked_old = false;
    return hl_gpu_frame_set_baked(&r->frame, &r->baked);
}

bool hl_renderer_has_news(hl_renderer *renderer)
{
    return renderer->bake && hl_bake_ready(renderer->bake);
}

void hl_renderer_settle(hl_renderer *renderer)
{
    if (renderer->bake)
        hl_bake_wait(renderer->bake);
}

/* Even and white where none was given. */
static hl_status need_environment(hl_renderer *r)
{
    const float white[3] = {1, 1, 1};
    hl_environment even;
    if (r->environment.radiance)
        return HL_OK;
    HL_TRY(hl_environment_create_constant(&even, white));
    const hl_status s = keep_environment(r, &even);
    hl_environment_release(&even);
    return s;
}

hl_status hl_renderer_bake_on_cpu(hl_renderer *r, const hl_look *look)
{
    r->cpu.baked = NULL;
    if (!hl_show_is_lit(look->show) || !wants_baked(r, look))
        return HL_OK;
    HL_TRY(need_environment(r));
    HL_TRY(solve(r, look));
    r->cpu.baked = &r->baked;
    return HL_OK;
}

/* Splats over their stand-in, where the device draws to so many targets. */
static void fill_place(hl_renderer *r, const hl_look *look)
{
    const hl_hybrid_rules *rules = hl_hybrid_rules_of((int32_t)look->hybrid);
    struct hl_gpu_view *view = r->frame.view.mapped;
    hl_gpu_frame *f = &r->frame;
    f->placed = rules->on_mesh && f->stand_in.index_count && f->splats.count &&
                hl_show_is_lit(look->show) &&
                r->vk->properties.limits.maxColorAttachments >= HL_VK_TARGETS_MAX;
    view->solid = f->mesh.index_count > 0;
    view->lift = HL_PLACE_LIFT * f->stand_in.edge;
    view->reach = 0;
    if (f->placed)
        view->reach = rules->windowed ? HL_PLACE_WINDOW * f->stand_in.edge : 1e30f;
}

hl_status hl_renderer_fill_light(hl_renderer *r, const hl_look *look)
{
    HL_TRY(need_environment(r));
    if (r->stand_in_old)
        HL_TRY(hl_gpu_frame_set_stand_in(&r->frame, r->stand_in));
    r->stand_in_old = false;
    HL_TRY(bake(r, look));
    fill_place(r, look);
    struct hl_gpu_view *view = r->frame.view.mapped;
    view->baked = r->frame.baked;
    HL_TRY(hl_pass_shadow_fill(&r->frame, look));
    hl_gpu_light_fill(r->frame.light.mapped, &r->environment, look, r->numbers);
    hl_gpu_lamps_fill(&r->frame, look, r->frame.light.mapped);
    return HL_OK;
}
