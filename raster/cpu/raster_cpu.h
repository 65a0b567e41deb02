/* SPDX-License-Identifier: MIT */
/* raster/cpu/raster_cpu.h -- inside of the CPU rasterizer.
 *
 *   project   blocks of PROJECT_BLOCK splats        -> record[], ids of visible splats, tile_list
 *   sort      radix on depth, stable                -> order[]
 *   bin       counting sort of tile_list            -> instance list per tile
 *   blend     one tile per block                    -> planes, transmittance
 *   blend_bwd one tile per block, forward replayed  -> one gradient row per instance
 *   splat_bwd one cluster of splats per block       -> rows summed in order, parameters, Adam
 *
 * Nothing here depends on how blocks meet threads.
 */
#ifndef HL_RASTER_CPU_RASTER_CPU_H
#define HL_RASTER_CPU_RASTER_CPU_H

#include "core/parallel.h"
#include "raster/backend.h"
#include "raster/blend.h"
#include "raster/project.h"

enum {
    PROJECT_BLOCK = 1024, /* splats                                             */
    BIN_CHUNKS_MAX = 64,  /* counting-sort chunks: bounds the histogram memory  */
    CLUSTER_PARTIALS = 6, /* pose sums per cluster                              */
    TILE_PIXELS = HL_TILE * HL_TILE
};

/* One projected splat: a cache line. */
typedef struct hl_cpu_record {
    float mu[2];        /* px                                                    */
    float conic[3];     /* a, b, c                                               */
    float det;          /* of the conic, without cancellation                    */
    float opacity;      /* o^                                                    */
    float log2_opacity; /* what the SIMD exponent starts from                    */
    float rgb[3];       /* view-dependent colour                                 */
    float depth;        /* tz                                                    */
    int32_t clamped;    /* of hl_sh_color; from bit 4: the normal's axis         */
    int32_t list;       /* first of its tiles in tile_list                       */
    int32_t first_row;  /* first gradient row; rows are contiguous per splat     */
    int32_t row_count;  /* tiles touched; 0: not in the picture                  */
} hl_cpu_record;

_Static_assert(sizeof(hl_cpu_record) == 64, "one record is one cache line");

/* One splat-tile pair. */
typedef struct hl_cpu_instance {
    int32_t splat;       /* index of record                               */
    int32_t row;         /* its gradient row                              */
    uint8_t first, last; /* rows of the tile that the ellipse can reach   */
} hl_cpu_instance;

/* Gradients of one cluster, field by field, the shape of the splats. */
typedef struct hl_cpu_cluster {
#define X(name, components) float name[HL_CLUSTER * (components)];
    HL_SPLAT_FIELDS(X)
#undef X
} hl_cpu_cluster;

/* Layout of a gradient row: moments (6), planes, then what was asked for. */
typedef struct hl_cpu_row {
    int32_t floats; /* length of a row                                                       */
    int32_t abs2d;  /* offset of 2: sums of |dL/dmu|; -1 when off                            */
    int32_t stats;  /* offset of 4: n, sum dL/dalpha, sum of squares, sum w; -1 when off     */
    int32_t median; /* offset of 1: dL/d(depth) through the median; -1 when off              */
} hl_cpu_row;

/* One block of splats: counts at first, then sums over the blocks before it. */
typedef struct hl_cpu_block {
    int32_t visible; /* splats in the picture                      */
    int64_t bound;   /* tiles of their boxes: room in tile_list    */
    int64_t rows;    /* tiles of their ellipses                    */
} hl_cpu_block;

typedef struct hl_cpu hl_cpu;

/* Tile kernels of one instruction set. */
typedef struct hl_cpu_kernels {
    hl_isa isa;
    const char *name;
    void (*project_block)(hl_cpu *r, int32_t block);
    void (*tiles_block)(hl_cpu *r, int32_t block);
    void (*blend)(hl_cpu *r, int32_t tile);
    void (*blend_bwd)(hl_cpu *r, int32_t tile);
    void (*cluster_bwd)(hl_cpu *r, int32_t cluster, int32_t thread);
    hl_adam_row_fn adam_row;
} hl_cpu_kernels;

struct hl_cpu {
    const hl_cpu_kernels *kernels; /* what was asked for                                     */
    hl_spans *spans;

    /* the last forward */
    const hl_splats *splats;
    hl_raster_view view;
    hl_raster_options options;
    hl_projector projector;
    hl_raster_frame frame;
    bool has_forward;
    int32_t columns, tile_rows, tiles;
    int32_t extra; /* planes beyond colour */
    int32_t visible;
    int64_t instances;

    /* per splat */
    int64_t splat_capacity;
    hl_cpu_record *record;  /* (count) by storage index                                 */
    float *extra_value;     /* (count, extra)                                           */
    int64_t extra_capacity; /* floats                                                   */
    uint32_t *key[2];       /* (count) depth bits, ping-pong                            */
    int32_t *order[2];      /* (count) splat index, ping-pong; [0] is the sorted result */
    int64_t block_capacity;
    hl_cpu_block *block; /* (blocks + 1) what each block found, then sums before it  */
    float *max_weight;   /* (count)                                                  */
    int32_t *max_pixel;  /* (count) first pixel where it was reached, -1 none        */

    /* per tile */
    int64_t tile_capacity;
    int64_t *tile_first; /* (tiles + 1) range in instance                           */
    int32_t *tile_end;   /* (tiles) instances looked at before every pixel stopped  */
    uint32_t *chunk_count;
    int64_t chunk_capacity;
    int32_t chunks;

    /* per instance */
    int64_t list_capacity;
    uint32_t *tile_list; /* packed tiles of each splat, block by block, storage order */
    int64_t instance_capacity;
    hl_cpu_instance *instance; /* (instances) tile by tile, front to back           */
    hl_cpu_row row;
    float *rows; /* (instances, row.floats)                            */
    int64_t rows_capacity;

    /* per pixel */
    float *pixels; /* one allocation behind frame's planes               */
    int64_t pixels_capacity;

    /* backward */
    const hl_raster_frame_grad *frame_grad;
    hl_raster_sink *sink;
    hl_splats *target; /* what sink->adam steps                              */
    double *partial;   /* (blocks, 9) pose and background, ordered           */
    int64_t partial_capacity;
    float *scratch; /* (threads, ...) cluster gradients                   */
    int64_t scratch_capacity;

    size_t bytes;
};

/* Stages, in order. */
hl_status hl_cpu_project(hl_cpu *r);
void hl_cpu_sort(hl_cpu *r);
hl_status hl_cpu_bin(hl_cpu *r);
void hl_cpu_max_weight(hl_cpu *r);
hl_status hl_cpu_splat_bwd(hl_cpu *r);

/* Grows *block to hold `count` elements of `size` bytes (1.25 x for slack); counts bytes. */
hl_status hl_cpu_reserve(hl_cpu *r, void **block, int64_t *capacity, int64_t count, size_t size);

/* Plain C tile kernels: the reference of the SIMD ones, and the only ones that carry gradients of
 * the median depth and of the largest weight. */
void hl_cpu_blend_plain(hl_cpu *r, int32_t tile);
void hl_cpu_blend_bwd_plain(hl_cpu *r, int32_t tile);
extern const hl_cpu_kernels hl_cpu_kernels_plain;
/* NULL where this build has no such code. */
const hl_cpu_kernels *hl_cpu_kernels_avx2(void);
const hl_cpu_kernels *hl_cpu_kernels_avx512(void);

/* An entry of tile_list: tile in 24 bits (16384^2 pixels are 2^20 tiles), first and last row. */
static inline uint32_t hl_cpu_pack_tile(uint32_t tile, uint32_t first, uint32_t last)
{
    return tile << 8 | first << 4 | last;
}

/* Whether the depth window of pixel (x, y) admits `depth`. */
static inline int hl_cpu_in_window(const hl_cpu *r, int32_t x, int32_t y, float depth)
{
    const float *window = r->options.depth_window;
    if (!window)
        return 1;
    const size_t at = (size_t)y * (size_t)r->view.width + (size_t)x;
    const size_t plane = (size_t)r->view.width * (size_t)r->view.height;
    return depth >= window[at] && depth <= window[plane + at];
}

/* alpha of the splat at pixel (x, y); 0 when the pair does not count. */
static inline float hl_cpu_pair_alpha(const hl_cpu *r, const hl_cpu_record *s, int32_t x, int32_t y,
                                      int *clamped)
{
    const float alpha = hl_pair_alpha((float)x + 0.5f - s->mu[0], (float)y + 0.5f - s->mu[1],
                                      s->conic, s->opacity, clamped);
    return alpha > 0 && hl_cpu_in_window(r, x, y, s->depth) ? alpha : 0;
}

#endif /* HL_RASTER_CPU_RASTER_CPU_H */
