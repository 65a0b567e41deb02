/* SPDX-License-Identifier: MIT */
/* Features on disk: one .helio file a photo, and a folder of them named by content.
 *
 *   JSON   "kind": "features", "width", "height" of the photo, pixels
 *   KPTS   f32 (count, 4)   x, y, scale, angle
 *   DESC   u8  (count, 128)
 *
 * The name in a cache is a hash of all that the result depends on; photos that are moved, renamed
 * or shared between folders are found again, edited ones are not. */
#include "core/file.h"
#include "core/hash.h"
#include "core/helio_file.h"
#include "core/log.h"
#include "core/memory.h"
#include "sfm/feature.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };
static const uint64_t format_version = 1; /* changes with every change of the features' bytes */

_Static_assert(sizeof(hl_keypoint) == 16, "keypoints are stored as they are");

hl_status hl_features_save(const hl_features *features, const char *path)
{
    hl_helio_writer *writer = NULL;
    HL_TRY(hl_helio_writer_create(&writer, path));
    hl_json *json = hl_helio_writer_json(writer);
    hl_json_add_text(json, "kind", "features");
    hl_json_add_number(json, "width", features->width);
    hl_json_add_number(json, "height", features->height);
    hl_status status = hl_helio_writer_add(writer, "KPTS", HL_HELIO_F32, features->count, 4,
                                           features->keypoints, false);
    if (status == HL_OK)
        status = hl_helio_writer_add(writer, "DESC", HL_HELIO_U8, features->count,
                                     HL_DESCRIPTOR_BYTES, features->descriptors, false);
    if (status == HL_OK)
        status = hl_helio_writer_commit(&writer);
    hl_helio_writer_abort(&writer);
    return status;
}

static hl_status check_keypoints(const hl_keypoint *k, int32_t count, const hl_features *f,
                                 const char *path)
{
    for (int32_t i = 0; i < count; i++) {
        const bool inside =
            k[i].x >= 0 && k[i].y >= 0 && k[i].x <= (float)f->width && k[i].y <= (float)f->height;
        if (!inside || !(k[i].scale > 0 && k[i].scale < HUGE_VALF) || !(fabsf(k[i].angle) <= 3.15f))
            return hl_fail(HL_E_FORMAT,
                           "%s: keypoint %d is at (%g, %g), scale %g, angle %g, in a photo of "
                           "%d x %d pixels",
                           path, i, (double)k[i].x, (double)k[i].y, (double)k[i].scale,
                           (double)k[i].angle, f->width, f->height);
    }
    return HL_OK;
}

static hl_status read_head(hl_features *f, const hl_helio_reader *reader, const char *path)
{
    const hl_json *json = hl_helio_reader_json(reader);
    const char *kind = hl_json_text(json, "kind", "");
    const double width = hl_json_number(json, "width", 0);
    const double height = hl_json_number(json, "height", 0);
    const hl_helio_chunk *chunk = hl_helio_reader_find(reader, "KPTS");
    if (strcmp(kind, "features") != 0 || !chunk)
        return hl_fail(HL_E_FORMAT, "%s: holds no features (kind \"%.40s\")", path, kind);
    if (!(width >= 1 && width <= HL_IMAGE_SIDE_MAX && height >= 1 && height <= HL_IMAGE_SIDE_MAX))
        return hl_fail(HL_E_FORMAT, "%s: features of a photo of %g x %g pixels, expected 1..%d",
                       path, width, height, HL_IMAGE_SIDE_MAX);
    if (chunk->rows > HL_FEATURES_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %lld features, expected at most %d", path,
                       (long long)chunk->rows, HL_FEATURES_MAX);
    f->width = (int32_t)width;
    f->height = (int32_t)height;
    f->count = (int32_t)chunk->rows;
    return HL_OK;
}

static hl_status read_all(hl_features *f, hl_helio_reader *reader, const char *path)
{
    const void *keypoints, *descriptors;
    HL_TRY(read_head(f, reader, path));
    HL_TRY(hl_helio_reader_data(reader, "KPTS", HL_HELIO_F32, f->count, 4, &keypoints));
    HL_TRY(hl_helio_reader_data(reader, "DESC", HL_HELIO_U8, f->count, HL_DESCRIPTOR_BYTES,
                                &descriptors));
    HL_TRY(check_keypoints(keypoints, f->count, f, path));
    f->keypoints = hl_alloc((size_t)f->count, sizeof *f->keypoints);
    f->descriptors = hl_alloc((size_t)f->count, HL_DESCRIPTOR_BYTES);
    if (!f->keypoints || !f->descriptors)
        return hl_fail_context(HL_E_MEMORY, "%s", path);
    memcpy(f->keypoints, keypoints, (size_t)f->count * sizeof *f->keypoints);
    memcpy(f->descriptors, descriptors, (size_t)f->count * HL_DESCRIPTOR_BYTES);
    return HL_OK;
}

hl_status hl_features_load(hl_features *features, const char *path)
{
    hl_helio_reader *reader = NULL;
    hl_features f = {0};
    HL_TRY(hl_helio_reader_create(&reader, path));
    const hl_status status = read_all(&f, reader, path);
    hl_helio_reader_destroy(&reader);
    if (status == HL_OK)
        *features = f;
    else
        hl_features_release(&f);
    return status;
}

/* --- cache ------------------------------------------------------------------------------------ */

static hl_status mix_file(uint64_t hash[2], const char *path)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    hl_hash_mix(hash, map.bytes, map.size);
    hl_file_map_close(&map);
    return HL_OK;
}

static void mix_options(uint64_t hash[2], const hl_feature_options *o)
{
    const hl_feature_options none = {0}, *p = o ? o : &none;
    const char *detector = p->detector ? p->detector : "";
    const int32_t whole[] = {p->max_features, p->min_features, p->max_side_px, p->octaves,
                             p->upright,      p->no_upsample,  p->invert_mask};
    const float real[] = {p->peak, p->edge};
    hl_hash_mix(hash, detector, strlen(detector));
    hl_hash_mix(hash, whole, sizeof whole);
    hl_hash_mix(hash, real, sizeof real);
}

static hl_status cache_path(char out[PATH_BYTES], const char *photo, const char *mask,
                            const hl_feature_options *options, const char *cache)
{
    uint64_t hash[2] = {format_version, ~format_version};
    char name[48];
    HL_TRY(mix_file(hash, photo));
    if (mask)
        HL_TRY(mix_file(hash, mask));
    mix_options(hash, options);
    snprintf(name, sizeof name, "%016llx%016llx.helio", (unsigned long long)hash[0],
             (unsigned long long)hash[1]);
    return hl_path_join(out, PATH_BYTES, cache, name);
}

static hl_status extract_files(hl_features *features, const char *photo, const char *mask,
                               const hl_feature_options *options)
{
    hl_image8 image = {0}, mask_image = {0};
    HL_TRY(hl_image8_load(&image, photo, 0));
    hl_status status = mask ? hl_image8_load(&mask_image, mask, 0) : HL_OK;
    if (status == HL_OK)
        status = hl_features_extract(features, &image, mask ? &mask_image : NULL, options);
    if (status != HL_OK)
        hl_fail_context(status, "features of %s", photo);
    hl_image8_release(&image);
    hl_image8_release(&mask_image);
    return status;
}

hl_status hl_features_from_file(hl_features *features, const char *photo, const char *mask,
                                const hl_feature_options *options, const char *cache)
{
    char path[PATH_BYTES];
    if (!cache)
        return extract_files(features, photo, mask, options);
    HL_TRY(cache_path(path, photo, mask, options, cache));
    if (hl_file_exists(path)) {
        if (hl_features_load(features, path) == HL_OK)
            return HL_OK;
        hl_log(HL_LOG_WARN, "%s; the features are found anew", hl_last_error());
    }
    hl_features f;
    HL_TRY(extract_files(&f, photo, mask, options));
    hl_status status = hl_file_make_folder(cache);
    if (status == HL_OK)
        status = hl_features_save(&f, path);
    if (status != HL_OK) {
        hl_features_release(&f);
        return status;
    }
    *features = f;
    return HL_OK;
}
