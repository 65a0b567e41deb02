/* SPDX-License-Identifier: MIT */
#include "relight/prefilter.h"

#include "core/parallel.h"
#include "relight/sampling.h"

#include <math.h>

enum { MIPS_MAX = 12, MAP_SAMPLES = 256, TABLE_SAMPLES = 256 };

typedef struct mips {
    hl_image level[MIPS_MAX]; /* level 0 belongs to the result */
    int32_t count;
} mips;

/* Bilinear, around in u, held at the poles. */
static void read_map(const hl_image *map, const float uv[2], float rgb[3])
{
    const float x = uv[0] * (float)map->width - 0.5f;
    const float y = hl_clamp(uv[1] * (float)map->height - 0.5f, 0, (float)(map->height - 1));
    const float fx = x - floorf(x), fy = y - floorf(y);
    const int32_t left = (int32_t)floorf(x) + map->width, top = (int32_t)y;
    const int32_t below = top + 1 < map->height ? top + 1 : top;
    const int32_t columns[2] = {left % map->width, (left + 1) % map->width};
    const float *a = map->data + (int64_t)3 * top * map->width;
    const float *b = map->data + (int64_t)3 * below * map->width;
    for (int c = 0; c < 3; c++) {
        const int32_t l = 3 * columns[0] + c, r = 3 * columns[1] + c;
        const float upper = a[l] + fx * (a[r] - a[l]), lower = b[l] + fx * (b[r] - b[l]);
        rgb[c] = upper + fy * (lower - upper);
    }
}

static void uv_of(const float d[3], float uv[2])
{
    uv[0] = 0.5f - atan2f(d[1], d[0]) / (2 * HL_PI);
    uv[1] = 0.5f - asinf(hl_clamp(d[2], -1, 1)) / HL_PI;
}

static void mix_maps(const hl_image *a, const hl_image *b, float t, const float uv[2], float rgb[3])
{
    float other[3];
    read_map(a, uv, rgb);
    if (!(t > 0))
        return;
    read_map(b, uv, other);
    for (int c = 0; c < 3; c++)
        rgb[c] += t * (other[c] - rgb[c]);
}

static void read_mips(const mips *m, const float uv[2], float lod, float rgb[3])
{
    const float at = hl_clamp(lod, 0, (float)(m->count - 1));
    const int32_t low = (int32_t)at, high = low + 1 < m->count ? low + 1 : low;
    mix_maps(&m->level[low], &m->level[high], at - (float)low, uv, rgb);
}

/* Area averages, each half the size of the one before, down to one texel. */
static hl_status make_mips(mips *m, const hl_environment *env)
{
    const hl_image map = {env->width, env->height, 3, env->radiance};
    int32_t width = map.width < HL_PREFILTER_MAP_WIDTH ? map.width : HL_PREFILTER_MAP_WIDTH;
    int32_t height = map.height < HL_PREFILTER_MAP_HEIGHT ? map.height : HL_PREFILTER_MAP_HEIGHT;
    for (;;) {
        HL_TRY(hl_image_resize(&m->level[m->count], m->count ? &m->level[m->count - 1] : &map,
                               width, height));
        m->count++;
        if ((width == 1 && height == 1) || m->count == MIPS_MAX)
            return HL_OK;
        width = width > 1 ? width / 2 : 1;
        height = height > 1 ? height / 2 : 1;
    }
}

static void blur(const mips *m, const float n[3], float alpha2, float rgb[3])
{
    const float texel = 4 * HL_PI / (float)(m->level[0].width * m->level[0].height);
    const float shift[2] = {0.5f / MAP_SAMPLES, 0};
    float weight = 0, sum[3] = {0, 0, 0};
    for (uint32_t i = 0; i < MAP_SAMPLES; i++) {
        float u[2], h[3], l[3], uv[2], sample[3];
        hl_sample_square(i, MAP_SAMPLES, shift, u);
        const float c2 = (1 - u[0]) / (1 + (alpha2 - 1) * u[0]), c = sqrtf(c2);
        const float s = sqrtf(hl_max(1 - c2, 0)), phi = 2 * HL_PI * u[1];
        const float local[3] = {s * cosf(phi), s * sinf(phi), c};
        hl_sample_to_world(n, local, h);
        for (int k = 0; k < 3; k++)
            l[k] = 2 * c * h[k] - n[k];
        const float nl = hl_dot3(n, l);
        if (!(nl > 0))
            continue;
        const float density = hl_ggx_d(c, alpha2) / 4; /* eye and normal are one */
        const float lod = 0.5f * log2f(1 / ((float)MAP_SAMPLES * density * texel));
        uv_of(l, uv);
        read_mips(m, uv, lod, sample);
        for (int k = 0; k < 3; k++)
            sum[k] += nl * sample[k];
        weight += nl;
    }
    for (int k = 0; k < 3; k++)
        rgb[k] = sum[k] / hl_max(weight, 1e-6f);
}

typedef struct blur_rows {
    const mips *m;
    hl_prefilter *out;
} blur_rows;

static void blur_row(void *ctx, int32_t block, int32_t thread)
{
    (void)thread;
    const blur_rows *job = ctx;
    const int32_t layer = 1 + block / HL_PREFILTER_HEIGHT, row = block % HL_PREFILTER_HEIGHT;
    const float alpha2 = hl_brdf_alpha2((float)layer / (HL_PREFILTER_LAYERS - 1));
    float *to = job->out->layer[layer].data + (int64_t)3 * row * HL_PREFILTER_WIDTH;
    const float up = (0.5f - ((float)row + 0.5f) / HL_PREFILTER_HEIGHT) * HL_PI;
    for (int32_t x = 0; x < HL_PREFILTER_WIDTH; x++) {
        const float phi = (0.5f - ((float)x + 0.5f) / HL_PREFILTER_WIDTH) * 2 * HL_PI;
        const float n[3] = {cosf(up) * cosf(phi), cosf(up) * sinf(phi), sinf(up)};
        blur(job->m, n, alpha2, to + (int64_t)3 * x);
    }
}

hl_status hl_prefilter_create(hl_prefilter *out, const hl_environment *env)
{
    mips m = {.count = 0};
    *out = (hl_prefilter){.layer = {{0}}};
    hl_status s = make_mips(&m, env);
    for (int i = 1; i < HL_PREFILTER_LAYERS && s == HL_OK; i++)
        s = hl_image_create(&out->layer[i], HL_PREFILTER_WIDTH, HL_PREFILTER_HEIGHT, 3);
    if (s == HL_OK)
        hl_parallel_for((HL_PREFILTER_LAYERS - 1) * HL_PREFILTER_HEIGHT, blur_row,
                        &(blur_rows){&m, out});
    out->layer[0] = m.level[0];
    for (int32_t i = 1; i < m.count; i++)
        hl_image_release(&m.level[i]);
    if (s != HL_OK)
        hl_prefilter_release(out);
    return s;
}

void hl_prefilter_release(hl_prefilter *p)
{
    for (int i = 0; i < HL_PREFILTER_LAYERS; i++)
        hl_image_release(&p->layer[i]);
    *p = (hl_prefilter){.layer = {{0}}};
}

void hl_prefilter_radiance(const hl_prefilter *p, const hl_environment *env, const float d[3],
                           float roughness, float rgb[3])
{
    const float at = hl_clamp(roughness, 0, 1) * (HL_PREFILTER_LAYERS - 1);
    const int low = (int)at, high = low + 1 < HL_PREFILTER_LAYERS ? low + 1 : low;
    float local[3], uv[2];
    for (int k = 0; k < 3; k++)
        local[k] = hl_dot3(env->env_from_world + (ptrdiff_t)3 * k, d);
    uv_of(local, uv);
    mix_maps(&p->layer[low], &p->layer[high], at - (float)low, uv, rgb);
}

typedef struct table_rows {
    float *table;
    int32_t side;
} table_rows;

/* A visible normal weighs F G2 / G1, which is F (1 + Lambda(o)) / (1 + Lambda(o) + Lambda(i)). */
static void table_row(void *ctx, int32_t row, int32_t thread)
{
    (void)thread;
    const table_rows *job = ctx;
    const float alpha2 = hl_brdf_alpha2(((float)row + 0.5f) / (float)job->side);
    const float n[3] = {0, 0, 1}, shift[2] = {0.5f / TABLE_SAMPLES, 0};
    for (int32_t x = 0; x < job->side; x++) {
        const float no = ((float)x + 0.5f) / (float)job->side;
        const float o[3] = {sqrtf(1 - no * no), 0, no};
        float sum[2] = {0, 0};
        for (uint32_t i = 0; i < TABLE_SAMPLES; i++) {
            float u[2], wi[3];
            hl_brdf_angles a;
            hl_sample_square(i, TABLE_SAMPLES, shift, u);
            hl_sample_vndf(n, o, alpha2, u[0], u[1], wi);
            if (!hl_brdf_angles_of(n, o, wi, &a))
                continue;
            const float lo = 0.5f * (hl_ggx_slope(a.no, alpha2) / a.no + 1);
            const float li = 0.5f * (hl_ggx_slope(a.ni, alpha2) / a.ni - 1);
            const float g = lo / (lo + li), w = hl_fresnel_weight(a.oh);
            sum[0] += g * (1 - w);
            sum[1] += g * w;
        }
        float *to = job->table + 2 * ((int64_t)row * job->side + x);
        to[0] = sum[0] / TABLE_SAMPLES;
        to[1] = sum[1] / TABLE_SAMPLES;
    }
}

void hl_prefilter_table(float *table, int32_t side)
{
    hl_parallel_for(side, table_row, &(table_rows){table, side});
}
