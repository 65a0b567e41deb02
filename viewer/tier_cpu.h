/* SPDX-License-Identifier: MIT */
/* viewer/tier_cpu.h -- the same pictures without any device: splats by the rasterizer of raster/,
 * meshes by rays, light by viewer/light_cpu.h.  Meshes cast the shadows of lamps by rays, and so
 * does the one that stands in for splats; without it they do by viewer/tier_shadow.h.  Nothing is
 * allocated for a picture of the size of the one before. */
#ifndef HL_VIEWER_TIER_CPU_H
#define HL_VIEWER_TIER_CPU_H

#include "viewer/bake.h"
#include "viewer/light_cpu.h"
#include "viewer/tier_place.h"

/* A mesh and its tree, which is built when it is first looked at. */
typedef struct hl_tier_mesh {
    const hl_mesh *mesh; /* with normals, borrowed; NULL: none */
    hl_bvh bvh;
    bool built;
    float edge; /* mean, of its triangles */
} hl_tier_mesh;

typedef struct hl_tier_cpu {
    hl_raster *raster;
    const hl_splats *splats; /* borrowed; NULL: none          */
    float *log_scale;        /* (count, 3) with splat_scale   */
    int32_t log_scale_count;
    const float *own;  /* (own_count, HL_GBUFFER_CHANNELS) of the scene, borrowed; NULL: none */
    int32_t own_count; /* where it is that of the splats they are used                        */
    float *materials;  /* (count, 5 or 11): those, or as project.comp makes them up; baked light */
    size_t material_floats;
    const hl_bake_result *baked; /* of the next picture, borrowed; NULL: none                 */
    bool baked_splats, baked_mesh, baked_places; /* in the last draw */
    hl_tier_mesh mesh, stand_in;
    hl_light_cpu light;
    hl_tier_place place;
    hl_tier_shadow shadow;
    bool splats_cast; /* in the last draw */
    bool placed;      /* in the last draw: splats lie on the stand-in */
    hl_hit *hits;     /* (height, width) of the mesh in the last draw                           */
    float *window;    /* (2, height, width) depths of splats before it                          */
    float *lit;       /* (height, width, 3) light of the surface, exposed                       */
    size_t hit_count, lit_count;
    hl_raster_frame frame; /* of the last draw              */
    hl_raster_view view;   /* likewise                      */
    hl_look look;
    bool drawn;
} hl_tier_cpu;

hl_status hl_tier_cpu_create(hl_tier_cpu *tier);
void hl_tier_cpu_release(hl_tier_cpu *tier);
void hl_tier_cpu_set_splats(hl_tier_cpu *tier, const hl_splats *splats);
void hl_tier_cpu_set_materials(hl_tier_cpu *tier, const float *materials, int32_t count);

/* `mesh` is seen, `stand_in` casts shadows; with normals; borrowed; NULL: none. */
void hl_tier_cpu_set_mesh(hl_tier_cpu *tier, const hl_mesh *mesh);
void hl_tier_cpu_set_stand_in(hl_tier_cpu *tier, const hl_mesh *mesh);

hl_status hl_tier_cpu_draw(hl_tier_cpu *tier, const hl_raster_view *view, const hl_look *look);
hl_status hl_tier_cpu_read(const hl_tier_cpu *tier, hl_image8 *out);

/* The last draw as hl_renderer_numbers gives it, always with 4 channels. */
hl_status hl_tier_cpu_numbers(const hl_tier_cpu *tier, hl_image *out);

#endif /* HL_VIEWER_TIER_CPU_H */
