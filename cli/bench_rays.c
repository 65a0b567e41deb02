/* SPDX-License-Identifier: MIT */
/* Rays start on random triangles of a bumpy sphere, lifted off it, half cosine-distributed
 * outward as shadow rays are, half inward so that most hit. */
#include "cli/bench_rays.h"

#include "cli/command.h"
#include "core/build_info.h"
#include "core/bvh.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/timer.h"

#include <math.h>
#include <stdio.h>

enum { BLOCK = 4096, LOOP_RINGS = 12, TASKS = 5 };

typedef enum task { OURS_CLOSEST, OURS_ANY, EMBREE_CLOSEST, EMBREE_ANY, LOOP } task;

typedef struct rays_bench {
    const hl_bench_rays_options *o;
    hl_mesh mesh;
    hl_bvh bvh;
    hl_embree *embree; /* NULL: absent */
    hl_ray *rays;      /* (rays) */
    hl_hit *hits[TASKS];
    task now;
    double build_s, embree_build_s;
    double rate[TASKS]; /* rays per processor second */
    int64_t found, ties;
} rays_bench;

static hl_status make_sphere(hl_mesh *mesh, int32_t triangles)
{
    const int32_t rings = (int32_t)lround(0.5 * sqrt((double)triangles)) + 2;
    const int32_t columns = 2 * rings;
    HL_TRY(hl_mesh_create(mesh, columns * (rings + 1), 2 * columns * rings, 0));
    const float pi = 3.14159265f;
    for (int32_t i = 0; i <= rings; i++)
        for (int32_t j = 0; j < columns; j++) {
            const float theta = pi * (float)i / (float)rings;
            const float phi = 2 * pi * (float)j / (float)columns;
            const float r = 1 + 0.08f * sinf(9 * theta) * sinf(theta) * cosf(7 * phi);
            float *p = mesh->positions + 3 * ((int64_t)i * columns + j);
            p[0] = r * sinf(theta) * cosf(phi);
            p[1] = r * sinf(theta) * sinf(phi);
            p[2] = r * cosf(theta);
        }
    uint32_t *t = mesh->triangles;
    for (int32_t i = 0; i < rings; i++)
        for (int32_t j = 0; j < columns; j++) {
            const uint32_t a = (uint32_t)(i * columns + j);
            const uint32_t b = (uint32_t)(i * columns + (j + 1) % columns);
            const uint32_t c = a + (uint32_t)columns, d = b + (uint32_t)columns;
            const uint32_t quad[6] = {a, c, d, a, d, b};
            for (int k = 0; k < 6; k++)
                *t++ = quad[k];
        }
    return HL_OK;
}

static hl_ray make_ray(const hl_mesh *mesh, uint64_t seed, uint64_t i)
{
    hl_rng rng = hl_rng_at(seed, 0, i, HL_RNG_BENCH);
    const uint32_t t = hl_rng_below(&rng, (uint32_t)mesh->triangle_count);
    float out[3], length = 0;
    hl_ray ray = {.t_min = 0, .t_max = 1e30f};
    for (int k = 0; k < 3; k++) {
        for (int corner = 0; corner < 3; corner++)
            ray.origin[k] +=
                mesh->positions[3 * (size_t)mesh->triangles[3 * t + (uint32_t)corner] + (size_t)k] /
                3;
        out[k] = hl_rng_normal(&rng);
        length += out[k] * out[k];
    }
    /* A unit normal plus a uniform point of the unit sphere is cosine-distributed. */
    const float side = i % 2 ? -1.0f : 1.0f;
    float radius = 0;
    for (int k = 0; k < 3; k++)
        radius += ray.origin[k] * ray.origin[k];
    for (int k = 0; k < 3; k++) {
        const float normal = ray.origin[k] / sqrtf(radius);
        ray.direction[k] = out[k] / sqrtf(length) + side * normal;
        ray.origin[k] += side * 1e-3f * normal;
    }
    return ray;
}

static void trace_block(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    rays_bench *b = ctx;
    hl_hit *hits = b->hits[b->now];
    for (int32_t i = block * BLOCK; i < (block + 1) * BLOCK && i < b->o->rays; i++) {
        const hl_ray *ray = &b->rays[i];
        hl_ray_shear shear;
        switch (b->now) {
        case OURS_CLOSEST:
            hl_bvh_closest(&b->bvh, ray, &hits[i]);
            break;
        case OURS_ANY:
            hits[i].triangle = hl_bvh_any(&b->bvh, ray) ? 0 : HL_HIT_NONE;
            break;
        case EMBREE_CLOSEST:
            hl_embree_closest(b->embree, ray, &hits[i]);
            break;
        case EMBREE_ANY:
            hits[i].triangle = hl_embree_any(b->embree, ray) ? 0 : HL_HIT_NONE;
            break;
        case LOOP:
            hl_ray_shear_init(ray, &shear);
            hits[i].t = ray->t_max;
            hits[i].triangle = HL_HIT_NONE;
            for (int32_t t = 0; t < b->bvh.triangle_count; t++)
                hl_ray_triangle(ray, &shear, &b->bvh.triangles[t], &hits[i]);
            break;
        }
    }
}

static void trace(rays_bench *b, task what)
{
    b->now = what;
    const double start = hl_cpu_seconds();
    hl_parallel_for(hl_block_count(b->o->rays, BLOCK), trace_block, b);
    const double rate = (double)b->o->rays / (hl_cpu_seconds() - start + 1e-9);
    b->rate[what] = fmax(b->rate[what], rate);
}

static hl_status compare(rays_bench *b, task with, const char *name)
{
    b->found = b->ties = 0;
    for (int32_t i = 0; i < b->o->rays; i++) {
        const hl_hit *got = &b->hits[OURS_CLOSEST][i], *want = &b->hits[with][i];
        const bool hit = got->triangle != HL_HIT_NONE;
        const bool any = b->hits[OURS_ANY][i].triangle != HL_HIT_NONE;
        b->found += hit;
        const bool tie = hit && want->triangle != HL_HIT_NONE &&
                         fabsf(got->t - want->t) <= 1e-5f * (1 + want->t);
        if (any == hit && (got->triangle == want->triangle || tie)) {
            b->ties += got->triangle != want->triangle;
            continue;
        }
        return hl_fail(HL_E_BACKEND,
                       "ray %d: the tree says triangle %u at t %.9g (any hit: %d), %s says "
                       "triangle %u at t %.9g; not timed",
                       (int)i, (unsigned)got->triangle, (double)got->t, any, name,
                       (unsigned)want->triangle, (double)want->t);
    }
    return HL_OK;
}

/* The rays of the bench, on a sphere coarse enough for a loop over all triangles. */
static hl_status compare_with_loop(rays_bench *b)
{
    HL_TRY(make_sphere(&b->mesh, 4 * LOOP_RINGS * LOOP_RINGS));
    HL_TRY(hl_bvh_create(&b->bvh, &b->mesh));
    for (int32_t i = 0; i < b->o->rays; i++)
        b->rays[i] = make_ray(&b->mesh, b->o->seed, (uint64_t)i);
    trace(b, OURS_CLOSEST);
    trace(b, OURS_ANY);
    trace(b, LOOP);
    HL_TRY(compare(b, LOOP, "a loop over all triangles"));
    b->rate[OURS_CLOSEST] = b->rate[OURS_ANY] = 0;
    hl_mesh_release(&b->mesh);
    hl_bvh_release(&b->bvh);
    return HL_OK;
}

static hl_status run(rays_bench *b)
{
    HL_TRY(compare_with_loop(b));
    HL_TRY(make_sphere(&b->mesh, b->o->triangles));
    double start = hl_wall_seconds();
    HL_TRY(hl_bvh_create(&b->bvh, &b->mesh));
    b->build_s = hl_wall_seconds() - start;
    start = hl_wall_seconds();
    const hl_status made = hl_embree_create(&b->embree, &b->mesh);
    b->embree_build_s = hl_wall_seconds() - start;
    if (made != HL_OK && made != HL_E_BACKEND)
        return made;
    for (int32_t i = 0; i < b->o->rays; i++)
        b->rays[i] = make_ray(&b->mesh, b->o->seed, (uint64_t)i);
    for (int32_t run = 0; run < b->o->repeat; run++)
        for (int what = OURS_CLOSEST; what <= (b->embree ? EMBREE_ANY : OURS_ANY); what++)
            trace(b, (task)what);
    return b->embree ? compare(b, EMBREE_CLOSEST, "Embree") : HL_OK;
}

static hl_status print(const rays_bench *b)
{
    if (b->o->json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.bench.rays/1");
        hl_json_add_text(root, "commit", HL_BUILD_COMMIT);
        hl_json_add_number(root, "triangles", b->mesh.triangle_count);
        hl_json_add_number(root, "rays", b->o->rays);
        hl_json_add_number(root, "threads", hl_parallel_threads());
        hl_json_add_number(root, "build_s", b->build_s);
        hl_json_add_number(root, "closest_per_core_s", b->rate[OURS_CLOSEST]);
        hl_json_add_number(root, "any_per_core_s", b->rate[OURS_ANY]);
        if (b->embree) {
            hl_json_add_number(root, "embree_build_s", b->embree_build_s);
            hl_json_add_number(root, "embree_closest_per_core_s", b->rate[EMBREE_CLOSEST]);
            hl_json_add_number(root, "embree_any_per_core_s", b->rate[EMBREE_ANY]);
        }
        return hl_command_print_json(&root);
    }
    printf("%d triangles, %d rays, %d threads: equal to a loop over all triangles of a coarse "
           "sphere\n",
           (int)b->mesh.triangle_count, (int)b->o->rays, (int)hl_parallel_threads());
    printf("helio   build %.3f s, closest %.2f, any %.2f million rays per core-second\n",
           b->build_s, b->rate[OURS_CLOSEST] * 1e-6, b->rate[OURS_ANY] * 1e-6);
    if (!b->embree) {
        printf("embree  %s\n", hl_last_error());
        return HL_OK;
    }
    printf("embree  build %.3f s (one thread), closest %.2f, any %.2f million rays per "
           "core-second\n",
           b->embree_build_s, b->rate[EMBREE_CLOSEST] * 1e-6, b->rate[EMBREE_ANY] * 1e-6);
    printf("        %lld of %d rays hit; no disagreement, %lld ties\n", (long long)b->found,
           (int)b->o->rays, (long long)b->ties);
    return HL_OK;
}

hl_status hl_bench_rays(const hl_bench_rays_options *options)
{
    rays_bench b = {.o = options};
    const size_t n = (size_t)options->rays;
    hl_status s = HL_OK;
    b.rays = hl_alloc(n, sizeof *b.rays);
    s = b.rays ? s : HL_E_MEMORY;
    for (int what = 0; what < TASKS && s == HL_OK; what++) {
        b.hits[what] = hl_alloc(n, sizeof(hl_hit));
        s = b.hits[what] ? s : HL_E_MEMORY;
    }
    if (s == HL_OK)
        s = run(&b);
    if (s == HL_OK)
        s = print(&b);
    for (int what = 0; what < TASKS; what++)
        hl_free(b.hits[what]);
    hl_free(b.rays);
    hl_embree_destroy(&b.embree);
    hl_bvh_release(&b.bvh);
    hl_mesh_release(&b.mesh);
    return s;
}
