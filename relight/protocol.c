/* SPDX-License-Identifier: MIT */

#include "relight/protocol.h"

#include "core/color.h"
#include "core/memory.h"
#include "core/metric.h"

#include <math.h>
#include <string.h>

enum { RATIO_SHIFT = 11, RATIO_BINS = 1 << 20, ERODE = 2 };

#define RATIO_LEAST 1e-4f /* darker albedo has no meaningful ratio */

static const hl_protocol table[] = {
    {.name = "helio",
     .rules = "over white, 8 bits, no cut by the true mask; albedo in sRGB, scaled by one median "
              "per channel over all test views, before relighting",
     .background = 1,
     .eight_bit = true,
     .relight_scaled = true,
     .scale = HL_SCALE_ALL,
     .albedo = HL_ALBEDO_SRGB},
    {.name = "tensoir",
     .rules = "over white where predicted alpha > 1/2; albedo gamma 2.2, pooled, scaled by the "
              "median of 20 views, before relighting; normals over the whole image",
     .background = 1,
     .hard_alpha = true,
     .ssim_valid = true,
     .relight_scaled = true,
     .albedo_pooled = true,
     .scale = HL_SCALE_SPREAD,
     .albedo = HL_ALBEDO_GAMMA,
     .normal_whole_image = true},
    {.name = "gsir",
     .rules = "over black, prediction cut by the true mask, truth not composited; no albedo scale "
              "before relighting; albedo as tensoir; normals over the whole image",
     .cut = true,
     .raw_truth = true,
     .albedo_pooled = true,
     .scale = HL_SCALE_SPREAD,
     .albedo = HL_ALBEDO_GAMMA,
     .normal_whole_image = true},
    {.name = "r3dg",
     .rules = "over black, prediction cut by the true mask; albedo in sRGB, scaled by the median "
              "of the first test view, before relighting",
     .cut = true,
     .relight_scaled = true,
     .scale = HL_SCALE_FIRST,
     .albedo = HL_ALBEDO_SRGB,
     .normal_whole_image = true},
    {.name = "irgs",
     .rules = "over black, prediction cut by the true mask; albedo linear, scaled by one median "
              "per channel over all test views, before relighting; normals over the whole image",
     .cut = true,
     .relight_scaled = true,
     .scale = HL_SCALE_ALL,
     .albedo = HL_ALBEDO_LINEAR,
     .normal_whole_image = true},
    {.name = "orb",
     .rules = "each picture scaled per channel by least squares inside the eroded true mask, no "
              "worse than grey 1/2; linear (PSNR-H, from the pictures given) and sRGB (PSNR-L)",
     .eroded = true,
     .cut = true,
     .floor_grey = true,
     .scale = HL_SCALE_IMAGE,
     .albedo = HL_ALBEDO_SRGB},
    {.name = NULL},
};

const hl_protocol *hl_protocols(void)
{
    return table;
}

const hl_protocol *hl_protocol_find(const char *name)
{
    for (const hl_protocol *p = table; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

bool hl_protocol_scales_by(const hl_protocol *p, int32_t index, int32_t count)
{
    if (p->scale == HL_SCALE_FIRST)
        return index == 0;
    if (p->scale == HL_SCALE_IMAGE)
        return false;
    if (p->scale == HL_SCALE_ALL || count <= HL_SCALE_SPREAD_VIEWS)
        return true;
    const int64_t step = (int64_t)index * HL_SCALE_SPREAD_VIEWS;
    return step / count != (step - HL_SCALE_SPREAD_VIEWS) / count || index == 0;
}

/* ---- masks and checks --------------------------------------------------------------------- */

static hl_status need(const hl_image *a, const hl_image *b, int32_t channels_a, int32_t channels_b)
{
    if (a->width != b->width || a->height != b->height || a->channels < channels_a ||
        b->channels < channels_b)
        return hl_fail(HL_E_ARG, "maps of %d x %d x %d and %d x %d x %d cannot be scored", a->width,
                       a->height, a->channels, b->width, b->height, b->channels);
    return HL_OK;
}

static size_t pixels_of(const hl_image *image)
{
    return (size_t)image->width * (size_t)image->height;
}

/* Alpha of pixel i: the last channel. */
static float alpha_of(const hl_image *image, size_t i)
{
    return image->data[(i + 1) * (size_t)image->channels - 1];
}

/* Whether all neighbours within ERODE pixels are object too. */
static bool inside(const hl_image *truth, int32_t x, int32_t y)
{
    for (int32_t v = y - ERODE; v <= y + ERODE; v++)
        for (int32_t u = x - ERODE; u <= x + ERODE; u++)
            if (u < 0 || v < 0 || u >= truth->width || v >= truth->height ||
                !(alpha_of(truth, (size_t)v * (size_t)truth->width + (size_t)u) > 0.5f))
                return false;
    return true;
}

/* mask (pixels): out, 0 or 1.  Returns how many are 1. */
static size_t object_mask(const hl_image *truth, bool eroded, uint8_t *mask)
{
    size_t count = 0;
    for (size_t i = 0; i < pixels_of(truth); i++) {
        const int32_t x = (int32_t)(i % (size_t)truth->width);
        const int32_t y = (int32_t)(i / (size_t)truth->width);
        mask[i] = alpha_of(truth, i) > 0.5f && (!eroded || inside(truth, x, y));
        count += mask[i];
    }
    return count;
}

/* ---- pictures ----------------------------------------------------------------------------- */

typedef struct pair {
    hl_image a, b; /* prediction, truth; 3 channels */
    uint8_t *mask; /* (pixels) object */
    size_t object; /* pixels of it */
} pair;

static void pair_release(pair *p)
{
    hl_image_release(&p->a);
    hl_image_release(&p->b);
    hl_free(p->mask);
}

static hl_status pair_create(pair *p, const hl_image *alpha, bool eroded)
{
    memset(p, 0, sizeof *p);
    hl_status s = hl_image_create(&p->a, alpha->width, alpha->height, 3);
    if (s == HL_OK)
        s = hl_image_create(&p->b, alpha->width, alpha->height, 3);
    if (s == HL_OK && !(p->mask = hl_alloc(pixels_of(alpha), 1)))
        s = HL_E_MEMORY;
    if (s == HL_OK)
        p->object = object_mask(alpha, eroded, p->mask);
    else
        pair_release(p);
    return s;
}

/* Clamped to [0, 1]; NaN counts as 0. */
static float unit(float x)
{
    return x > 0 ? (x < 1 ? x : 1) : 0;
}

static float round_8(float x)
{
    return floorf(x * 255 + 0.5f) / 255;
}

static void compose(const hl_protocol *p, const hl_image *prediction, const hl_image *truth,
                    pair *out)
{
    for (size_t i = 0; i < pixels_of(truth); i++) {
        const float *f = prediction->data + 4 * i, *t = truth->data + 4 * i;
        const float alpha = p->hard_alpha ? (f[3] > 0.5f ? 1.0f : 0.0f) : unit(f[3]);
        const float grey = p->background;
        for (size_t k = 0; k < 3; k++) {
            float a = alpha * unit(f[k]) + (1 - alpha) * grey;
            float b = p->raw_truth ? unit(t[k]) : t[3] * unit(t[k]) + (1 - t[3]) * grey;
            if (p->cut)
                a *= t[3];
            out->a.data[3 * i + k] = p->eight_bit ? round_8(a) : a;
            out->b.data[3 * i + k] = p->eight_bit ? round_8(b) : b;
        }
    }
}

static hl_status grey_mse(const pair *p, double *mse)
{
    hl_image grey;
    HL_TRY(hl_image_create(&grey, p->a.width, p->a.height, 3));
    for (size_t i = 0; i < 3 * pixels_of(&grey); i++)
        grey.data[i] = 0.5f;
    const hl_status s = hl_metric_mse(mse, &grey, &p->b, p->mask);
    hl_image_release(&grey);
    return s;
}

/* PSNR, SSIM of a pair that is ready. */
static hl_status score_pair(const hl_protocol *p, const pair *q, hl_picture_score *score)
{
    double object = 0, grey = 0;
    score->psnr_object = score->psnr_linear = nan("");
    if (q->object) {
        HL_TRY(hl_metric_mse(&object, &q->a, &q->b, q->mask));
        score->psnr_object = hl_metric_psnr(object);
    }
    if (p->eroded && !q->object)
        return hl_fail(HL_E_ARG, "the eroded mask leaves no pixel to compare");
    HL_TRY(hl_metric_mse(&score->mse, &q->a, &q->b, p->eroded ? q->mask : NULL));
    if (p->floor_grey) {
        HL_TRY(grey_mse(q, &grey));
        score->mse = score->mse < grey ? score->mse : grey;
    }
    score->psnr = hl_metric_psnr(score->mse);
    return p->ssim_valid ? hl_metric_ssim_valid(&score->ssim, &q->a, &q->b)
                         : hl_metric_ssim(&score->ssim, &q->a, &q->b);
}

/* Multiplies a by the factor per channel that brings it nearest to b inside the mask. */
static void fit_scale(pair *q)
{
    for (size_t k = 0; k < 3; k++) {
        double ab = 0, aa = 0;
        for (size_t i = 0; i < pixels_of(&q->a); i++) {
            const double a = (double)q->a.data[3 * i + k], b = (double)q->b.data[3 * i + k];
            ab += q->mask[i] ? a * b : 0;
            aa += q->mask[i] ? a * a : 0;
        }
        const float f = aa > 0 ? (float)(ab / aa) : 1;
        for (size_t i = 0; i < pixels_of(&q->a); i++)
            q->a.data[3 * i + k] *= f;
    }
}

static void decode(hl_image *image)
{
    for (size_t i = 0; i < 3 * pixels_of(image); i++)
        image->data[i] = hl_linear_from_srgb(image->data[i]);
}

static void encode(hl_image *image)
{
    for (size_t i = 0; i < 3 * pixels_of(image); i++)
        image->data[i] = unit(hl_srgb_from_linear(image->data[i]));
}

/* Stanford-ORB: scaled on linear values, scored on linear and on sRGB. */
static hl_status score_scaled(const hl_protocol *p, pair *q, hl_picture_score *score)
{
    hl_picture_score linear;
    decode(&q->a);
    decode(&q->b);
    fit_scale(q);
    HL_TRY(score_pair(p, q, &linear));
    encode(&q->a);
    encode(&q->b);
    HL_TRY(score_pair(p, q, score));
    score->psnr_linear = linear.psnr;
    return HL_OK;
}

hl_status hl_protocol_score_picture(const hl_protocol *p, const hl_image *prediction,
                                    const hl_image *truth, hl_picture_score *score)
{
    pair q;
    HL_TRY(need(prediction, truth, 4, 4));
    HL_TRY(pair_create(&q, truth, p->eroded));
    compose(p, prediction, truth, &q);
    const hl_status s =
        p->scale == HL_SCALE_IMAGE ? score_scaled(p, &q, score) : score_pair(p, &q, score);
    pair_release(&q);
    return s;
}

/* ---- albedo ------------------------------------------------------------------------------- */

static float coded(hl_albedo_space space, float x)
{
    const float y = unit(x);
    if (space == HL_ALBEDO_LINEAR)
        return y;
    return space == HL_ALBEDO_SRGB ? hl_srgb_from_linear(y) : powf(y, 1 / 2.2f);
}

hl_status hl_protocol_score_albedo(const hl_protocol *p, const hl_image *prediction,
                                   const hl_image *truth, const hl_image *alpha,
                                   const float scale[3], hl_picture_score *score)
{
    pair q;
    HL_TRY(need(prediction, truth, 3, 3));
    HL_TRY(need(alpha, truth, 1, 3));
    HL_TRY(pair_create(&q, alpha, p->eroded));
    const size_t ca = (size_t)prediction->channels, cb = (size_t)truth->channels;
    const bool own = p->scale == HL_SCALE_IMAGE;
    for (size_t i = 0; i < pixels_of(truth); i++)
        for (size_t k = 0; k < 3; k++) {
            const float t = unit(alpha_of(alpha, i)), grey = (1 - t) * p->background;
            q.a.data[3 * i + k] = unit(prediction->data[ca * i + k] * (own ? 1 : scale[k])) * t;
            q.b.data[3 * i + k] = unit(truth->data[cb * i + k]) * t;
            q.a.data[3 * i + k] += grey;
            q.b.data[3 * i + k] += grey;
        }
    if (own)
        fit_scale(&q);
    for (size_t i = 0; i < 3 * pixels_of(truth); i++) {
        q.a.data[i] = coded(p->albedo, q.a.data[i]);
        q.b.data[i] = coded(p->albedo, q.b.data[i]);
        if (p->eight_bit) {
            q.a.data[i] = round_8(q.a.data[i]);
            q.b.data[i] = round_8(q.b.data[i]);
        }
    }
    const hl_status s = score_pair(p, &q, score);
    pair_release(&q);
    return s;
}

hl_status hl_albedo_ratio_create(hl_albedo_ratio *ratio)
{
    hl_albedo_ratio made = {0};
    for (int k = 0; k < 3; k++) {
        made.bins[k] = hl_alloc(RATIO_BINS, sizeof *made.bins[k]);
        made.sums[k] = hl_alloc(RATIO_BINS, sizeof *made.sums[k]);
        if (!made.bins[k] || !made.sums[k]) {
            hl_albedo_ratio_release(&made);
            return HL_E_MEMORY;
        }
    }
    *ratio = made;
    return HL_OK;
}

void hl_albedo_ratio_release(hl_albedo_ratio *ratio)
{
    for (int k = 0; k < 3; k++) {
        hl_free(ratio->bins[k]);
        hl_free(ratio->sums[k]);
    }
    memset(ratio, 0, sizeof *ratio);
}

hl_status hl_albedo_ratio_add(hl_albedo_ratio *ratio, const hl_image *prediction,
                              const hl_image *truth, const hl_image *alpha)
{
    HL_TRY(need(prediction, truth, 3, 3));
    HL_TRY(need(alpha, truth, 1, 3));
    const size_t ca = (size_t)prediction->channels, cb = (size_t)truth->channels;
    for (size_t i = 0; i < pixels_of(truth); i++)
        for (size_t k = 0; k < 3 && alpha_of(alpha, i) >= 1; k++) {
            const float a = prediction->data[ca * i + k], b = truth->data[cb * i + k];
            if (!(a > RATIO_LEAST && b > RATIO_LEAST) || !isfinite(a) || !isfinite(b))
                continue;
            const float r = b / a; /* positive and finite: ordered as its bits are */
            uint32_t bits;
            memcpy(&bits, &r, sizeof bits);
            const uint32_t bin = (bits >> RATIO_SHIFT) & (RATIO_BINS - 1);
            ratio->bins[k][bin]++;
            ratio->sums[k][bin] += (double)r;
            ratio->count[k]++;
        }
    return HL_OK;
}

void hl_albedo_ratio_median(const hl_albedo_ratio *ratio, float scale[3])
{
    for (int k = 0; k < 3; k++) {
        uint64_t seen = 0;
        scale[k] = 1;
        for (uint32_t b = 0; b < RATIO_BINS && ratio->count[k]; b++) {
            seen += ratio->bins[k][b];
            if (2 * seen < ratio->count[k])
                continue;
            scale[k] = (float)(ratio->sums[k][b] / ratio->bins[k][b]);
            break;
        }
    }
}

/* ---- normals and single channels ---------------------------------------------------------- */

/* Cosine of the angle; 0 where a vector has no length. */
static double cosine(const float *a, const double b[3])
{
    double dot = 0, aa = 0, bb = 0;
    for (int k = 0; k < 3; k++) {
        dot += (double)a[k] * b[k];
        aa += (double)a[k] * (double)a[k];
        bb += b[k] * b[k];
    }
    const double length = sqrt(aa * bb);
    const double c = length > 0 ? dot / length : 0;
    return c > -1 ? (c < 1 ? c : 1) : (c <= -1 ? -1 : 0);
}

hl_status hl_score_normal(const hl_image *prediction, const hl_image *truth, const hl_image *alpha,
                          hl_normal_score *score)
{
    const double deg = 180 / 3.14159265358979323846;
    double object = 0, image = 0, off = 0;
    size_t count = 0;
    HL_TRY(need(prediction, truth, 3, 3));
    HL_TRY(need(alpha, truth, 1, 3));
    const size_t ca = (size_t)prediction->channels, cb = (size_t)truth->channels;
    for (size_t i = 0; i < pixels_of(truth); i++) {
        const float *t = truth->data + cb * i, *f = prediction->data + ca * i;
        const bool solid = alpha_of(alpha, i) > 0.5f;
        const double want[3] = {solid ? (double)t[0] : 0, solid ? (double)t[1] : 0,
                                solid ? (double)t[2] : 1};
        const bool empty = f[0] == 0 && f[1] == 0 && f[2] == 0;
        const double c = !solid && empty ? 1 : cosine(f, want); /* nothing there, as it should */
        image += acos(c) * deg;
        if (!solid)
            continue;
        object += acos(c) * deg;
        off += 1 - c;
        count++;
    }
    const double none = nan("");
    score->object_deg = count ? object / (double)count : none;
    score->cosine = count ? off / (double)count : none;
    score->image_deg = image / (double)pixels_of(truth);
    return HL_OK;
}

hl_status hl_score_channel(const hl_image *prediction, const hl_image *truth, int32_t channel,
                           const hl_image *alpha, double *mse)
{
    double sum = 0;
    size_t count = 0;
    HL_TRY(need(prediction, truth, channel + 1, channel + 1));
    HL_TRY(need(alpha, truth, 1, 1));
    const size_t ca = (size_t)prediction->channels, cb = (size_t)truth->channels;
    for (size_t i = 0; i < pixels_of(truth); i++) {
        if (!(alpha_of(alpha, i) > 0.5f))
            continue;
        const double d = (double)prediction->data[ca * i + (size_t)channel] -
                         (double)truth->data[cb * i + (size_t)channel];
        sum += d * d;
        count++;
    }
    *mse = count ? sum / (double)count : nan("");
    return HL_OK;
}
