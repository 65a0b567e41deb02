/* SPDX-License-Identifier: MIT */
/* raster/mesh/field.h -- the blocks behind raster/tsdf.h. */
#ifndef HL_RASTER_MESH_FIELD_H
#define HL_RASTER_MESH_FIELD_H

#include "raster/tsdf.h"

enum { HL_BLOCK_SIDE = 8, HL_BLOCK_SAMPLES = 512, HL_CHUNK_BLOCKS = 64 };

typedef struct hl_tsdf_block {
    float distance[HL_BLOCK_SAMPLES]; /* x fastest, scene units */
    float weight[HL_BLOCK_SAMPLES];   /* 0: never seen          */
    float color[3 * HL_BLOCK_SAMPLES];
} hl_tsdf_block;

struct hl_tsdf {
    hl_tsdf_options options;
    int32_t size[3];        /* blocks along each side of the box */
    hl_tsdf_block **chunks; /* of HL_CHUNK_BLOCKS blocks         */
    int32_t chunk_count;
    int32_t (*at)[3]; /* (capacity) block coordinates      */
    int32_t count, capacity;
    int32_t *slots; /* (slot_count) 1 + block, 0: free; a power of two, at most half full */
    int32_t slot_count;
    bool colored;
    float *usable; /* (height, width) depth of the view in work, 0: left out */
    float *facing; /* (height, width) |cos| between normal and ray           */
    size_t pixels; /* room in both                                           */
};

static inline hl_tsdf_block *hl_tsdf_block_at(const hl_tsdf *t, int32_t block)
{
    return &t->chunks[block / HL_CHUNK_BLOCKS][block % HL_CHUNK_BLOCKS];
}

/* Block at these block coordinates, -1: does not exist. */
int32_t hl_tsdf_find(const hl_tsdf *t, const int32_t at[3]);

/* Makes the block where it does not exist. */
hl_status hl_tsdf_touch(hl_tsdf *t, const int32_t at[3]);

/* Fills usable and facing. */
hl_status hl_tsdf_judge_pixels(hl_tsdf *t, const hl_tsdf_view *view);

/* Triangles of one cell.  Corner c of a cell lies at (c & 1, c >> 1 & 1, c >> 2 & 1); edge
 * 4 axis + k runs along `axis` from corner hl_cube_edge_start(edge). */
enum { HL_CUBE_INDICES_MAX = 36 };
typedef struct hl_cube_table {
    int8_t count[256]; /* edge numbers: three a triangle */
    int8_t edges[256][HL_CUBE_INDICES_MAX];
} hl_cube_table;
void hl_cube_table_fill(hl_cube_table *table);
int hl_cube_edge_start(int edge);

#endif /* HL_RASTER_MESH_FIELD_H */
