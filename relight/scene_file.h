/* SPDX-License-Identifier: MIT */
/* relight/scene_file.h -- a scene that can be lit, in one .helio container: splats, their
 * materials, the mesh that answers rays, the light they were seen in, lamps, and the cameras of the
 * photos.
 *
 * Splats keep their rows, also those that are not finite, which the rasterizer skips.
 * Everything but the splats is optional, chunks of other kinds are skipped, and a part that is
 * there is whole: docs/formats.md lists the chunks.  Files of helio relight --fit hold the state of
 * the solve beside these parts; it is not read here.
 *
 * Different files in different threads.
 */
#ifndef HL_RELIGHT_SCENE_FILE_H
#define HL_RELIGHT_SCENE_FILE_H

#include "core/helio_file.h"
#include "core/image.h"
#include "core/mesh.h"
#include "core/splats.h"
#include "core/views.h"
#include "relight/hybrid.h"
#include "relight/lights.h"

#define HL_SCENE_FILE_VIEWS_MAX  1000000
#define HL_SCENE_FILE_LIGHTS_MAX 4096

typedef struct hl_scene_file {
    hl_splats splats;
    float *materials; /* (splats, 5): linear albedo, roughness, metal, as raster/gbuffer.h; NULL */
    hl_mesh mesh;     /* with normals; vertex_count 0: none                                     */
    hl_image light;   /* (height, width, 3) radiance, rows from the top, as
                         relight/environment.h in world axes; width 0: none                     */
    float up[3];      /* unit; 0 0 0: unknown                                                   */
    float window;     /* splats count within this many mean edges of the mesh, 0: all do; not
                         written, read from the solve, else 3                                   */
    int32_t hybrid;   /* hl_hybrid of the solve, which pictures of it should be made by; not
                         written, read from the solve, else HL_HYBRID_WINDOW                    */
    int32_t light_count;
    hl_light *lights; /* (light_count) */
    hl_views views;   /* names, PINHOLE cameras, poses, split; no files; 0: none                */
    hl_arena arena;   /* of splats, materials and lights                                        */
} hl_scene_file;

/* Errors: HL_E_IO, HL_E_FORMAT (no splats; a part that is cut, out of range or not finite),
 * HL_E_MEMORY; *scene is then untouched.  hl_scene_file_release frees it. */
hl_status hl_scene_file_load(hl_scene_file *scene, const char *path);
void hl_scene_file_release(hl_scene_file *scene);

/* Adds whatever is there.  The splats are borrowed until commit, the rest is copied.  HL_E_ARG,
 * HL_E_MEMORY. */
hl_status hl_scene_file_add(hl_helio_writer *writer, const hl_scene_file *scene);
hl_status hl_scene_file_save(const hl_scene_file *scene, const char *path);

/* Parts of the above for writers that hold the others in another form: cameras of `views`
 * (PINHOLE or SIMPLE_PINHOLE, with poses), and of `mesh` what it has.  `up` may be NULL. */
hl_status hl_scene_file_add_views(hl_helio_writer *writer, const hl_views *views,
                                  const float up[3]);
hl_status hl_scene_file_add_mesh(hl_helio_writer *writer, const hl_mesh *mesh);

#endif /* HL_RELIGHT_SCENE_FILE_H */
