/* SPDX-License-Identifier: MIT */
/* viewer/gpu_frame.h -- the passes of a frame on a Vulkan device and the images they share. */
#ifndef HL_VIEWER_GPU_FRAME_H
#define HL_VIEWER_GPU_FRAME_H

#include "core/mesh.h"
#include "relight/environment.h"
#include "viewer/bake.h"
#include "viewer/pass_sort.h"
#include "viewer/renderer.h"
#include "viewer/scene_gpu.h"

enum { HL_GPU_VERTEX_BYTES = 44 }; /* of a mesh: position, normal, albedo, roughness, metal */

/* What casts shadows: a box, and how thick its surfaces are. */
typedef struct hl_gpu_casters {
    float low[3], high[3]; /* low > high: nothing */
    float layer;           /* length              */
} hl_gpu_casters;

typedef struct hl_gpu_mesh {
    hl_vk_buffer vertices, triangles;
    uint32_t index_count; /* 0: none */
    uint32_t vertex_count;
    hl_gpu_casters casters;
    float edge; /* mean, of its triangles */
} hl_gpu_mesh;

typedef struct hl_gpu_shadows {
    hl_vk_image atlas;  /* depth, `across` x `across` squares of `side` texels; 1 x 1: none */
    hl_vk_buffer views; /* hl_gpu_shadow (HL_SHADOWS), mapped                              */
    hl_vk_pipeline splats, mesh;
    uint32_t count, across, side;
    uint32_t first_map[HL_LAMPS]; /* of a lamp, or HL_NO_SHADOW          */
    bool dirty, undrawn;          /* what casts has changed; draw anew   */
    float splat_scale;            /* what the maps were made for:        */
    int32_t light_count;
    hl_light lights[HL_LAMPS];
} hl_gpu_shadows;

/* Splats by tiles of pixels; made when it is first asked for. */
typedef struct hl_gpu_tiles {
    bool made, keep_hits; /* each pixel's splat and median depth are wanted  */
    bool hits_kept;       /* and the last frame has them                     */
    hl_vk_pipeline count, scan, fill, mark, blend, blend_lit, blend_baked;
    hl_vk_pipeline blend_near, blend_near_baked;
    uint32_t room, pairs;            /* of tile and splat: buffers hold, the last frame had */
    hl_vk_buffer keys[2], values[2]; /* (room) tile, splat; result in [0]                   */
    hl_vk_buffer counts, totals;     /* of the sort                                         */
    hl_vk_buffer sums;               /* (groups of splats)                                  */
    hl_vk_buffer ranges;             /* (tiles, 2)                                          */
    hl_vk_buffer hits;               /* hl_gpu_hit (pixels), or one                         */
    hl_vk_buffer total;              /* pairs that the frame needed, mapped                 */
} hl_gpu_tiles;

typedef struct hl_gpu_frame {
    hl_vk *vk;
    bool by_tiles; /* splats by pass_tiles, not by pass_quads */
    hl_gpu_tiles tiles;
    hl_gpu_splats splats;
    uint32_t width, height;
    VkFormat target_format; /* of radiance: 32-bit floats where they can be blended, else halves */
    hl_vk_image radiance;   /* premultiplied colour, alpha                                      */
    hl_vk_image picture;    /* RGBA8, sRGB coded                                                */
    hl_vk_buffer view;      /* hl_gpu_view, mapped                                              */
    hl_vk_buffer readback;  /* of the picture, mapped                                           */
    hl_pass_sort sort;
    hl_vk_pipeline project, quads, resolve;

    /* Of the lit path; made when it is first asked for. */
    hl_vk_image albedo, normal, finish; /* premultiplied, alpha; finish: roughness, metal, depth */
    hl_vk_image numbers;                /* of what is shown, as it is: float RGBA                */
    hl_vk_image env, layers, table;     /* map with mips, prefiltered, split sum                 */
    hl_vk_buffer light;                 /* hl_gpu_light, mapped                                  */
    hl_vk_pipeline quads_lit, env_filter, brdf_table, shade;
    float roughness, metal; /* of splats without materials */
    bool lit_made, env_dirty;
    hl_vk_image depth;    /* HL_GPU_NEAR / z of the mesh, 0 where there is none */
    hl_gpu_mesh mesh;     /* that is seen                                      */
    hl_gpu_mesh stand_in; /* that casts the splats' shadows; not seen          */
    hl_vk_pipeline mesh_depth, mesh_material;
    hl_gpu_casters splat_casters;
    hl_gpu_shadows shadows;

    /* Baked light (viewer/bake.h). */
    uint32_t baked;              /* HL_BAKED_...: what has it; the targets below are then drawn  */
    hl_vk_buffer baked_vertices; /* (vertices of the mesh, 2), or empty                          */
    hl_vk_image sky, bounce;     /* premultiplied, alpha                                         */
    hl_vk_pipeline quads_baked, mesh_baked;

    /* Splats over the mesh that stands in for them (pass_place.c). */
    bool placed;       /* the next frame does so; the targets below are drawn */
    hl_vk_image place; /* normal, depth z along the view; 0: the mesh is missed */
    hl_vk_image near_albedo, near_finish; /* of splats near it, premultiplied, alpha */
    hl_vk_image place_sky, place_bounce;  /* its baked light */
    hl_vk_buffer baked_places;            /* (its vertices, 2), or empty */
    hl_vk_pipeline place_mesh, place_baked, quads_near, quads_near_baked;
} hl_gpu_frame;

/* Makes the pipelines.  The device is borrowed. */
hl_status hl_gpu_frame_create(hl_gpu_frame *frame, hl_vk *vk);
void hl_gpu_frame_release(hl_gpu_frame *frame);

/* Replaces the splats; materials as hl_gpu_splats_create takes them. */
hl_status hl_gpu_frame_set_splats(hl_gpu_frame *frame, const hl_splats *splats,
                                  const float *materials);

/* Images for pictures of this size; nothing where they are of it already. */
hl_status hl_gpu_frame_resize(hl_gpu_frame *frame, uint32_t width, uint32_t height);

/* Fills the view's uniform buffer. */
void hl_gpu_view_fill(struct hl_gpu_view *out, const hl_raster_view *view, const hl_look *look);

/* Records all passes between hl_vk_begin and hl_vk_submit, up to the picture. */
hl_status hl_gpu_frame_record(hl_gpu_frame *frame);

/* The same for everything but the colour. */
hl_status hl_gpu_frame_record_lit(hl_gpu_frame *frame);

/* Pipelines, table and an environment of white for the lit path; nothing where they are made. */
hl_status hl_gpu_frame_make_lit(hl_gpu_frame *frame);

/* Replaces the environment; a map is reduced to at most 2048 x 1024. */
hl_status hl_gpu_frame_set_environment(hl_gpu_frame *frame, const hl_environment *environment);

/* Replaces the mesh, which must have normals; NULL: none. */
hl_status hl_gpu_frame_set_mesh(hl_gpu_frame *frame, const hl_mesh *mesh);

/* The same for the one that stands in for the splats. */
hl_status hl_gpu_frame_set_stand_in(hl_gpu_frame *frame, const hl_mesh *mesh);

/* Replaces the baked light of vertices and splats; NULL: none. */
hl_status hl_gpu_frame_set_baked(hl_gpu_frame *frame, const hl_bake_result *result);

/* Fills the light's uniform buffer; the environment stands as look->up and look->turn say.  Lamps
 * come by hl_gpu_lamps_fill, after hl_pass_shadow_fill. */
void hl_gpu_light_fill(struct hl_gpu_light *out, const hl_environment *environment,
                       const hl_look *look, bool numbers);

void hl_gpu_lamps_fill(const hl_gpu_frame *frame, const hl_look *look, struct hl_gpu_light *out);

void hl_gpu_casters_reset(hl_gpu_casters *casters);
void hl_gpu_casters_add(hl_gpu_casters *casters, const float low[3], const float high[3]);
/* The core of the scene (core/splat_stats.h).  HL_E_MEMORY. */
hl_status hl_gpu_casters_of_splats(hl_gpu_casters *out, const hl_splats *splats);

/* Copies the picture to the host; RGB. */
hl_status hl_gpu_frame_read(hl_gpu_frame *frame, hl_image8 *out);

/* Copies the numbers of the last lit frame, which was asked for them, to the host; 4 channels. */
hl_status hl_gpu_frame_read_numbers(hl_gpu_frame *frame, hl_image *out);

/* The passes, one file each. */
hl_status hl_pass_project_create(hl_gpu_frame *frame);
hl_status hl_pass_project_record(hl_gpu_frame *frame);
hl_status hl_pass_quads_create(hl_gpu_frame *frame);
hl_status hl_pass_quads_record(hl_gpu_frame *frame);
hl_status hl_pass_quads_lit_create(hl_gpu_frame *frame);
hl_status hl_pass_quads_near_create(hl_gpu_frame *frame);
/* With the baked light where there is any; the mesh that is seen is left out. */
hl_status hl_pass_quads_near_record(hl_gpu_frame *frame);
/* Materials, and the baked light where there is any. */
hl_status hl_pass_quads_lit_record(hl_gpu_frame *frame);
/* Behind the splats that are in the targets already; nothing without a mesh. */
hl_status hl_pass_quads_mesh_record(hl_gpu_frame *frame);
hl_status hl_pass_tiles_create(hl_gpu_frame *frame);
/* Before hl_vk_begin: pipelines and buffers for the frame's size and splats.  HL_E_BACKEND: what
 * the device lacks. */
hl_status hl_pass_tiles_prepare(hl_gpu_frame *frame);
hl_status hl_pass_tiles_record(hl_gpu_frame *frame, bool lit);
/* After hl_vk_submit: true where pairs were left out; there is room now, draw again.
 * HL_E_BACKEND where the device has no room for them. */
hl_status hl_pass_tiles_settle(hl_gpu_frame *frame, bool *again);
/* Device bytes of pairs and lists. */
uint64_t hl_pass_tiles_bytes(const hl_gpu_frame *frame);
/* Hits (height, width) of the last frame, which was asked to keep them. */
hl_status hl_pass_tiles_read(hl_gpu_frame *frame, struct hl_gpu_hit *out);
void hl_pass_tiles_release(hl_gpu_frame *frame);
hl_status hl_pass_place_create(hl_gpu_frame *frame);
hl_status hl_pass_place_record(hl_gpu_frame *frame);
hl_status hl_pass_mesh_create(hl_gpu_frame *frame);
hl_status hl_pass_mesh_record(hl_gpu_frame *frame);
hl_status hl_pass_mesh_draw(hl_gpu_frame *frame, const hl_vk_pipeline *pipeline);
void hl_gpu_mesh_release(hl_vk *vk, hl_gpu_mesh *mesh);
hl_status hl_pass_env_create(hl_gpu_frame *frame);
hl_status hl_pass_env_upload(hl_gpu_frame *frame, const hl_environment *environment);
hl_status hl_pass_env_record(hl_gpu_frame *frame);
void hl_pass_env_release(hl_gpu_frame *frame);
hl_status hl_pass_shadow_create(hl_gpu_frame *frame);
hl_status hl_pass_shadow_fill(hl_gpu_frame *frame, const hl_look *look);
hl_status hl_pass_shadow_record(hl_gpu_frame *frame);
void hl_pass_shadow_release(hl_gpu_frame *frame);
hl_status hl_pass_light_create(hl_gpu_frame *frame);
hl_status hl_pass_light_record(hl_gpu_frame *frame);
hl_status hl_pass_resolve_create(hl_gpu_frame *frame);
hl_status hl_pass_resolve_record(hl_gpu_frame *frame);

#endif /* HL_VIEWER_GPU_FRAME_H */
