/* SPDX-License-Identifier: MIT */
/* helio mesh -- the surface of a trained scene: depth of its views, fused, cut, cleaned, textured.
 */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/mesh_check.h"
#include "cli/mesh_depth.h"
#include "cli/scene.h"
#include "core/camera_path.h"
#include "core/color.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/mesh_atlas.h"
#include "core/mesh_edges.h"
#include "core/mesh_edit.h"
#include "core/se3.h"
#include "core/splat_stats.h"
#include "core/vec.h"
#include "raster/depth_check.h"
#include "raster/tsdf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_MIN = 50, HOLE_EDGES = 30 };

static const double PIECE_SHARE = 0.01;                       /* of the largest piece */
static const float COS_MAX = 0.866f;                          /* 30 degrees between two views */
static const float BASELINE_MIN = 0.01f, BASELINE_MAX = 1.5f; /* scene units                  */
static const float RETURN_MAX = 1;                            /* pixels                       */
static const float MARGIN = 0.15f; /* of the box of the splats, added on every side */

typedef struct mesh_options {
    hl_common common;
    const char *scene, *out, *data;
    int32_t depth, resolution, target_faces, texture_size, iteration, max_side_px;
    double voxel, crop;
    bool check, two_view;
} mesh_options;

static const hl_option rows[] = {
    HL_ARG(mesh_options, "SCENE", scene, "output folder of helio train, or a file of splats"),
    HL_OPT_OUT(mesh_options, out, "FILE", "FILE.glb, FILE.ply or FILE.obj"),
    HL_OPT_INT(mesh_options, "--resolution", resolution, 16, 4096,
               "voxels along the longest side of the scene"),
    HL_OPT_DOUBLE(mesh_options, "--voxel", voxel, 0, 1e9,
                  "size of a voxel in scene units, 0 for that of --resolution"),
    HL_OPT_DOUBLE(mesh_options, "--crop", crop, 0, 1e6,
                  "keep what lies within this part of the cameras' median distance from what "
                  "they look at, 0 for everything"),
    HL_OPT_CHOICE(mesh_options, "--depth", depth, "auto|expected|median|planes",
                  "depth of a pixel: mean over its splats, where half the light is stopped, or "
                  "where the planes of flat splats meet its ray; auto: planes if most are flat"),
    HL_OPT_INT(
        mesh_options, "--target-faces", target_faces, 0, HL_MESH_COUNT_MAX,
        "triangles to simplify to, as long as the surface stays within half a voxel; 0 keeps "
        "all"),
    HL_OPT_INT(mesh_options, "--texture-size", texture_size, 0, HL_ATLAS_SIDE_MAX,
               "side of the texture in texels, 0 for colours at the vertices alone"),
    HL_OPT_FLAG(mesh_options, "--check", check,
                "tell whether the mesh is closed, and measure it against the depth and normal maps "
                "of the capture"),
    HL_OPT_FLAG(mesh_options, "--two-view", two_view,
                "leave out pixels whose depth the nearest other view contradicts by more than a "
                "pixel; draws every view twice"),
    HL_OPT_TEXT(mesh_options, "--data", data, "PATH",
                "the capture whose views are fused; found in config.json if left out"),
    HL_OPT_INT(mesh_options, "--max-side-px", max_side_px, 0, 16384,
               "longer side of the views, 0 for what training did"),
    HL_OPT_INT(mesh_options, "--iteration", iteration, 0, INT32_MAX,
               "iteration to take, 0 for the newest"),
    HL_COMMON_OPTIONS(mesh_options),
};
static const hl_command_spec spec = {
    "mesh", "the surface of a trained scene", rows, HL_ROWS(rows), NULL, NULL};

typedef struct meshing {
    const mesh_options *o;
    hl_scene scene;
    hl_tsdf *tsdf;
    float voxel;
    bool flat; /* most splats are: their normals mean something */
    mesh_depth_kind depth;
    int64_t contradicted; /* pixels left out by --two-view */
    float sunk;           /* planes were brought forward by that, scene units */
    float up[3];
    hl_mesh mesh;
    hl_mesh_textures textures;
    int32_t pieces, filled, fused; /* fused: triangles before simplifying */
    float moved;                   /* by simplifying, scene units          */
    hl_mesh_edge_counts edges;
    mesh_gap gap;
    hl_atlas_report atlas;
    bool has_truth; /* check is filled in */
    mesh_check check;
    double normals; /* degrees from the capture's, NaN: it has none */
} meshing;

/* ---- field ---- */

static int ascending_double(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* A box around what the cameras look at, on request: half of its side is `crop` of their median
 * distance. */
static hl_status crop_box(const meshing *m, float low[3], float high[3])
{
    const hl_views *views = &m->scene.views;
    const int32_t n = views->view_count;
    hl_pose *pose = hl_alloc((size_t)n, sizeof *pose);
    double *distance = hl_alloc((size_t)n, sizeof *distance), focus[3], up[3];
    const hl_status s = pose && distance ? HL_OK : HL_E_MEMORY;
    for (int32_t i = 0; i < n && s == HL_OK; i++)
        pose[i] = views->views[i].camera_from_world;
    if (s == HL_OK)
        hl_camera_path_focus(pose, n, focus, up);
    for (int32_t i = 0; i < n && s == HL_OK; i++) {
        hl_raster_view view;
        const float at[3] = {(float)focus[0], (float)focus[1], (float)focus[2]};
        float x[3];
        if (hl_scene_view(&m->scene, i, &view) != HL_OK)
            continue; /* its distance stays 0; fusing will say why */
        hl_se3_apply(view.r, view.t, at, x);
        distance[i] = (double)hl_length3(x);
    }
    if (s == HL_OK) {
        qsort(distance, (size_t)n, sizeof *distance, ascending_double);
        const double reach = m->o->crop * distance[n / 2];
        for (int k = 0; k < 3; k++) {
            low[k] = fmaxf(low[k], (float)(focus[k] - reach));
            high[k] = fminf(high[k], (float)(focus[k] + reach));
        }
    }
    hl_free(pose);
    hl_free(distance);
    return s;
}

/* Box of the splats without the outer 2 %: never that of the cameras, who may stand far away. */
static hl_status open_field(meshing *m)
{
    hl_splat_stats st;
    hl_tsdf_options o = {0};
    double longest = 0;
    HL_TRY(hl_splats_measure(&st, &m->scene.splats));
    for (int k = 0; k < 3; k++)
        longest = fmax(longest, st.core_high[k] - st.core_low[k]);
    if (!(longest > 0))
        return hl_fail(HL_E_FORMAT, "%s: %d splats without extent: there is no surface",
                       m->scene.file, m->scene.splats.count);
    for (int k = 0; k < 3; k++) {
        o.low[k] = (float)(st.core_low[k] - (double)MARGIN * longest);
        o.high[k] = (float)(st.core_high[k] + (double)MARGIN * longest);
    }
    if (m->o->crop > 0) {
        HL_TRY(crop_box(m, o.low, o.high));
        longest = 0;
        for (int k = 0; k < 3; k++)
            longest = fmax(longest, (double)(o.high[k] - o.low[k]));
        if (!(longest > 0))
            return hl_fail(HL_E_ARG, "--crop %g leaves nothing of the scene", m->o->crop);
    }
    m->voxel = m->o->voxel > 0 ? (float)m->o->voxel : (float)(longest / m->o->resolution);
    o.voxel = m->voxel;
    const double room = 0.5 * (double)hl_memory_available() / (double)HL_TSDF_BLOCK_BYTES;
    o.blocks_max = room > 0 && room < 1 << 20 ? (int32_t)room + 1 : 1 << 20;
    return hl_tsdf_create(&m->tsdf, &o);
}

/* The nearest view that looks the same way and stands elsewhere; -1 if there is none. */
static int32_t neighbour_of(const meshing *m, int32_t index)
{
    hl_raster_view a, b;
    int32_t best = -1;
    float least = BASELINE_MAX;
    float inverse[9], eye_a[3], eye_b[3];
    if (hl_scene_view(&m->scene, index, &a) != HL_OK)
        return -1; /* drawing it will say why */
    hl_se3_inverse(a.r, a.t, inverse, eye_a);
    for (int32_t i = 0; i < m->scene.views.view_count; i++) {
        if (i == index || hl_scene_view(&m->scene, i, &b) != HL_OK)
            continue;
        hl_se3_inverse(b.r, b.t, inverse, eye_b);
        const float apart[3] = {eye_b[0] - eye_a[0], eye_b[1] - eye_a[1], eye_b[2] - eye_a[2]};
        const float baseline = hl_length3(apart);
        if (baseline > BASELINE_MIN && baseline < least && hl_dot3(a.r + 6, b.r + 6) > COS_MAX) {
            least = baseline;
            best = i;
        }
    }
    return best;
}

static hl_status fuse_view(meshing *m, int32_t index)
{
    hl_raster_view view;
    hl_raster_frame f;
    hl_image depth, other = {.data = NULL};
    hl_raster_view from;
    float sunk;
    const int32_t second = m->o->two_view ? neighbour_of(m, index) : -1;
    if (second >= 0)
        HL_TRY(hl_mesh_depth_of_view(&m->scene, second, m->depth, &from, &f, &other, &sunk));
    hl_status s = hl_mesh_depth_of_view(&m->scene, index, m->depth, &view, &f, &depth, &sunk);
    if (s != HL_OK) {
        hl_image_release(&other);
        return s;
    }
    if (second >= 0)
        m->contradicted += hl_depth_check(&view, &depth, &from, &other, RETURN_MAX);
    hl_image_release(&other);
    m->sunk += sunk / (float)m->scene.views.view_count;
    hl_tsdf_view in = {
        .camera = &view, .depth = depth.data, .depth_stride = depth.width, .stride = f.stride};
    for (int k = 0; k < 3; k++) {
        in.normal[k] = m->flat ? f.plane[f.normal_plane + k] : NULL;
        in.color[k] = f.plane[k];
        m->up[k] -= view.r[3 + k]; /* y of the camera points down */
    }
    s = hl_tsdf_integrate(m->tsdf, &in);
    hl_image_release(&depth);
    return s;
}

static hl_status fuse(meshing *m)
{
    const int32_t count = m->scene.views.view_count;
    hl_status s = HL_OK;
    for (int32_t i = 0; s == HL_OK && i < count; i++) {
        if (hl_interrupt_requested())
            s = hl_fail(HL_E_INTERRUPT, "stopped after %d of %d views", i, count);
        else
            s = fuse_view(m, i);
        hl_log_progress(&(hl_progress){.stage = "fuse",
                                       .done = i + 1,
                                       .total = count,
                                       .loss = nan(""),
                                       .splats = -1,
                                       .next_save = -1});
    }
    if (s == HL_OK && m->o->two_view)
        hl_log(HL_LOG_INFO, "%lld pixels left out: a second view contradicts them",
               (long long)m->contradicted);
    return s;
}

/* ---- surface ---- */

/* Colours of the views are sRGB coded; meshes hold linear albedo. */
static void to_linear(hl_mesh *mesh)
{
    for (size_t i = 0; mesh->albedo && i < 3 * (size_t)mesh->vertex_count; i++)
        mesh->albedo[i] = hl_linear_from_srgb(mesh->albedo[i]);
}

static hl_status clean(meshing *m)
{
    HL_TRY(hl_mesh_keep_large(&m->mesh, PIECE_MIN, PIECE_SHARE, &m->pieces));
    HL_TRY(hl_mesh_fill_holes(&m->mesh, HOLE_EDGES, &m->filled));
    m->fused = m->mesh.triangle_count;
    if (m->o->target_faces > 0)
        HL_TRY(hl_mesh_simplify(&m->mesh, m->o->target_faces, 0.5f * m->voxel, &m->moved));
    HL_TRY(hl_mesh_fill_normals(&m->mesh));
    return hl_mesh_count_edges(&m->mesh, &m->edges);
}

/* How well splats and surface agree, both ways. */
static hl_status compare(meshing *m)
{
    const double h = (double)m->voxel;
    HL_TRY(hl_mesh_gap(&m->gap, &m->scene.splats, &m->mesh, m->voxel));
    const double *s = m->gap.splats, *t = m->gap.mesh;
    hl_log(HL_LOG_INFO,
           "from splats to the surface %.2f voxels (median), %.2f (95 %%); back %.2f and %.2f",
           s[0] / h, s[1] / h, t[0] / h, t[1] / h);
    if (m->sunk != 0)
        hl_log(HL_LOG_INFO, "of that %.2f because the surface is where colours appear",
               (double)m->sunk / h);
    const double most = fmax(s[0], t[0]) - fabs((double)m->sunk);
    if (most > h)
        hl_log(HL_LOG_WARN,
               "splats and surface are %.1f voxels apart (median): train with --geometry, or mesh "
               "with larger voxels",
               most / h);
    return HL_OK;
}

static bool is_closed(const hl_mesh_edge_counts *e)
{
    return e->open == 0 && e->crowded == 0 && e->flipped == 0;
}

static hl_status check(meshing *m)
{
    bool maps = false;
    for (int32_t i = 0; i < m->scene.views.view_count; i++)
        maps = maps || m->scene.views.views[i].depth_path;
    if (maps)
        HL_TRY(hl_mesh_check(&m->check, &m->scene, &m->mesh));
    else
        hl_log(HL_LOG_WARN, "%s: the capture has no depth maps to check against", m->scene.data);
    m->has_truth = maps;
    return hl_mesh_check_normals(&m->normals, &m->scene, &m->mesh);
}

/* Colour of the field at a texel: finer than the vertices that were left. */
static void shade_texel(void *context, hl_texel *texel)
{
    float distance, color[3];
    if (!hl_tsdf_read(context, texel->position, &distance, color))
        return;
    for (int k = 0; k < 3; k++)
        texel->albedo[k] = hl_linear_from_srgb(fminf(fmaxf(color[k], 0.0f), 1.0f));
}

static hl_status texture(meshing *m)
{
    hl_mesh flat;
    HL_TRY(hl_mesh_unwrap(&m->mesh, m->o->texture_size, &flat, &m->atlas));
    hl_mesh_release(&m->mesh);
    m->mesh = flat;
    return hl_mesh_bake(&m->mesh, m->o->texture_size, shade_texel, m->tsdf, &m->textures);
}

/* ---- command ---- */

static void add_check(const meshing *m, hl_json *check)
{
    hl_json_add_bool(check, "closed", is_closed(&m->edges));
    hl_json_add_number(check, "edges", m->edges.edges);
    hl_json_add_number(check, "edges_open", m->edges.open);
    hl_json_add_number(check, "holes", m->edges.holes);
    hl_json_add_number(check, "edges_crowded", m->edges.crowded);
    hl_json_add_number(check, "edges_flipped", m->edges.flipped);
    if (m->has_truth) {
        hl_json_add_number(check, "size", m->check.size);
        hl_json_add_number(check, "mesh_to_truth", m->check.mesh_to_truth);
        hl_json_add_number(check, "truth_to_mesh", m->check.truth_to_mesh);
        hl_json_add_number(check, "stray", m->check.stray);
    }
    if (isfinite(m->normals))
        hl_json_add_number(check, "normals_degrees", m->normals);
}

static void print_check(const meshing *m)
{
    const hl_mesh_edge_counts *e = &m->edges;
    if (is_closed(e))
        printf("closed: each of %d edges lies between two triangles\n", e->edges);
    else
        printf("not closed: of %d edges %d are open, around %d holes, %d crowded, %d flipped\n",
               e->edges, e->open, e->holes, e->crowded, e->flipped);
    if (m->has_truth)
        printf("against the depth maps: %.3f %% of its size from mesh to truth, %.3f %% back, "
               "%.2f %% stray\n",
               100 * m->check.mesh_to_truth / m->check.size,
               100 * m->check.truth_to_mesh / m->check.size, 100 * m->check.stray);
    if (isfinite(m->normals))
        printf("against the normal maps: %.2f degrees\n", m->normals);
}

static hl_status report(const meshing *m)
{
    if (m->o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.mesh/1");
        hl_json_add_text(root, "out", m->o->out);
        hl_json_add_text(root, "model", m->scene.file);
        hl_json_add_number(root, "vertices", m->mesh.vertex_count);
        hl_json_add_number(root, "triangles", m->mesh.triangle_count);
        hl_json_add_number(root, "triangles_fused", m->fused);
        hl_json_add_number(root, "pieces", m->pieces);
        hl_json_add_number(root, "holes_filled", m->filled);
        hl_json_add_number(root, "border_edges", m->edges.open);
        hl_json_add_number(root, "voxel", (double)m->voxel);
        hl_json_add_number(root, "simplify_error", (double)m->moved);
        hl_json_add_number(root, "splat_distance_voxels", m->gap.splats[0] / (double)m->voxel);
        hl_json_add_number(root, "splat_distance_voxels_95", m->gap.splats[1] / (double)m->voxel);
        hl_json_add_number(root, "mesh_distance_voxels", m->gap.mesh[0] / (double)m->voxel);
        hl_json_add_number(root, "mesh_distance_voxels_95", m->gap.mesh[1] / (double)m->voxel);
        hl_json_add_number(root, "sunk_voxels", (double)(m->sunk / m->voxel));
        hl_json_add_text(root, "depth", hl_mesh_depth_name(m->depth));
        if (m->o->check)
            add_check(m, hl_json_add_object(root, "check"));
        hl_json_add_number(root, "charts", m->atlas.charts);
        hl_json_add_number(root, "peak_bytes", (double)hl_memory_peak());
        return hl_command_print_json(&root);
    }
    printf("%s: %d vertices, %d triangles (%d fused at voxels of %.3g), %d pieces, %d holes "
           "filled, %d open edges\n",
           m->o->out, m->mesh.vertex_count, m->mesh.triangle_count, m->fused, (double)m->voxel,
           m->pieces, m->filled, m->edges.open);
    if (m->o->check)
        print_check(m);
    return HL_OK;
}

static hl_status make_mesh(meshing *m)
{
    const mesh_options *o = m->o;
    const hl_scene_options so = {.path = o->scene,
                                 .data = o->data,
                                 .iteration = o->iteration,
                                 .max_side_px = o->max_side_px,
                                 .need_data = true};
    HL_TRY(hl_scene_open(&m->scene, &so));
    m->flat = hl_mesh_depth_flat(&m->scene.splats);
    m->depth = (mesh_depth_kind)o->depth;
    if (m->depth == MESH_DEPTH_AUTO)
        m->depth = m->flat ? MESH_DEPTH_PLANES : MESH_DEPTH_EXPECTED;
    HL_TRY(open_field(m));
    HL_TRY(fuse(m));
    HL_TRY(hl_tsdf_extract(m->tsdf, &m->mesh));
    to_linear(&m->mesh);
    HL_TRY(clean(m));
    if (!m->mesh.triangle_count)
        return hl_fail(HL_E_FORMAT, "%s: its views show no surface of %d triangles or more",
                       m->scene.file, (int)PIECE_MIN);
    HL_TRY(compare(m));
    if (o->check)
        HL_TRY(check(m));
    const bool textured = o->texture_size > 0 && !hl_path_has_extension(o->out, "ply");
    if (textured)
        HL_TRY(texture(m));
    const float *u = m->up;
    const bool upright =
        sqrtf(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]) > 0.3f * (float)m->scene.views.view_count;
    HL_TRY(hl_mesh_save(&m->mesh, textured ? &m->textures : NULL, upright ? u : NULL, o->out));
    return report(m);
}

/* Values that the table of options cannot check. */
static hl_status check_words(const mesh_options *o)
{
    if (!hl_path_has_extension(o->out, "glb") && !hl_path_has_extension(o->out, "ply") &&
        !hl_path_has_extension(o->out, "obj"))
        return hl_fail(HL_E_ARG, "-o %s: a mesh is written as .glb, .ply or .obj", o->out);
    if (o->texture_size > 0 && o->texture_size < HL_ATLAS_SIDE_MIN)
        return hl_fail(HL_E_ARG, "--texture-size %d: expected 0 or %d .. %d", o->texture_size,
                       HL_ATLAS_SIDE_MIN, HL_ATLAS_SIDE_MAX);
    return HL_OK;
}

/* The folder of the mesh, before the work and not after it. */
static hl_status make_folder(const char *path)
{
    char folder[1024];
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) : 0;
    if (length == 0)
        return HL_OK;
    if (length >= sizeof folder)
        return hl_fail(HL_E_ARG, "-o: a path of %zu characters is too long", strlen(path));
    memcpy(folder, path, length);
    folder[length] = 0;
    return hl_file_make_folder(folder);
}

int hl_cmd_mesh(int argc, char **argv)
{
    mesh_options o = {.common = HL_COMMON_DEFAULTS,
                      .resolution = 384,
                      .target_faces = 150000,
                      .texture_size = 2048};
    meshing m = {.o = &o};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    const hl_status words = check_words(&o);
    if (words != HL_OK) {
        hl_command_end(&spec, words);
        return HL_EXIT_USAGE;
    }
    hl_status s = make_folder(o.out);
    if (s == HL_OK)
        s = make_mesh(&m);
    hl_tsdf_destroy(&m.tsdf);
    hl_mesh_release(&m.mesh);
    hl_mesh_textures_release(&m.textures);
    hl_scene_close(&m.scene);
    return hl_command_end(&spec, s);
}
