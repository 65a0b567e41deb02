/* SPDX-License-Identifier: MIT */
#include "core/atlas/atlas.h"
#include "core/color.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <math.h>
#include <string.h>

enum { ROWS = 8, SPREAD = 8 };

typedef struct bake {
    const hl_mesh *mesh;
    int32_t side;
    hl_texel_fn shade;
    void *context;
    const int32_t *ids; /* (side, side) */
    float *values;      /* (side, side, 5) linear albedo, roughness, metal */
} bake;

enum { CHANNELS = 5 };

/* Weighted sum over the corners of a face; `fallback` where the attribute is absent. */
static float blend(const float *values, const uint32_t *v, size_t n, size_t k, const double w[3],
                   float fallback)
{
    if (!values)
        return fallback;
    return (float)(w[0] * (double)values[n * v[0] + k] + w[1] * (double)values[n * v[1] + k] +
                   w[2] * (double)values[n * v[2] + k]);
}

static void fill_texel(const bake *b, int32_t face, const double w[3], hl_texel *t)
{
    const hl_mesh *m = b->mesh;
    const uint32_t *v = m->triangles + 3 * (size_t)face;
    for (size_t k = 0; k < 3; k++) {
        t->position[k] = blend(m->positions, v, 3, k, w, 0);
        t->normal[k] = blend(m->normals, v, 3, k, w, 0);
        t->albedo[k] = blend(m->albedo, v, 3, k, w, 1);
    }
    t->roughness = blend(m->roughness, v, 1, 0, w, 1);
    t->metal = blend(m->metal, v, 1, 0, w, 0);
    const float *n = t->normal;
    const float l = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (int k = 0; k < 3; k++)
        t->normal[k] = l > 0 ? t->normal[k] / l : (float)(k == 2);
}

static void bake_rows(void *context, int32_t block, int32_t thread)
{
    const bake *b = context;
    (void)thread;
    const int32_t end = (block + 1) * ROWS < b->side ? (block + 1) * ROWS : b->side;
    for (int32_t y = block * ROWS; y < end; y++)
        for (int32_t x = 0; x < b->side; x++) {
            const size_t i = (size_t)y * (size_t)b->side + (size_t)x;
            const int32_t at[2] = {x, y};
            double w[3];
            hl_texel t;
            if (b->ids[i] < 0 || !hl_atlas_weights(b->mesh, b->ids[i], b->side, at, w))
                continue;
            fill_texel(b, b->ids[i], w, &t);
            if (b->shade)
                b->shade(b->context, &t);
            memcpy(b->values + CHANNELS * i, t.albedo, sizeof t.albedo);
            b->values[CHANNELS * i + 3] = t.roughness;
            b->values[CHANNELS * i + 4] = t.metal;
        }
}

/* Mean of the neighbours known before this ring; false where there are none. */
static bool mean_around(const bake *b, const uint8_t *known, int ring, const int32_t at[2],
                        float out[])
{
    int n = 0;
    memset(out, 0, CHANNELS * sizeof *out);
    for (int32_t dy = -1; dy <= 1; dy++)
        for (int32_t dx = -1; dx <= 1; dx++) {
            const int32_t u = at[0] + dx, v = at[1] + dy;
            if (u < 0 || v < 0 || u >= b->side || v >= b->side)
                continue;
            const size_t i = (size_t)v * (size_t)b->side + (size_t)u;
            if (!known[i] || known[i] > ring)
                continue;
            n++;
            for (size_t c = 0; c < CHANNELS; c++)
                out[c] += b->values[CHANNELS * i + c];
        }
    for (size_t c = 0; n && c < CHANNELS; c++)
        out[c] /= (float)n;
    return n > 0;
}

/* Rings of texels around the charts take the mean of the rings before; known: 1 + ring. */
static void spread(const bake *b, uint8_t *known)
{
    for (int ring = 1; ring <= SPREAD; ring++)
        for (int32_t y = 0; y < b->side; y++)
            for (int32_t x = 0; x < b->side; x++) {
                const size_t i = (size_t)y * (size_t)b->side + (size_t)x;
                float mean[CHANNELS];
                if (known[i] || !mean_around(b, known, ring, (const int32_t[2]){x, y}, mean))
                    continue;
                memcpy(b->values + CHANNELS * i, mean, sizeof mean);
                known[i] = (uint8_t)(ring + 1);
            }
}

static uint8_t code(float value)
{
    return (uint8_t)(255.0f * fminf(fmaxf(value, 0.0f), 1.0f) + 0.5f);
}

static void write_pictures(const bake *b, hl_mesh_textures *t)
{
    const size_t texels = (size_t)b->side * (size_t)b->side;
    for (size_t i = 0; i < texels; i++) {
        const float *v = b->values + CHANNELS * i;
        for (size_t c = 0; c < 3; c++)
            t->base_color.data[3 * i + c] =
                code(hl_srgb_from_linear(fminf(fmaxf(v[c], 0.0f), 1.0f)));
        t->metal_roughness.data[3 * i] = 255; /* occlusion: none */
        t->metal_roughness.data[3 * i + 1] = code(v[3]);
        t->metal_roughness.data[3 * i + 2] = code(v[4]);
    }
}

static hl_status bake_into(bake *b, int32_t *ids, uint8_t *known, hl_mesh_textures *made)
{
    const size_t texels = (size_t)b->side * (size_t)b->side;
    HL_TRY(hl_image8_create(&made->base_color, b->side, b->side, 3));
    HL_TRY(hl_image8_create(&made->metal_roughness, b->side, b->side, 3));
    hl_atlas_rasterize(b->mesh, b->side, ids, NULL);
    for (size_t i = 0; i < texels; i++)
        known[i] = ids[i] >= 0;
    b->ids = ids;
    hl_parallel_for(hl_block_count(b->side, ROWS), bake_rows, b);
    spread(b, known);
    write_pictures(b, made);
    return HL_OK;
}

hl_status hl_mesh_bake(const hl_mesh *mesh, int32_t side, hl_texel_fn shade, void *context,
                       hl_mesh_textures *textures)
{
    if (side < HL_ATLAS_SIDE_MIN || side > HL_ATLAS_SIDE_MAX || !mesh->uv)
        return hl_fail(HL_E_ARG,
                       "texture of %d texels a side: expected %d .. %d and texture coordinates",
                       (int)side, HL_ATLAS_SIDE_MIN, HL_ATLAS_SIDE_MAX);
    const size_t texels = (size_t)side * (size_t)side;
    hl_mesh_textures made = {0};
    bake b = {.mesh = mesh, .side = side, .shade = shade, .context = context};
    int32_t *ids = hl_alloc(texels, sizeof *ids);
    uint8_t *known = hl_alloc(texels, 1);
    b.values = hl_alloc(texels, CHANNELS * sizeof *b.values);
    const hl_status s = ids && known && b.values ? bake_into(&b, ids, known, &made) : HL_E_MEMORY;
    hl_free(ids);
    hl_free(known);
    hl_free(b.values);
    if (s != HL_OK) {
        hl_mesh_textures_release(&made);
        return s;
    }
    *textures = made;
    return HL_OK;
}
