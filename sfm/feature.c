/* SPDX-License-Identifier: MIT */
/* The door of feature extraction: options, detectors, grey pictures. */
#include "sfm/feature.h"

#include "core/memory.h"
#include "sfm/feat/sift.h"

#include <math.h>
#include <string.h>

/* A detector: a grey picture, 0..1, of the size to work at; features->width and height are set. */
typedef hl_status (*detect_fn)(hl_features *features, const hl_image *grey, const hl_image8 *mask,
                               const hl_feature_options *options);

/* How much weaker than `peak` a blob may be that fills up.  On the 48 photos of dino, which has
 * next to no texture, 8 gives 2.2 times the correct matches of 1; 16 gives no more. */
static const float fill_depth = 8;

static hl_status detect_sift(hl_features *features, const hl_image *grey, const hl_image8 *mask,
                             const hl_feature_options *o)
{
    hl_sift_settings s = {
        .max_features = o->max_features,
        .min_features = o->min_features,
        .octaves = o->octaves,
        .peak = o->peak,
        .floor = o->min_features > 0 ? o->peak / fill_depth : o->peak,
        .edge = o->edge,
        .upright = o->upright,
        .upsample = !o->no_upsample,
    };
    return hl_sift_extract(features, grey, mask, o->invert_mask, &s, hl_sift_kernels_best());
}

static const struct detector {
    const char *name;
    detect_fn detect;
} detectors[] = {
    {"sift", detect_sift}, /* the default */
};

static hl_status fill_options(hl_feature_options *o, const hl_feature_options *given)
{
    *o = given ? *given : (hl_feature_options){0};
    if (!o->detector)
        o->detector = detectors[0].name;
    if (o->max_features == 0)
        o->max_features = HL_FEATURES_DEFAULT;
    if (o->min_features == 0)
        o->min_features = HL_FEATURES_FILL;
    if (o->max_side_px == 0)
        o->max_side_px = HL_FEATURE_SIDE_DEFAULT;
    if (o->octaves == 0)
        o->octaves = HL_FEATURE_OCTAVES;
    if (o->peak == 0)
        o->peak = HL_FEATURE_PEAK;
    if (o->edge == 0)
        o->edge = HL_FEATURE_EDGE;
    if (o->max_features < 1 || o->max_features > HL_FEATURES_MAX)
        return hl_fail(HL_E_ARG, "features: at most %d of them, expected 1..%d", o->max_features,
                       HL_FEATURES_MAX);
    if (o->octaves < 1 || o->octaves > HL_SIFT_OCTAVES)
        return hl_fail(HL_E_ARG, "features: %d octaves, expected 1..%d", o->octaves,
                       HL_SIFT_OCTAVES);
    if (o->max_side_px < 16)
        return hl_fail(HL_E_ARG, "features: pictures of at most %d pixels a side, expected 16 ..",
                       o->max_side_px);
    if (!(o->peak > 0 && o->peak < 1) || !(o->edge > 1 && o->edge < 1e6f))
        return hl_fail(HL_E_ARG,
                       "features: contrast %g and elongation %g, expected 0..1 and 1..1e6",
                       (double)o->peak, (double)o->edge);
    return HL_OK;
}

static const struct detector *detector_of(const hl_feature_options *o)
{
    for (size_t i = 0; i < sizeof detectors / sizeof *detectors; i++)
        if (strcmp(detectors[i].name, o->detector) == 0)
            return &detectors[i];
    hl_fail(HL_E_ARG, "features: no detector \"%s\", expected \"sift\"", o->detector);
    return NULL;
}

/* Longer side at most `limit`; the size to work at. */
static void reduced_size(int32_t *width, int32_t *height, int32_t limit)
{
    const int32_t longer = *width > *height ? *width : *height;
    if (longer <= limit)
        return;
    const double by = (double)limit / longer;
    *width = (int32_t)fmax(1, round(*width * by));
    *height = (int32_t)fmax(1, round(*height * by));
}

/* Luma of BT.601 in 0..1, reduced by area average where the picture is too large. */
static hl_status make_grey(hl_image *grey, const hl_image8 *image, int32_t limit)
{
    hl_image full;
    HL_TRY(hl_image_create(&full, image->width, image->height, 1));
    const int64_t pixels = (int64_t)image->width * image->height;
    for (int64_t i = 0; i < pixels; i++) {
        const uint8_t *p = image->data + i * image->channels;
        full.data[i] = image->channels < 3
                           ? (float)p[0] * (1.0f / 255)
                           : ((float)p[0] * 0.299f + (float)p[1] * 0.587f + (float)p[2] * 0.114f) *
                                 (1.0f / 255);
    }
    int32_t width = image->width, height = image->height;
    reduced_size(&width, &height, limit);
    if (width == image->width && height == image->height) {
        *grey = full;
        return HL_OK;
    }
    const hl_status status = hl_image_resize(grey, &full, width, height);
    hl_image_release(&full);
    return status;
}

hl_status hl_features_extract(hl_features *features, const hl_image8 *image, const hl_image8 *mask,
                              const hl_feature_options *options)
{
    hl_feature_options o;
    HL_TRY(fill_options(&o, options));
    const struct detector *detector = detector_of(&o);
    if (!detector)
        return HL_E_ARG;
    if (!image || !image->data || image->width < 1 || image->height < 1 || image->channels < 1 ||
        image->channels > 4)
        return hl_fail(HL_E_ARG, "features: no picture, or one of %d channels, expected 1..4",
                       image ? image->channels : 0);
    if (mask && (!mask->data || mask->width < 1 || mask->height < 1))
        return hl_fail(HL_E_ARG, "features: the mask is empty");
    hl_image grey;
    HL_TRY(make_grey(&grey, image, o.max_side_px));
    hl_features f = {.width = image->width, .height = image->height};
    const hl_status status = detector->detect(&f, &grey, mask, &o);
    hl_image_release(&grey);
    if (status == HL_OK)
        *features = f;
    return status;
}

void hl_features_release(hl_features *features)
{
    if (!features)
        return;
    hl_free(features->keypoints);
    hl_free(features->descriptors);
    memset(features, 0, sizeof *features);
}

uint64_t hl_features_bytes(int32_t width, int32_t height, const hl_feature_options *options)
{
    hl_feature_options o;
    if (width < 1 || height < 1 || fill_options(&o, options) != HL_OK)
        return 0;
    uint64_t bytes = (uint64_t)width * (uint64_t)height * 4; /* grey */
    reduced_size(&width, &height, o.max_side_px);
    const uint64_t pixels = (uint64_t)(width + HL_SIFT_GRAIN) * (uint64_t)height;
    const uint64_t first = pixels * (o.no_upsample ? 4 : 16); /* one level of the first octave */
    bytes += pixels * 4 + first * HL_SIFT_LEVELS;
    return bytes + (uint64_t)o.max_features * (HL_DESCRIPTOR_BYTES + sizeof(hl_keypoint));
}
