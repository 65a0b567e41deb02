/* SPDX-License-Identifier: MIT */
/* core/io/gltf.h -- a glTF 2.0 document: JSON, its buffers, its accessors and its pictures.
 *
 * Every offset and count of the file is held against the bytes before it is believed.  Files
 * beside a .gltf must lie in its folder or below: names with "..", a leading slash or a colon
 * are refused.
 */
#ifndef HL_CORE_IO_GLTF_H
#define HL_CORE_IO_GLTF_H

#include "core/io/mesh_formats.h"
#include "core/json.h"

enum { HL_GLTF_BUFFERS_MAX = 16 };

typedef struct hl_gltf {
    const char *name;
    hl_json *root;
    int32_t buffer_count;
    hl_file_map maps[HL_GLTF_BUFFERS_MAX]; /* of buffers in files; zero for the GLB chunk */
    const unsigned char *buffers[HL_GLTF_BUFFERS_MAX];
    size_t buffer_bytes[HL_GLTF_BUFFERS_MAX];
} hl_gltf;

/* Parses and opens the buffers; close also after a failure.  HL_E_IO, HL_E_FORMAT, HL_E_MEMORY. */
hl_status hl_gltf_open(hl_gltf *g, const hl_mesh_source *source);
void hl_gltf_close(hl_gltf *g);

/* Element `index` of the root's list `list`; HL_E_FORMAT names both where it is not there. */
hl_status hl_gltf_item(const hl_gltf *g, const char *list, double index, const hl_json **item);
/* A key of `node` that is an index; -1 where it is absent. */
double hl_gltf_index(const hl_json *node, const char *key);

typedef struct hl_gltf_accessor {
    const unsigned char *data;
    size_t stride;
    int32_t count, components; /* 1..4 */
    int type;                  /* componentType: 5120 .. 5126 */
    bool normalized;
} hl_gltf_accessor;

/* HL_E_FORMAT also for sparse accessors and matrices. */
hl_status hl_gltf_accessor_open(const hl_gltf *g, double index, hl_gltf_accessor *accessor);
/* values (components): integers as they are, or scaled to [0, 1], [-1, 1] where normalized. */
void hl_gltf_accessor_floats(const hl_gltf_accessor *accessor, int32_t i, float *values);
uint32_t hl_gltf_accessor_index(const hl_gltf_accessor *accessor, int32_t i);

/* Picture behind texture number `index`, 3 or 4 channels. */
hl_status hl_gltf_picture(const hl_gltf *g, double index, hl_image8 *picture);

#endif /* HL_CORE_IO_GLTF_H */
