/* SPDX-License-Identifier: MIT */
#include "cli/train_data.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/splat_io.h"

#include <math.h>
#include <string.h>

/* Depth maps in PNG are whole numbers of 16 bits, which the image reader maps to 0..1. */
#define PNG_16_MAX 65535.0

enum { LOOKS = 4 }; /* photos whose masks are counted */

/* What acquire made beside the cached picture. */
typedef struct held {
    int32_t view;
    float *depth, *normal;
} held;

/* A geometry file at the size of the picture, nearest pixel. */
static hl_status load_plane(float **out, const char *path, int32_t channels, int32_t width,
                            int32_t height)
{
    hl_image image;
    HL_TRY(hl_image_load(&image, path));
    const size_t n = (size_t)channels;
    float *values = NULL;
    hl_status s = HL_OK;
    if (image.channels < channels)
        s = hl_fail(HL_E_FORMAT, "%s: %d channels, expected %d", path, image.channels, channels);
    else if (!(values = hl_alloc((size_t)width * (size_t)height * n, sizeof *values)))
        s = HL_E_MEMORY;
    for (int32_t y = 0; s == HL_OK && y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            const int64_t sy = ((int64_t)2 * y + 1) * image.height / (2 * (int64_t)height);
            const int64_t sx = ((int64_t)2 * x + 1) * image.width / (2 * (int64_t)width);
            const float *from =
                image.data + (size_t)(sy * image.width + sx) * (size_t)image.channels;
            float *to = values + ((size_t)y * (size_t)width + (size_t)x) * n;
            for (size_t c = 0; c < n; c++)
                to[c] = isfinite(from[c]) ? from[c] : 0;
        }
    hl_image_release(&image);
    *out = values;
    return s;
}

/* 8-bit normals are 0.5 n + 0.5. */
static void decode_normals(float *normal, const char *path, size_t pixels)
{
    if (!hl_path_has_extension(path, "png"))
        return;
    for (size_t i = 0; i < pixels; i++) {
        float *n = normal + 3 * i;
        const bool unknown = n[0] == 0 && n[1] == 0 && n[2] == 0;
        for (size_t c = 0; c < 3 && !unknown; c++)
            n[c] = 2 * n[c] - 1;
    }
}

static hl_status add_geometry(const train_data *d, const hl_view *view, held *h,
                              hl_train_photo *photo)
{
    hl_loss_target *t = &photo->target;
    const size_t pixels = (size_t)t->width * (size_t)t->height;
    if (d->want_depth && view->depth_path) {
        HL_TRY(load_plane(&h->depth, view->depth_path, 1, t->width, t->height));
        const bool whole_numbers = hl_path_has_extension(view->depth_path, "png");
        const double scale = view->depth_scale * (whole_numbers ? PNG_16_MAX : 1);
        for (size_t i = 0; i < pixels; i++)
            h->depth[i] *= (float)scale;
        t->depth = h->depth;
    }
    if (d->want_normal && view->normal_path) {
        HL_TRY(load_plane(&h->normal, view->normal_path, 3, t->width, t->height));
        decode_normals(h->normal, view->normal_path, pixels);
        t->normal = h->normal;
    }
    return HL_OK;
}

static void release(void *ctx, hl_train_photo *photo)
{
    train_data *d = ctx;
    held *h = photo->handle;
    hl_photos_release(d->photos, h->view);
    hl_free(h->depth);
    hl_free(h->normal);
    hl_free(h);
}

static hl_status acquire(void *ctx, int32_t index, hl_train_photo *photo)
{
    train_data *d = ctx;
    hl_photo p;
    held *h = hl_alloc(1, sizeof *h);
    if (!h)
        return HL_E_MEMORY;
    h->view = index;
    const hl_status s = hl_photos_acquire(d->photos, index, &p);
    if (s != HL_OK) {
        hl_free(h);
        return s;
    }
    *photo = (hl_train_photo){.target = {.width = p.image->width,
                                         .height = p.image->height,
                                         .channels = p.image->channels,
                                         .pixels = p.image->data,
                                         .mask = p.mask ? p.mask->data : NULL},
                              .handle = h};
    const hl_status g = add_geometry(d, &d->views.views[index], h, photo);
    if (g != HL_OK)
        release(d, photo);
    return g;
}

static void prefetch(void *ctx, const int32_t *indices, int32_t count)
{
    train_data *d = ctx;
    (void)hl_photos_prefetch(d->photos, indices, count); /* a hint: acquire says what is wrong */
}

static hl_status make_scene(train_data *d)
{
    const hl_views *v = &d->views;
    const size_t n = (size_t)v->view_count;
    hl_raster_view *views = hl_arena_alloc(&d->arena, n, sizeof *views);
    const char **names = hl_arena_alloc(&d->arena, n, sizeof *names);
    int32_t *train = hl_arena_alloc(&d->arena, n, sizeof *train);
    int32_t *test = hl_arena_alloc(&d->arena, n, sizeof *test);
    if (!views || !names || !train || !test)
        return HL_E_MEMORY;
    for (int32_t i = 0; i < v->view_count; i++) {
        const hl_camera *camera = hl_photos_camera(d->photos, i);
        names[i] = v->views[i].name;
        HL_TRY(hl_raster_view_from_camera(&views[i], camera, &v->views[i].camera_from_world));
        d->max_width = camera->width > d->max_width ? camera->width : d->max_width;
        d->max_height = camera->height > d->max_height ? camera->height : d->max_height;
    }
    d->scene = (hl_train_scene){
        .view_count = v->view_count,
        .views = views,
        .names = names,
        .train_count = hl_views_in_split(v, HL_SPLIT_TRAIN, train),
        .train = train,
        .test_count = hl_views_in_split(v, HL_SPLIT_TEST, test),
        .test = test,
        .point_count = v->point_count,
        .points = v->points,
        .colors = v->point_colors,
        .init_splats = d->init.count > 0 ? &d->init : NULL,
        .mesh = d->mesh.triangle_count > 0 ? &d->mesh : NULL,
        .has_alpha = v->has_alpha,
        .photos = {.ctx = d, .acquire = acquire, .release = release, .prefetch = prefetch}};
    return HL_OK;
}

hl_status hl_train_data_open(train_data *data, const train_data_options *options)
{
    memset(data, 0, sizeof *data);
    hl_arena_init(&data->arena, 0, 0);
    data->want_depth = options->want_depth;
    data->want_normal = options->want_normal;
    HL_TRY(hl_dataset_load(&data->views, options->path, &options->dataset));
    HL_TRY(hl_dataset_need_poses(&data->views));
    HL_TRY(hl_photos_create(&data->photos, &data->views, &options->photos));
    if (options->init_path)
        HL_TRY(hl_splats_load(&data->init, &data->arena, options->init_path, NULL));
    if (options->mesh_path) {
        HL_TRY(hl_mesh_load(&data->mesh, NULL, options->mesh_path));
        if (data->mesh.triangle_count < 1)
            return hl_fail(HL_E_FORMAT, "%s: holds no triangles, expected a surface",
                           options->mesh_path);
        if (!data->mesh.normals)
            HL_TRY(hl_mesh_fill_normals(&data->mesh));
    }
    return make_scene(data);
}

void hl_train_data_release(train_data *data)
{
    hl_photos_destroy(&data->photos);
    hl_views_release(&data->views);
    hl_mesh_release(&data->mesh);
    hl_arena_release(&data->arena);
}

size_t hl_train_data_photo_bytes(const train_data *data, const train_data_options *options)
{
    const uint64_t all = hl_photos_total_bytes(data->photos);
    const uint64_t cache =
        options->photos.cache_bytes ? options->photos.cache_bytes : HL_PHOTOS_CACHE_DEFAULT;
    return (size_t)(all < cache ? all : cache);
}

hl_status hl_train_data_kept(const train_data *data, double *share)
{
    const hl_train_scene *scene = &data->scene;
    const int32_t n = scene->train_count, looks = n < LOOKS ? n : LOOKS;
    uint64_t kept = 0, all = 0;
    bool masks = false;
    for (int32_t i = 0; i < data->views.view_count; i++)
        masks |= data->views.views[i].mask_path != NULL;
    for (int32_t k = 0; masks && k < looks; k++) {
        hl_train_photo photo;
        HL_TRY(
            scene->photos.acquire(scene->photos.ctx, scene->train[(int64_t)k * n / looks], &photo));
        const hl_loss_target *t = &photo.target;
        const size_t pixels = (size_t)t->width * (size_t)t->height;
        for (size_t i = 0; i < pixels; i++)
            kept += !t->mask || t->mask[i];
        all += pixels;
        scene->photos.release(scene->photos.ctx, &photo);
    }
    *share = all > 0 ? (double)kept / (double)all : 1;
    return HL_OK;
}
