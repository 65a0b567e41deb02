/* SPDX-License-Identifier: MIT */
/* helio demo -- from nothing to pictures: photos of a scene that is made up, where they were taken
 * from, splats, a mesh, materials, and the scene under four lights that it was never seen in.
 *
 * The steps are the commands a user would type; each is printed before it runs. */
#include "cli/chain.h"
#include "cli/commands.h"
#include "cli/scene.h"
#include "core/camera_path.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/metric.h"
#include "core/sheet.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct demo_options {
    hl_common common;
    const char *out;
    int32_t scene;
    int32_t views, width, height, iterations, fit_iterations;
} demo_options;

static const hl_option rows[] = {
    HL_OPT_OUT(demo_options, out, "FOLDER", "where everything goes; made if absent"),
    HL_OPT_CHOICE(demo_options, "--scene", scene, "still|corner|turntable", "which one to take"),
    HL_OPT_INT(demo_options, "--views", views, 8, 1000, "pictures to take; every 8th is held out"),
    HL_OPT_INT(demo_options, "--width", width, 32, 2048, "of a picture, pixels"),
    HL_OPT_INT(demo_options, "--height", height, 32, 2048, "of a picture, pixels"),
    HL_OPT_INT(demo_options, "--iterations", iterations, 1, 1000000, "training steps"),
    HL_OPT_INT(demo_options, "--fit-iterations", fit_iterations, 0, 1000000,
               "steps of the solve for materials and light, 0 to end with the splats"),
    HL_COMMON_OPTIONS(demo_options),
};
static const hl_command_spec spec = {
    "demo", "from nothing to pictures: synth, sfm, train, mesh, relight", rows, HL_ROWS(rows), NULL,
    NULL};

enum {
    PATH_BYTES = HL_SCENE_PATH_MAX,
    SHEET_ROWS = 4,    /* held-out views shown                      */
    SHEET_COLUMNS = 5, /* photo, render, difference, depth, normal  */
    ORBIT_FRAMES = 8,
    CELL_WIDTH = 320, /* pixels; the height follows the pictures   */
    DIFFERENCE_GAIN = 4,
    LIGHTS = 4,
    VOXELS_MOST = 512,
    CORNER = 1 /* of --scene */
};

typedef struct demo {
    const demo_options *o;
    char data[PATH_BYTES], model[PATH_BYTES], train[PATH_BYTES];
    char sheet[PATH_BYTES], orbit[PATH_BYTES], splats[PATH_BYTES];
    char mesh[PATH_BYTES], lit[PATH_BYTES], strip[PATH_BYTES];
    double psnr, ssim; /* means over the held-out views that the sheet shows */
    int32_t splat_count;
} demo;

static int run_synth(const demo *d)
{
    static const char *const scenes[] = {"still", "corner", "turntable"};
    hl_chain c;
    hl_chain_start(&c, "synth", &d->o->common);
    hl_chain_add(&c, "-o");
    hl_chain_add(&c, d->data);
    hl_chain_option(&c, "--scene", scenes[d->o->scene]);
    hl_chain_number(&c, "--views", d->o->views);
    hl_chain_number(&c, "--width", d->o->width);
    hl_chain_number(&c, "--height", d->o->height);
    hl_chain_option(&c, "--samples", "4");
    hl_chain_add(&c, "--bare");
    return hl_chain_run(&c, hl_cmd_synth);
}

static int run_sfm(const demo *d)
{
    hl_chain c;
    hl_chain_start(&c, "sfm", &d->o->common);
    hl_chain_add(&c, d->data);
    hl_chain_add(&c, "-o");
    hl_chain_add(&c, d->model);
    return hl_chain_run(&c, hl_cmd_sfm);
}

static int run_train(const demo *d, const char *images)
{
    hl_chain c;
    hl_chain_start(&c, "train", &d->o->common);
    hl_chain_add(&c, d->model);
    hl_chain_add(&c, "-o");
    hl_chain_add(&c, d->train);
    hl_chain_option(&c, "--images", images);
    hl_chain_add(&c, "--eval");
    hl_chain_number(&c, "--iterations", d->o->iterations);
    hl_chain_add(&c, "--geometry");
    return hl_chain_run(&c, hl_cmd_train);
}

/* Without what lies far off, which is made of few large splats. */
static int run_mesh(const demo *d)
{
    const int32_t resolution = 16 + d->o->width * 6 / 5;
    hl_chain c;
    hl_chain_start(&c, "mesh", &d->o->common);
    hl_chain_add(&c, d->train);
    hl_chain_option(&c, "-o", d->mesh);
    hl_chain_number(&c, "--resolution", resolution < VOXELS_MOST ? resolution : VOXELS_MOST);
    hl_chain_number(&c, "--target-faces", (int64_t)d->o->width * d->o->height * 2);
    hl_chain_option(&c, "--crop", "2");
    hl_chain_option(&c, "--texture-size", "0");
    return hl_chain_run(&c, hl_cmd_mesh);
}

static int run_fit(const demo *d)
{
    hl_chain c;
    hl_chain_start(&c, "relight", &d->o->common);
    hl_chain_add(&c, d->train);
    hl_chain_add(&c, "--fit");
    hl_chain_number(&c, "--iterations", d->o->fit_iterations);
    return hl_chain_run(&c, hl_cmd_relight);
}

static const char *const lights[LIGHTS] = {"clear", "sunset", "studio", "neon"};

static int run_relight(const demo *d)
{
    hl_chain c;
    hl_chain_start(&c, "relight", &d->o->common);
    hl_chain_add(&c, d->train);
    hl_chain_option(&c, "-o", d->lit);
    hl_chain_option(&c, "--env", "clear,sunset,studio,neon");
    hl_chain_option(&c, "--views", "1");
    hl_chain_option(&c, "--spp", "64");
    hl_chain_option(&c, "--vertex-samples", "16");
    hl_chain_option(&c, "--bounces", "2");
    return hl_chain_run(&c, hl_cmd_relight);
}

static int run_lights(const demo *d)
{
    int code = run_mesh(d);
    if (code == HL_EXIT_OK)
        code = run_fit(d);
    return code == HL_EXIT_OK ? run_relight(d) : code;
}

/* ---- pictures ----------------------------------------------------------------------------- */

typedef struct gallery {
    hl_image8 image[SHEET_ROWS * SHEET_COLUMNS];
    char caption[SHEET_ROWS * SHEET_COLUMNS][48];
} gallery;

static hl_status save_grid(gallery *g, int32_t grid_rows, int32_t columns, int32_t cell_height,
                           const char *path)
{
    hl_sheet_cell cells[SHEET_ROWS * SHEET_COLUMNS];
    hl_image8 sheet;
    for (int32_t i = 0; i < grid_rows * columns; i++)
        cells[i] = (hl_sheet_cell){&g->image[i], g->caption[i][0] ? g->caption[i] : NULL};
    HL_TRY(hl_sheet_build(&sheet, cells, grid_rows, columns, CELL_WIDTH, cell_height));
    const hl_status status = hl_image8_save(&sheet, path);
    hl_image8_release(&sheet);
    return status;
}

static void release_gallery(gallery *g)
{
    for (int i = 0; i < SHEET_ROWS * SHEET_COLUMNS; i++)
        hl_image8_release(&g->image[i]);
}

/* The photo over the background that the splats are rendered on. */
static hl_status photo_over(const hl_scene *scene, const hl_image8 *photo, hl_image8 *out)
{
    HL_TRY(hl_image8_create(out, photo->width, photo->height, 3));
    const size_t n = (size_t)photo->width * (size_t)photo->height, c = (size_t)photo->channels;
    for (size_t i = 0; i < n; i++) {
        const float alpha = c == 4 ? photo->data[4 * i + 3] / 255.0f : 1;
        for (size_t k = 0; k < 3; k++) {
            const float over = photo->data[c * i + (c < 3 ? 0 : k)] * alpha +
                               255 * scene->background[k] * (1 - alpha);
            out->data[3 * i + k] = (uint8_t)(over + 0.5f);
        }
    }
    return HL_OK;
}

static hl_status depth_and_normal(const hl_raster_frame *frame, const hl_raster_view *view,
                                  hl_image8 *depth, hl_image8 *normal)
{
    /* Normal maps have y up and z towards the viewer. */
    const float *r = view->r;
    const float seen[9] = {r[0], r[1], r[2], -r[3], -r[4], -r[5], -r[6], -r[7], -r[8]};
    hl_image plane = {0};
    hl_status s = hl_scene_depth(frame, &plane);
    if (s == HL_OK)
        s = hl_sheet_depth(depth, &plane, 0, 0);
    hl_image_release(&plane);
    if (s == HL_OK)
        s = hl_scene_normal(frame, &plane);
    if (s == HL_OK)
        s = hl_sheet_normal(normal, &plane, seen);
    hl_image_release(&plane);
    return s;
}

static hl_status score(const hl_image8 *a, const hl_image8 *b, double *psnr, double *ssim)
{
    hl_image x = {0}, y = {0};
    hl_status s = hl_image_from_8(&x, a);
    if (s == HL_OK)
        s = hl_image_from_8(&y, b);
    if (s == HL_OK)
        s = hl_metric_mse(psnr, &x, &y, NULL);
    if (s == HL_OK)
        s = hl_metric_ssim(ssim, &x, &y);
    *psnr = hl_metric_psnr(*psnr);
    hl_image_release(&x);
    hl_image_release(&y);
    return s;
}

/* Row `row` of the sheet: held-out view `index`. */
static hl_status show_view(demo *d, hl_scene *scene, int32_t index, gallery *g, int32_t row)
{
    hl_image8 *cell = &g->image[row * SHEET_COLUMNS];
    char(*caption)[48] = &g->caption[row * SHEET_COLUMNS];
    hl_raster_view view;
    hl_raster_frame frame;
    hl_photo photo;
    double psnr = 0, ssim = 0;
    HL_TRY(hl_scene_view(scene, index, &view));
    HL_TRY(hl_scene_render(scene, &view, HL_RASTER_DEPTH | HL_RASTER_NORMAL, &frame));
    HL_TRY(hl_photos_acquire(scene->photos, index, &photo));
    hl_status s = photo_over(scene, photo.image, &cell[0]);
    hl_photos_release(scene->photos, index);
    if (s == HL_OK)
        s = hl_scene_color(&frame, &cell[1]);
    if (s == HL_OK)
        s = hl_sheet_difference(&cell[2], &cell[0], &cell[1], DIFFERENCE_GAIN);
    if (s == HL_OK)
        s = depth_and_normal(&frame, &view, &cell[3], &cell[4]);
    if (s == HL_OK)
        s = score(&cell[0], &cell[1], &psnr, &ssim);
    snprintf(caption[0], sizeof caption[0], "photo, held out");
    snprintf(caption[1], sizeof caption[1], "splats, %.1f dB", psnr);
    snprintf(caption[2], sizeof caption[2], "difference x %d", DIFFERENCE_GAIN);
    snprintf(caption[3], sizeof caption[3], "depth");
    snprintf(caption[4], sizeof caption[4], "normal");
    d->psnr += psnr;
    d->ssim += ssim;
    return s;
}

static hl_status make_sheet(demo *d, hl_scene *scene, int32_t cell_height)
{
    gallery g = {0};
    hl_status s = HL_OK;
    int32_t shown = 0;
    for (int32_t i = 0; i < scene->views.view_count && shown < SHEET_ROWS && s == HL_OK; i++)
        if (scene->views.views[i].split == HL_SPLIT_TEST)
            s = show_view(d, scene, i, &g, shown++);
    d->psnr /= shown > 0 ? shown : 1;
    d->ssim /= shown > 0 ? shown : 1;
    if (s == HL_OK)
        s = save_grid(&g, shown, SHEET_COLUMNS, cell_height, d->sheet);
    release_gallery(&g);
    return s;
}

/* Once around what the photos look at; before the corner, a spiral. */
static hl_status orbit_poses(const demo *d, hl_scene *scene, hl_pose frames[ORBIT_FRAMES])
{
    const int32_t n = scene->views.view_count;
    hl_pose *poses = hl_arena_alloc(&scene->arena, (size_t)n, sizeof *poses);
    if (!poses)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < n; i++)
        poses[i] = scene->views.views[i].camera_from_world;
    return hl_camera_path_make(frames, ORBIT_FRAMES,
                               d->o->scene == CORNER ? HL_PATH_SPIRAL : HL_PATH_ORBIT, poses, n);
}

static hl_status make_orbit(demo *d, hl_scene *scene, int32_t cell_height)
{
    hl_pose frames[ORBIT_FRAMES];
    gallery g = {0};
    HL_TRY(orbit_poses(d, scene, frames));
    hl_status s = HL_OK;
    for (int32_t k = 0; k < ORBIT_FRAMES && s == HL_OK; k++) {
        hl_raster_view view;
        hl_raster_frame frame;
        s = hl_raster_view_from_camera(&view, hl_photos_camera(scene->photos, 0), &frames[k]);
        if (s == HL_OK)
            s = hl_scene_render(scene, &view, 0, &frame);
        if (s == HL_OK)
            s = hl_scene_color(&frame, &g.image[k]);
    }
    if (s == HL_OK)
        s = save_grid(&g, 2, ORBIT_FRAMES / 2, cell_height, d->orbit);
    release_gallery(&g);
    return s;
}

/* The first held-out photo, and what that camera sees under each light. */
static hl_status make_strip(demo *d, hl_scene *scene, int32_t cell_height)
{
    gallery g = {0};
    hl_photo photo;
    int32_t first = 0;
    while (first + 1 < scene->views.view_count && scene->views.views[first].split != HL_SPLIT_TEST)
        first++;
    HL_TRY(hl_photos_acquire(scene->photos, first, &photo));
    hl_status s = photo_over(scene, photo.image, &g.image[0]);
    hl_photos_release(scene->photos, first);
    snprintf(g.caption[0], sizeof g.caption[0], "photo");
    for (int k = 0; k < LIGHTS && s == HL_OK; k++) {
        char path[PATH_BYTES], name[64];
        snprintf(name, sizeof name, "00000/rgba_%s.png", lights[k]);
        s = hl_path_join(path, sizeof path, d->lit, name);
        if (s == HL_OK)
            s = hl_image8_load(&g.image[k + 1], path, 1);
        snprintf(g.caption[k + 1], sizeof g.caption[k + 1], "%s", lights[k]);
    }
    if (s == HL_OK)
        s = save_grid(&g, 1, LIGHTS + 1, cell_height, d->strip);
    release_gallery(&g);
    return s;
}

static hl_status make_pictures(demo *d)
{
    const int32_t cell_height = (CELL_WIDTH * d->o->height + d->o->width / 2) / d->o->width;
    const hl_scene_options options = {
        .path = d->train, .backend = hl_command_backend(&d->o->common), .need_data = true};
    hl_scene scene;
    hl_status s = hl_scene_open(&scene, &options);
    if (s == HL_OK) {
        snprintf(d->splats, sizeof d->splats, "%s", scene.file);
        d->splat_count = scene.splats.count;
        s = make_sheet(d, &scene, cell_height);
    }
    if (s == HL_OK)
        s = make_orbit(d, &scene, cell_height);
    if (s == HL_OK && d->o->fit_iterations > 0)
        s = make_strip(d, &scene, cell_height);
    hl_scene_close(&scene);
    return s;
}

static hl_status report(const demo *d, double seconds)
{
    if (d->o->common.json) {
        hl_json *root = hl_json_object();
        hl_json_add_text(root, "schema", "helio.demo/1");
        hl_json_add_text(root, "sheet", d->sheet);
        hl_json_add_text(root, "orbit", d->orbit);
        if (d->o->fit_iterations > 0)
            hl_json_add_text(root, "lights", d->strip);
        hl_json_add_text(root, "splats", d->splats);
        hl_json_add_number(root, "splat_count", d->splat_count);
        hl_json_add_number(root, "psnr", d->psnr);
        hl_json_add_number(root, "ssim", d->ssim);
        hl_json_add_number(root, "seconds", seconds);
        hl_json_add_number(root, "cpu_seconds", hl_cpu_seconds());
        return hl_command_print_json(&root);
    }
    printf("%d splats, held-out PSNR %.2f dB, SSIM %.4f, in %.1f s\n", d->splat_count, d->psnr,
           d->ssim, seconds);
    printf("%s\n%s\n%s\n", d->splats, d->sheet, d->orbit);
    if (d->o->fit_iterations > 0)
        printf("%s\n", d->strip);
    return HL_OK;
}

static hl_status set_paths(demo *d)
{
    HL_TRY(hl_path_join(d->data, sizeof d->data, d->o->out, "data"));
    HL_TRY(hl_path_join(d->model, sizeof d->model, d->o->out, "sfm"));
    HL_TRY(hl_path_join(d->train, sizeof d->train, d->o->out, "train"));
    HL_TRY(hl_path_join(d->sheet, sizeof d->sheet, d->o->out, "sheet.png"));
    HL_TRY(hl_path_join(d->mesh, sizeof d->mesh, d->train, "mesh/scene.glb"));
    HL_TRY(hl_path_join(d->lit, sizeof d->lit, d->o->out, "relit"));
    HL_TRY(hl_path_join(d->strip, sizeof d->strip, d->o->out, "lights.png"));
    return hl_path_join(d->orbit, sizeof d->orbit, d->o->out, "orbit.png");
}

/* Where the photos are, for a training that finds the model elsewhere. */
static hl_status find_images(const demo *d, char out[PATH_MAX])
{
    char images[PATH_BYTES];
    HL_TRY(hl_path_join(images, sizeof images, d->data, "images"));
    return realpath(images, out) ? HL_OK : hl_fail(HL_E_IO, "%s: no photos", images);
}

/* The steps, up to the first that fails. */
static int run_steps(const demo *d, hl_status *s)
{
    char images[PATH_MAX];
    int code = run_synth(d);
    if (code == HL_EXIT_OK)
        code = run_sfm(d);
    if (code != HL_EXIT_OK)
        return code;
    *s = find_images(d, images);
    if (*s != HL_OK)
        return HL_EXIT_OK;
    code = run_train(d, images);
    if (code != HL_EXIT_OK || d->o->fit_iterations == 0)
        return code;
    return run_lights(d);
}

int hl_cmd_demo(int argc, char **argv)
{
    demo_options o = {.common = HL_COMMON_DEFAULTS,
                      .views = 32,
                      .width = 320,
                      .height = 240,
                      .iterations = 1500,
                      .fit_iterations = 300};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    demo d = {.o = &o};
    const double start = hl_wall_seconds();
    hl_status s = set_paths(&d);
    if (s == HL_OK && (code = run_steps(&d, &s)) != HL_EXIT_OK)
        return code;
    if (s == HL_OK)
        s = make_pictures(&d);
    if (s == HL_OK)
        s = report(&d, hl_wall_seconds() - start);
    return hl_command_end(&spec, s);
}
