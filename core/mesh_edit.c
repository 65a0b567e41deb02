/* SPDX-License-Identifier: MIT */
#include "core/mesh_edit.h"

#include "core/memory.h"
#include "core/mesh_edges.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- vertices ---- */

/* Moves row from[i] of an attribute to row i, from ascending. */
static void take_rows(float *values, const int32_t *from, int32_t n, size_t components)
{
    for (size_t i = 0; values && i < (size_t)n; i++)
        memmove(values + components * i, values + components * (size_t)from[i],
                components * sizeof(float));
}

static void take_vertices(hl_mesh *m, const int32_t *from, int32_t n)
{
    take_rows(m->positions, from, n, 3);
    take_rows(m->normals, from, n, 3);
    take_rows(m->albedo, from, n, 3);
    take_rows(m->roughness, from, n, 1);
    take_rows(m->metal, from, n, 1);
    take_rows(m->uv, from, n, 2);
    m->vertex_count = n;
}

hl_status hl_mesh_compact(hl_mesh *mesh)
{
    const size_t n = (size_t)mesh->vertex_count, corners = 3 * (size_t)mesh->triangle_count;
    int32_t *number = hl_alloc(n, sizeof *number), *from = hl_alloc(n, sizeof *from);
    if (!number || !from) {
        hl_free(number);
        hl_free(from);
        return HL_E_MEMORY;
    }
    for (size_t i = 0; i < corners; i++)
        number[mesh->triangles[i]] = 1;
    int32_t kept = 0;
    for (size_t v = 0; v < n; v++)
        if (number[v]) {
            from[kept] = (int32_t)v;
            number[v] = kept++;
        }
    for (size_t i = 0; i < corners; i++)
        mesh->triangles[i] = (uint32_t)number[mesh->triangles[i]];
    take_vertices(mesh, from, kept);
    hl_free(number);
    hl_free(from);
    return HL_OK;
}

/* ---- pieces ---- */

static int32_t root_of(int32_t *parent, int32_t v)
{
    while (parent[v] != v) {
        parent[v] = parent[parent[v]];
        v = parent[v];
    }
    return v;
}

static void join(int32_t *parent, uint32_t a, uint32_t b)
{
    const int32_t x = root_of(parent, (int32_t)a), y = root_of(parent, (int32_t)b);
    if (x < y)
        parent[y] = x;
    else
        parent[x] = y;
}

hl_status hl_mesh_keep_large(hl_mesh *mesh, int32_t triangles, double share, int32_t *pieces)
{
    const size_t n = (size_t)mesh->vertex_count, t = (size_t)mesh->triangle_count;
    int32_t *parent = hl_alloc(n, sizeof *parent), *size = hl_alloc(n, sizeof *size);
    if (!parent || !size) {
        hl_free(parent);
        hl_free(size);
        return HL_E_MEMORY;
    }
    for (size_t v = 0; v < n; v++)
        parent[v] = (int32_t)v;
    for (size_t i = 0; i < t; i++) {
        join(parent, mesh->triangles[3 * i], mesh->triangles[3 * i + 1]);
        join(parent, mesh->triangles[3 * i], mesh->triangles[3 * i + 2]);
    }
    int32_t largest = 0, kept = 0, stay = 0;
    for (size_t i = 0; i < t; i++) {
        const int32_t count = ++size[root_of(parent, (int32_t)mesh->triangles[3 * i])];
        largest = count > largest ? count : largest;
    }
    for (size_t v = 0; v < n; v++) {
        if (size[v] < triangles || size[v] < share * largest)
            size[v] = 0; /* not a root, or too small */
        stay += size[v] > 0;
    }
    for (size_t i = 0; i < t; i++)
        if (size[root_of(parent, (int32_t)mesh->triangles[3 * i])])
            memmove(mesh->triangles + 3 * (size_t)kept++, mesh->triangles + 3 * i,
                    3 * sizeof(uint32_t));
    mesh->triangle_count = kept;
    if (pieces)
        *pieces = stay;
    hl_free(parent);
    hl_free(size);
    return hl_mesh_compact(mesh);
}

/* ---- folds ---- */

typedef struct face {
    uint32_t v[3]; /* ascending                                       */
    int32_t triangle;
    int32_t facing; /* 1: its corners run as v does; -1: the other way */
} face;

static int by_corners(const void *a, const void *b)
{
    const face *x = a, *y = b;
    for (int k = 0; k < 3; k++)
        if (x->v[k] != y->v[k])
            return x->v[k] < y->v[k] ? -1 : 1;
    return (x->triangle > y->triangle) - (x->triangle < y->triangle);
}

static void swap_corners(face *f, int a, int b)
{
    if (f->v[a] <= f->v[b])
        return;
    const uint32_t kept = f->v[a];
    f->v[a] = f->v[b];
    f->v[b] = kept;
    f->facing = -f->facing;
}

/* Of faces with the same corners: the first that faces as most do, -1 where they cancel. */
static int32_t survivor(const face *f, int32_t n)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += f[i].facing;
    for (int32_t i = 0; i < n; i++)
        if (sum * f[i].facing > 0)
            return f[i].triangle;
    return -1;
}

hl_status hl_mesh_drop_folds(hl_mesh *mesh, int32_t *dropped)
{
    const int32_t n = mesh->triangle_count;
    face *faces = hl_alloc((size_t)n, sizeof *faces);
    bool *stays = hl_alloc((size_t)n, sizeof *stays);
    if (!faces || !stays) {
        hl_free(faces);
        hl_free(stays);
        return HL_E_MEMORY;
    }
    for (int32_t i = 0; i < n; i++) {
        memcpy(faces[i].v, mesh->triangles + 3 * (size_t)i, sizeof faces[i].v);
        faces[i].triangle = i;
        faces[i].facing = 1;
        swap_corners(&faces[i], 0, 1);
        swap_corners(&faces[i], 1, 2);
        swap_corners(&faces[i], 0, 1);
    }
    qsort(faces, (size_t)n, sizeof *faces, by_corners);
    for (int32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && memcmp(faces[i].v, faces[end].v, sizeof faces[i].v) == 0;)
            end++;
        const int32_t one = survivor(faces + i, end - i);
        if (one >= 0)
            stays[one] = true;
    }
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++)
        if (stays[i])
            memmove(mesh->triangles + 3 * (size_t)kept++, mesh->triangles + 3 * (size_t)i,
                    3 * sizeof(uint32_t));
    mesh->triangle_count = kept;
    hl_free(faces);
    hl_free(stays);
    if (dropped)
        *dropped = n - kept;
    return HL_OK;
}

/* ---- borders ---- */

/* Edges that one triangle has, sorted; NULL without memory. */
static hl_mesh_edge *find_borders(const hl_mesh *mesh, int32_t *count)
{
    const int32_t n = 3 * mesh->triangle_count;
    hl_mesh_edge *edges;
    if (hl_mesh_edges_sorted(mesh, &edges) != HL_OK)
        return NULL;
    int32_t borders = 0;
    for (int32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && edges[end].lo == edges[i].lo && edges[end].hi == edges[i].hi;)
            end++;
        if (end - i == 1)
            edges[borders++] = edges[i];
    }
    *count = borders;
    return edges;
}

int32_t hl_mesh_border_edges(const hl_mesh *mesh)
{
    int32_t count = -1;
    hl_mesh_edge *edges = find_borders(mesh, &count);
    hl_free(edges);
    return count;
}

/* next[v]: end of the border edge that starts at v, -1 none, -2 several. */
static void link_borders(const hl_mesh *mesh, const hl_mesh_edge *edges, int32_t count,
                         int32_t *next)
{
    for (int32_t i = 0; i < count; i++) {
        const uint32_t a = mesh->triangles[edges[i].slot],
                       b = edges[i].lo == a ? edges[i].hi : edges[i].lo;
        next[a] = next[a] == -1 ? (int32_t)b : -2;
    }
}

/* Length of the loop through v, 0 where it is none or longer than `limit`. */
static int32_t loop_length(const int32_t *next, int32_t v, int32_t limit)
{
    int32_t n = 0, at = v;
    do {
        at = next[at];
        n++;
    } while (at >= 0 && at != v && n <= limit);
    return at == v && n <= limit && n >= 3 ? n : 0;
}

static hl_status grow_rows(float **values, int32_t before, int32_t after, size_t components)
{
    if (!*values)
        return HL_OK;
    float *grown = hl_grow(*values, (size_t)before, (size_t)after, components * sizeof(float));
    if (!grown)
        return HL_E_MEMORY;
    *values = grown;
    return HL_OK;
}

/* Room for more vertices and triangles; counts stay. */
static hl_status reserve(hl_mesh *m, int32_t vertices, int32_t triangles)
{
    const int32_t n = m->vertex_count, end = n + vertices;
    HL_TRY(grow_rows(&m->positions, n, end, 3));
    HL_TRY(grow_rows(&m->normals, n, end, 3));
    HL_TRY(grow_rows(&m->albedo, n, end, 3));
    HL_TRY(grow_rows(&m->roughness, n, end, 1));
    HL_TRY(grow_rows(&m->metal, n, end, 1));
    HL_TRY(grow_rows(&m->uv, n, end, 2));
    uint32_t *grown = hl_grow(m->triangles, (size_t)m->triangle_count,
                              (size_t)m->triangle_count + (size_t)triangles, 3 * sizeof *grown);
    if (!grown)
        return HL_E_MEMORY;
    m->triangles = grown;
    return HL_OK;
}

static void mean_row(float *values, const int32_t *next, int32_t first, int32_t to,
                     size_t components)
{
    for (size_t c = 0; values && c < components; c++) {
        double sum = 0;
        int32_t n = 0, v = first;
        do {
            sum += (double)values[components * (size_t)v + c];
            v = next[v];
            n++;
        } while (v != first);
        values[components * (size_t)to + c] = (float)(sum / n);
    }
}

/* A fan from the border through `first` to a new vertex; the border's edges are used up. */
static void close_loop(hl_mesh *m, int32_t *next, int32_t first)
{
    const int32_t middle = m->vertex_count++;
    mean_row(m->positions, next, first, middle, 3);
    mean_row(m->normals, next, first, middle, 3);
    mean_row(m->albedo, next, first, middle, 3);
    mean_row(m->roughness, next, first, middle, 1);
    mean_row(m->metal, next, first, middle, 1);
    mean_row(m->uv, next, first, middle, 2);
    for (int32_t v = first; next[v] >= 0;) {
        const int32_t end = next[v];
        uint32_t *out = m->triangles + 3 * (size_t)m->triangle_count++;
        out[0] = (uint32_t)end; /* against the neighbour's direction */
        out[1] = (uint32_t)v;
        out[2] = (uint32_t)middle;
        next[v] = -1;
        v = end;
    }
}

hl_status hl_mesh_fill_holes(hl_mesh *mesh, int32_t edges, int32_t *filled)
{
    const int32_t n = mesh->vertex_count;
    int32_t count = 0, loops = 0, triangles = 0, *next = hl_alloc((size_t)n, sizeof *next);
    hl_mesh_edge *borders = next ? find_borders(mesh, &count) : NULL;
    hl_status s = borders ? HL_OK : HL_E_MEMORY;
    if (s == HL_OK) {
        for (int32_t v = 0; v < n; v++)
            next[v] = -1;
        link_borders(mesh, borders, count, next);
        for (int32_t v = 0; v < n; v++) { /* more than needed: each loop counts at every vertex */
            const int32_t length = next[v] >= 0 ? loop_length(next, v, edges) : 0;
            loops += length > 0;
            triangles += length > 0;
        }
        if (loops > HL_MESH_COUNT_MAX - n || triangles > HL_MESH_COUNT_MAX - mesh->triangle_count)
            s = hl_fail(HL_E_ARG, "mesh: too large to close its holes");
        else
            s = reserve(mesh, loops / 3, triangles);
    }
    int32_t closed = 0;
    for (int32_t v = 0; s == HL_OK && v < n; v++)
        if (next[v] >= 0 && loop_length(next, v, edges)) {
            close_loop(mesh, next, v);
            closed++;
        }
    hl_free(next);
    hl_free(borders);
    if (s == HL_OK && filled)
        *filled = closed;
    return s;
}
