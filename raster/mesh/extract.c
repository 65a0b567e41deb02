/* SPDX-License-Identifier: MIT */
/* Marching cubes: count, number, fill; each block by itself, results in the order of the blocks. */
#include "core/memory.h"
#include "core/parallel.h"
#include "raster/mesh/field.h"

#include <math.h>
#include <string.h>

enum { PADDED = HL_BLOCK_SIDE + 1, PADDED_SAMPLES = PADDED * PADDED * PADDED, AXES = 3 };

typedef struct extraction {
    const hl_tsdf *t;
    hl_cube_table table;
    int32_t *vertex_start; /* (blocks + 1) */
    int32_t *triangle_start;
    int32_t (*ids)[AXES * HL_BLOCK_SAMPLES]; /* (blocks) vertex on the edge that starts at a sample
                                                along an axis, -1: none */
    hl_mesh mesh;
} extraction;

/* The samples of a block and the first ones of its neighbours. */
typedef struct padded {
    int32_t block[8]; /* neighbour at (c & 1, c >> 1 & 1, c >> 2 & 1), -1: none */
    float distance[PADDED_SAMPLES];
    bool seen[PADDED_SAMPLES];
} padded;

static size_t padded_index(int x, int y, int z)
{
    return (size_t)x + PADDED * ((size_t)y + PADDED * (size_t)z);
}

/* Which of the 8 blocks a padded coordinate lies in, and its sample there. */
static int owner(int x, int y, int z, size_t *sample)
{
    *sample = ((size_t)x & 7) + 8 * (((size_t)y & 7) + 8 * ((size_t)z & 7));
    return x >> 3 | y >> 3 << 1 | z >> 3 << 2;
}

static void gather(const hl_tsdf *t, int32_t block, padded *p)
{
    for (int c = 0; c < 8; c++) {
        const int32_t *at = t->at[block];
        const int32_t there[3] = {at[0] + (c & 1), at[1] + (c >> 1 & 1), at[2] + (c >> 2 & 1)};
        p->block[c] = hl_tsdf_find(t, there);
    }
    for (int z = 0; z < PADDED; z++)
        for (int y = 0; y < PADDED; y++)
            for (int x = 0; x < PADDED; x++) {
                size_t sample;
                const size_t i = padded_index(x, y, z);
                const int32_t b = p->block[owner(x, y, z, &sample)];
                const hl_tsdf_block *from = b < 0 ? NULL : hl_tsdf_block_at(t, b);
                p->seen[i] = from && from->weight[sample] > 0;
                p->distance[i] = p->seen[i] ? from->distance[sample] : 0;
            }
}

static bool crosses(const padded *p, size_t a, size_t b)
{
    return p->seen[a] && p->seen[b] && (p->distance[a] < 0) != (p->distance[b] < 0);
}

static size_t step_of(int axis)
{
    return axis == 0 ? 1u : axis == 1 ? (size_t)PADDED : (size_t)PADDED * PADDED;
}

/* Bits of negative corners of a cell, -1 where a corner was not seen. */
static int cell_case(const padded *p, size_t at)
{
    int negative = 0;
    for (int c = 0; c < 8; c++) {
        const size_t i = at + padded_index(c & 1, c >> 1 & 1, c >> 2 & 1);
        if (!p->seen[i])
            return -1;
        negative |= (p->distance[i] < 0) << c;
    }
    return negative;
}

static void count_block(void *context, int32_t block, int32_t thread)
{
    extraction *e = context;
    padded p;
    int32_t vertices = 0, triangles = 0;
    (void)thread;
    gather(e->t, block, &p);
    for (int z = 0; z < HL_BLOCK_SIDE; z++)
        for (int y = 0; y < HL_BLOCK_SIDE; y++)
            for (int x = 0; x < HL_BLOCK_SIDE; x++) {
                const size_t i = padded_index(x, y, z);
                for (int axis = 0; axis < AXES; axis++)
                    vertices += crosses(&p, i, i + step_of(axis));
                const int negative = cell_case(&p, i);
                triangles += negative < 0 ? 0 : e->table.count[negative] / 3;
            }
    e->vertex_start[block + 1] = vertices;
    e->triangle_start[block + 1] = triangles;
}

/* Place and colour on the edge from sample `from` along `axis`. */
static void place_vertex(const extraction *e, const padded *p, int32_t block, const int xyz[3],
                         int axis, int32_t id)
{
    const hl_tsdf *t = e->t;
    const size_t i = padded_index(xyz[0], xyz[1], xyz[2]), j = i + step_of(axis);
    /* Not at the very ends: triangles keep an area. */
    const float s =
        fminf(fmaxf(p->distance[i] / (p->distance[i] - p->distance[j]), 0.001f), 0.999f);
    float *out = e->mesh.positions + 3 * (size_t)id;
    for (int k = 0; k < 3; k++)
        out[k] = t->options.low[k] +
                 t->options.voxel *
                     ((float)(t->at[block][k] * HL_BLOCK_SIDE + xyz[k]) + (k == axis ? s : 0));
    if (!e->mesh.albedo)
        return;
    size_t a, b;
    const int end[3] = {xyz[0] + (axis == 0), xyz[1] + (axis == 1), xyz[2] + (axis == 2)};
    const hl_tsdf_block *from = hl_tsdf_block_at(t, p->block[owner(xyz[0], xyz[1], xyz[2], &a)]);
    const hl_tsdf_block *to = hl_tsdf_block_at(t, p->block[owner(end[0], end[1], end[2], &b)]);
    for (size_t k = 0; k < 3; k++) {
        const float color = (1 - s) * from->color[3 * a + k] + s * to->color[3 * b + k];
        e->mesh.albedo[3 * (size_t)id + k] = fminf(fmaxf(color, 0.0f), 1.0f);
    }
}

static void fill_vertices(void *context, int32_t block, int32_t thread)
{
    extraction *e = context;
    padded p;
    int32_t id = e->vertex_start[block];
    (void)thread;
    gather(e->t, block, &p);
    for (int z = 0; z < HL_BLOCK_SIDE; z++)
        for (int y = 0; y < HL_BLOCK_SIDE; y++)
            for (int x = 0; x < HL_BLOCK_SIDE; x++)
                for (int axis = 0; axis < AXES; axis++) {
                    const size_t i = padded_index(x, y, z);
                    const int xyz[3] = {x, y, z};
                    const size_t slot =
                        (size_t)axis + 3 * ((size_t)x + 8 * ((size_t)y + 8 * (size_t)z));
                    e->ids[block][slot] = -1;
                    if (!crosses(&p, i, i + step_of(axis)))
                        continue;
                    place_vertex(e, &p, block, xyz, axis, id);
                    e->ids[block][slot] = id++;
                }
}

static uint32_t vertex_on(const extraction *e, const padded *p, const int cell[3], int edge)
{
    const int start = hl_cube_edge_start(edge);
    size_t sample;
    const int b = owner(cell[0] + (start & 1), cell[1] + (start >> 1 & 1),
                        cell[2] + (start >> 2 & 1), &sample);
    return (uint32_t)e->ids[p->block[b]][(size_t)(edge / 4) + 3 * sample];
}

static void fill_triangles(void *context, int32_t block, int32_t thread)
{
    extraction *e = context;
    padded p;
    uint32_t *out = e->mesh.triangles + 3 * (size_t)e->triangle_start[block];
    (void)thread;
    gather(e->t, block, &p);
    for (int z = 0; z < HL_BLOCK_SIDE; z++)
        for (int y = 0; y < HL_BLOCK_SIDE; y++)
            for (int x = 0; x < HL_BLOCK_SIDE; x++) {
                const int cell[3] = {x, y, z}, negative = cell_case(&p, padded_index(x, y, z));
                for (int k = 0; negative >= 0 && k < e->table.count[negative]; k++)
                    *out++ = vertex_on(e, &p, cell, e->table.edges[negative][k]);
            }
}

/* Counts become starts; false where the mesh would be too large. */
static bool accumulate(int32_t *starts, int32_t n)
{
    int64_t sum = 0;
    for (int32_t i = 1; i <= n; i++) {
        sum += starts[i];
        if (sum > HL_MESH_COUNT_MAX)
            return false;
        starts[i] = (int32_t)sum;
    }
    return true;
}

static hl_status run(extraction *e)
{
    const int32_t n = e->t->count;
    hl_parallel_for(n, count_block, e);
    if (!accumulate(e->vertex_start, n) || !accumulate(e->triangle_start, n))
        return hl_fail(HL_E_ARG,
                       "the surface has more than %d vertices or triangles at voxels of %g",
                       HL_MESH_COUNT_MAX, (double)e->t->options.voxel);
    HL_TRY(hl_mesh_create(&e->mesh, e->vertex_start[n], e->triangle_start[n],
                          e->t->colored ? HL_MESH_ALBEDO : 0));
    hl_parallel_for(n, fill_vertices, e);
    hl_parallel_for(n, fill_triangles, e);
    return HL_OK;
}

hl_status hl_tsdf_extract(const hl_tsdf *tsdf, hl_mesh *mesh)
{
    const size_t n = (size_t)tsdf->count;
    extraction *e = hl_alloc(1, sizeof *e);
    if (!e)
        return HL_E_MEMORY;
    e->t = tsdf;
    e->vertex_start = hl_alloc(n + 1, sizeof *e->vertex_start);
    e->triangle_start = hl_alloc(n + 1, sizeof *e->triangle_start);
    e->ids = hl_alloc(n, sizeof *e->ids);
    hl_cube_table_fill(&e->table);
    const hl_status s = e->vertex_start && e->triangle_start && e->ids ? run(e) : HL_E_MEMORY;
    if (s == HL_OK)
        *mesh = e->mesh;
    hl_free(e->vertex_start);
    hl_free(e->triangle_start);
    hl_free(e->ids);
    hl_free(e);
    return s;
}
