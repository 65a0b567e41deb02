/* SPDX-License-Identifier: MIT */
/* LPIPS v0.1 with the SqueezeNet 1.1 backbone (Zhang et al. 2018, "The Unreasonable Effectiveness
 * of Deep Features as a Perceptual Metric"; Iandola et al. 2016 for the network).
 *
 * Both pictures go through the network side by side.  After each of seven stages the features of a
 * pixel are scaled to unit length over the channels; the squared difference, weighted per channel,
 * is averaged over the pixels; the seven means are added.
 *
 *   stage 0  conv 3x3 /2, 64 channels      stage 3  pool, fire 9
 *   stage 1  pool, fire 3, 4               stage 4  fire 10
 *   stage 2  pool, fire 6, 7               stage 5  fire 11       stage 6  fire 12
 *
 * A fire module is a 1x1 convolution to few channels, then 1x1 and 3x3 side by side; every
 * convolution ends in max(0, x).  Convolutions run over tiles of TILE pixels whose inputs are
 * gathered once (im2col), then QUAD output channels at a time. */

#include "core/io/safetensors.h"
#include "core/memory.h"
#include "core/metric.h"
#include "core/parallel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STAGES = 7, FIRES = 8, TILE = 32, LANES = 8, QUAD = 4, SIDE_MIN = 32, FIRST = 64 };

typedef struct convolution {
    int32_t in, out, size; /* channels, channels, 1 or 3 */
    float *weight;         /* (out, in, size, size)      */
    float *bias;           /* (out)                      */
} convolution;

typedef struct fire {
    convolution squeeze, expand1, expand3;
} fire;

struct hl_lpips {
    convolution first;
    fire fires[FIRES];
    float *linear[STAGES]; /* (channels of the stage) */
};

typedef struct tensor {
    int32_t channels, height, width;
    float *data; /* (channels, height, width) */
} tensor;

/* Channels: in, squeezed, expanded (each half), number in the file, stage that it belongs to. */
static const struct fire_shape {
    int32_t in, squeezed, expanded;
    int number, stage;
} fire_shapes[FIRES] = {
    {64, 16, 64, 3, 1},   {128, 16, 64, 4, 1},   {128, 32, 128, 6, 2},  {256, 32, 128, 7, 2},
    {256, 48, 192, 9, 3}, {384, 48, 192, 10, 4}, {384, 64, 256, 11, 5}, {512, 64, 256, 12, 6},
};

/* ---- weights ------------------------------------------------------------------------------ */

static hl_status load_array(const hl_safetensors *file, const char *name, const char *kind,
                            size_t count, float **out)
{
    char tensor_name[64];
    snprintf(tensor_name, sizeof tensor_name, "%s.%s", name, kind);
    *out = hl_alloc(count, sizeof **out);
    if (!*out)
        return HL_E_MEMORY;
    return hl_safetensors_read(file, tensor_name, *out, count);
}

static hl_status load_convolution(const hl_safetensors *file, const char *name, int32_t in,
                                  int32_t out, int32_t size, convolution *c)
{
    c->in = in;
    c->out = out;
    c->size = size;
    HL_TRY(load_array(file, name, "weight", (size_t)(out * in * size * size), &c->weight));
    return load_array(file, name, "bias", (size_t)out, &c->bias);
}

static hl_status load_fire(const hl_safetensors *file, const struct fire_shape *s, fire *f)
{
    char name[64];
    snprintf(name, sizeof name, "features.%d.squeeze", s->number);
    HL_TRY(load_convolution(file, name, s->in, s->squeezed, 1, &f->squeeze));
    snprintf(name, sizeof name, "features.%d.expand1x1", s->number);
    HL_TRY(load_convolution(file, name, s->squeezed, s->expanded, 1, &f->expand1));
    snprintf(name, sizeof name, "features.%d.expand3x3", s->number);
    return load_convolution(file, name, s->squeezed, s->expanded, 3, &f->expand3);
}

static hl_status load_all(const hl_safetensors *file, hl_lpips *net)
{
    HL_TRY(load_convolution(file, "features.0", 3, FIRST, 3, &net->first));
    HL_TRY(load_array(file, "lin0", "weight", FIRST, &net->linear[0]));
    for (int i = 0; i < FIRES; i++) {
        const struct fire_shape *s = &fire_shapes[i];
        HL_TRY(load_fire(file, s, &net->fires[i]));
        if (i + 1 < FIRES && fire_shapes[i + 1].stage == s->stage)
            continue;
        char name[16];
        snprintf(name, sizeof name, "lin%d", s->stage);
        HL_TRY(load_array(file, name, "weight", 2 * (size_t)s->expanded, &net->linear[s->stage]));
    }
    return HL_OK;
}

hl_status hl_lpips_load(hl_lpips **out, const char *path)
{
    hl_file_map map;
    hl_safetensors file = {0};
    HL_TRY(hl_file_map_open(&map, path));
    hl_lpips *net = hl_alloc(1, sizeof *net);
    hl_status s = net ? hl_safetensors_parse(&file, path, map.bytes, map.size) : HL_E_MEMORY;
    if (s == HL_OK)
        s = load_all(&file, net);
    if (file.header)
        hl_safetensors_release(&file);
    hl_file_map_close(&map);
    if (s == HL_OK)
        *out = net;
    else
        hl_lpips_destroy(&net);
    return s;
}

static void release_convolution(convolution *c)
{
    hl_free(c->weight);
    hl_free(c->bias);
}

void hl_lpips_destroy(hl_lpips **lpips)
{
    hl_lpips *net = *lpips;
    if (!net)
        return;
    release_convolution(&net->first);
    for (int i = 0; i < FIRES; i++) {
        release_convolution(&net->fires[i].squeeze);
        release_convolution(&net->fires[i].expand1);
        release_convolution(&net->fires[i].expand3);
    }
    for (int i = 0; i < STAGES; i++)
        hl_free(net->linear[i]);
    hl_free(net);
    *lpips = NULL;
}

/* ---- layers ------------------------------------------------------------------------------- */

static hl_status tensor_make(tensor *t, int32_t channels, int32_t height, int32_t width)
{
    float *data = hl_alloc((size_t)channels * (size_t)height, (size_t)width * sizeof *data);
    if (!data)
        return HL_E_MEMORY;
    *t = (tensor){channels, height, width, data};
    return HL_OK;
}

static void tensor_release(tensor *t)
{
    hl_free(t->data);
    memset(t, 0, sizeof *t);
}

typedef struct conv_job {
    const convolution *conv;
    const tensor *in;
    tensor *out;
    int32_t first;       /* channel of `out` that the result starts at */
    int32_t stride, pad; /* pixels */
    float *packed;       /* (threads, in * size * size, TILE) */
} conv_job;

/* packed (in * size * size, TILE): the inputs under `count` output pixels from `begin` on. */
static void gather(const conv_job *j, int32_t begin, int32_t count, float *packed)
{
    const tensor *in = j->in;
    const int32_t size = j->conv->size, width = j->out->width, taps = size * size;
    const size_t plane = (size_t)in->height * (size_t)in->width;
    int32_t from[9][TILE]; /* of every tap and pixel, -1 outside the picture */
    for (int32_t i = 0; i < TILE; i++) {
        const int32_t y0 = (begin + i) / width * j->stride - j->pad;
        const int32_t x0 = (begin + i) % width * j->stride - j->pad;
        for (int32_t k = 0; k < taps; k++) {
            const int32_t y = y0 + k / size, x = x0 + k % size;
            const bool inside = i < count && y >= 0 && y < in->height && x >= 0 && x < in->width;
            from[k][i] = inside ? y * in->width + x : -1;
        }
    }
    for (int32_t c = 0; c < in->channels; c++) {
        const float *data = in->data + (size_t)c * plane;
        for (int32_t k = 0; k < taps; k++, packed += TILE)
            for (int32_t i = 0; i < TILE; i++)
                packed[i] = from[k][i] < 0 ? 0 : data[from[k][i]];
    }
}

/* LANES floats in registers; an extension of gcc and clang. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Four output channels at LANES pixels; terms are added in the order of the inputs. */
static void multiply(const float *weight, const float *bias, size_t terms, const float *packed,
                     float sum[QUAD][LANES])
{
    const lanes zero = {0};
    lanes s0 = zero + bias[0], s1 = zero + bias[1], s2 = zero + bias[2], s3 = zero + bias[3];
    for (size_t k = 0; k < terms; k++) {
        lanes x;
        memcpy(&x, packed + k * TILE, sizeof x);
        s0 += x * weight[k];
        s1 += x * weight[terms + k];
        s2 += x * weight[2 * terms + k];
        s3 += x * weight[3 * terms + k];
    }
    memcpy(sum[0], &s0, sizeof s0);
    memcpy(sum[1], &s1, sizeof s1);
    memcpy(sum[2], &s2, sizeof s2);
    memcpy(sum[3], &s3, sizeof s3);
}

static void conv_tile(void *ctx, int32_t block, int32_t thread)
{
    const conv_job *j = ctx;
    const convolution *c = j->conv;
    const int32_t pixels = j->out->height * j->out->width, begin = block * TILE;
    const int32_t count = pixels - begin < TILE ? pixels - begin : TILE;
    const size_t terms = (size_t)c->in * (size_t)(c->size * c->size);
    float *packed = j->packed + (size_t)thread * terms * TILE;
    gather(j, begin, count, packed);
    for (int32_t o = 0; o < c->out; o += QUAD)
        for (int32_t lane = 0; lane < count; lane += LANES) {
            float sum[QUAD][LANES];
            multiply(c->weight + (size_t)o * terms, c->bias + o, terms, packed + lane, sum);
            const int32_t n = count - lane < LANES ? count - lane : LANES;
            for (int32_t q = 0; q < QUAD; q++) {
                float *out = j->out->data + (size_t)(j->first + o + q) * (size_t)pixels +
                             (size_t)(begin + lane);
                for (int32_t i = 0; i < n; i++)
                    out[i] = sum[q][i] > 0 ? sum[q][i] : 0;
            }
        }
}

static hl_status convolve(const convolution *conv, const tensor *in, tensor *out, int32_t first,
                          int32_t stride, int32_t pad)
{
    conv_job j = {conv, in, out, first, stride, pad, NULL};
    const size_t terms = (size_t)conv->in * (size_t)(conv->size * conv->size);
    j.packed = hl_alloc((size_t)hl_parallel_threads() * terms * TILE, sizeof *j.packed);
    if (!j.packed)
        return HL_E_MEMORY;
    hl_parallel_for(hl_block_count((int64_t)out->height * out->width, TILE), conv_tile, &j);
    hl_free(j.packed);
    return HL_OK;
}

/* Replaces *t by its largest values in windows of 3 x 3 every 2 pixels.  The last window of a row
 * or column may hang over the edge (ceil mode): n elements become n / 2. */
static hl_status pool(tensor *t)
{
    tensor out;
    HL_TRY(tensor_make(&out, t->channels, t->height / 2, t->width / 2));
    float *to = out.data;
    for (int32_t c = 0; c < t->channels; c++) {
        const float *plane = t->data + (size_t)c * (size_t)t->height * (size_t)t->width;
        for (int32_t y = 0; y < out.height; y++)
            for (int32_t x = 0; x < out.width; x++) {
                float most = -INFINITY;
                for (int32_t v = 2 * y; v < 2 * y + 3 && v < t->height; v++)
                    for (int32_t u = 2 * x; u < 2 * x + 3 && u < t->width; u++)
                        most = fmaxf(most, plane[(size_t)v * (size_t)t->width + (size_t)u]);
                *to++ = most;
            }
    }
    tensor_release(t);
    *t = out;
    return HL_OK;
}

static hl_status apply_fire(const fire *f, tensor *t)
{
    tensor thin = {0}, out = {0};
    hl_status s = tensor_make(&thin, f->squeeze.out, t->height, t->width);
    if (s == HL_OK)
        s = convolve(&f->squeeze, t, &thin, 0, 1, 0);
    tensor_release(t);
    if (s == HL_OK)
        s = tensor_make(&out, f->expand1.out + f->expand3.out, thin.height, thin.width);
    if (s == HL_OK)
        s = convolve(&f->expand1, &thin, &out, 0, 1, 0);
    if (s == HL_OK)
        s = convolve(&f->expand3, &thin, &out, f->expand1.out, 1, 1);
    tensor_release(&thin);
    if (s == HL_OK)
        *t = out;
    else
        tensor_release(&out);
    return s;
}

/* The picture as the network wants it, then stage 0. */
static hl_status apply_first(const hl_lpips *net, const hl_image *image, tensor *t)
{
    static const float shift[3] = {-0.030f, -0.088f, -0.188f}, scale[3] = {0.458f, 0.448f, 0.450f};
    tensor in = {0}, out = {0};
    hl_status s = tensor_make(&in, 3, image->height, image->width);
    if (s == HL_OK)
        s = tensor_make(&out, FIRST, (image->height - 1) / 2, (image->width - 1) / 2);
    if (s == HL_OK) {
        const size_t pixels = (size_t)image->height * (size_t)image->width;
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < 3; c++)
                in.data[c * pixels + p] = (2 * image->data[3 * p + c] - 1 - shift[c]) / scale[c];
        s = convolve(&net->first, &in, &out, 0, 2, 0);
    }
    tensor_release(&in);
    if (s == HL_OK)
        *t = out;
    else
        tensor_release(&out);
    return s;
}

static hl_status apply_stage(const hl_lpips *net, int stage, const hl_image *image, tensor *t)
{
    if (stage == 0)
        return apply_first(net, image, t);
    if (stage <= 3)
        HL_TRY(pool(t));
    for (int i = 0; i < FIRES; i++)
        if (fire_shapes[i].stage == stage)
            HL_TRY(apply_fire(&net->fires[i], t));
    return HL_OK;
}

/* ---- distance ----------------------------------------------------------------------------- */

typedef struct distance_job {
    const tensor *a, *b;
    const float *linear;
    double *sums; /* (height) */
} distance_job;

static void distance_row(void *ctx, int32_t y, int32_t thread)
{
    (void)thread;
    const distance_job *j = ctx;
    const size_t step = (size_t)j->a->height * (size_t)j->a->width;
    const double tiny = 1e-10; /* against division by zero, as published */
    double total = 0;
    for (int32_t x = 0; x < j->a->width; x++) {
        const float *a = j->a->data + (size_t)y * (size_t)j->a->width + (size_t)x;
        const float *b = j->b->data + (a - j->a->data);
        double aa = 0, bb = 0;
        for (int32_t c = 0; c < j->a->channels; c++) {
            const double u = (double)a[(size_t)c * step], v = (double)b[(size_t)c * step];
            aa += u * u;
            bb += v * v;
        }
        const double ka = 1 / (sqrt(aa) + tiny), kb = 1 / (sqrt(bb) + tiny);
        for (int32_t c = 0; c < j->a->channels; c++) {
            const double d = (double)a[(size_t)c * step] * ka - (double)b[(size_t)c * step] * kb;
            total += (double)j->linear[c] * d * d;
        }
    }
    j->sums[y] = total;
}

static hl_status add_distance(const tensor *a, const tensor *b, const float *linear, double *total)
{
    double *sums = hl_alloc((size_t)a->height, sizeof *sums);
    if (!sums)
        return HL_E_MEMORY;
    distance_job j = {a, b, linear, sums};
    hl_parallel_for(a->height, distance_row, &j);
    *total += hl_ordered_sum(sums, a->height) / ((double)a->height * a->width);
    hl_free(sums);
    return HL_OK;
}

hl_status hl_lpips_distance(double *out, const hl_lpips *lpips, const hl_image *a,
                            const hl_image *b)
{
    if (a->channels != 3 || b->channels != 3 || a->width != b->width || a->height != b->height ||
        a->width < SIDE_MIN || a->height < SIDE_MIN)
        return hl_fail(HL_E_ARG,
                       "LPIPS: pictures of %d x %d x %d and %d x %d x %d; it needs two of equal "
                       "size with 3 channels and sides of %d pixels or more",
                       a->width, a->height, a->channels, b->width, b->height, b->channels,
                       SIDE_MIN);
    tensor ta = {0}, tb = {0};
    double total = 0;
    hl_status s = HL_OK;
    for (int stage = 0; stage < STAGES && s == HL_OK; stage++) {
        s = apply_stage(lpips, stage, a, &ta);
        if (s == HL_OK)
            s = apply_stage(lpips, stage, b, &tb);
        if (s == HL_OK)
            s = add_distance(&ta, &tb, lpips->linear[stage], &total);
    }
    tensor_release(&ta);
    tensor_release(&tb);
    if (s == HL_OK)
        *out = total;
    return s;
}
