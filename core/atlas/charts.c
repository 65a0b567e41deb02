/* SPDX-License-Identifier: MIT */
#include "core/atlas/atlas.h"
#include "core/memory.h"
#include "core/mesh_edges.h"

#include <math.h>
#include <string.h>

static const double CONE = 0.70710678;  /* cos 45: a face joins while this near the chart's mean */
static const double REACH = 0.25881905; /* cos 75: farther from the final mean, a face leaves    */

/* ---- neighbours ---- */

/* Faces are neighbours across an edge that exactly two of them share. */
static hl_status find_neighbours(hl_atlas_charts *c)
{
    const int32_t n = 3 * c->mesh->triangle_count;
    hl_mesh_edge *edges;
    HL_TRY(hl_mesh_edges_sorted(c->mesh, &edges));
    for (int32_t i = 0; i < n; i++)
        c->neighbours[i] = -1;
    for (int32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && edges[end].lo == edges[i].lo && edges[end].hi == edges[i].hi;)
            end++;
        if (end - i != 2)
            continue;
        c->neighbours[edges[i].slot] = edges[i + 1].slot / 3;
        c->neighbours[edges[i + 1].slot] = edges[i].slot / 3;
    }
    hl_free(edges);
    return HL_OK;
}

static void find_normals(hl_atlas_charts *c)
{
    for (size_t t = 0; t < (size_t)c->mesh->triangle_count; t++) {
        double *n = c->normals + 3 * t;
        hl_mesh_face_cross(c->mesh, (int64_t)t, n);
        const double l = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        c->areas[t] = 0.5 * l;
        for (int k = 0; k < 3; k++)
            n[k] = l > 0 ? n[k] / l : 0;
    }
}

hl_status hl_atlas_charts_init(hl_atlas_charts *charts, const hl_mesh *mesh)
{
    const size_t t = (size_t)mesh->triangle_count;
    hl_atlas_charts made = {
        .mesh = mesh,
        .normals = hl_alloc(t, 3 * sizeof(double)),
        .areas = hl_alloc(t, sizeof(double)),
        .neighbours = hl_alloc(t, 3 * sizeof(int32_t)),
        .chart = hl_alloc(t, sizeof(int32_t)),
        .queue = hl_alloc(t, sizeof(int32_t)),
    };
    const bool complete = made.normals && made.areas && made.neighbours && made.chart && made.queue;
    hl_status s = complete ? find_neighbours(&made) : HL_E_MEMORY;
    if (s != HL_OK) {
        hl_atlas_charts_release(&made);
        return s;
    }
    find_normals(&made);
    for (size_t i = 0; i < t; i++)
        made.chart[i] = -1;
    *charts = made;
    return HL_OK;
}

void hl_atlas_charts_release(hl_atlas_charts *charts)
{
    hl_free(charts->normals);
    hl_free(charts->areas);
    hl_free(charts->neighbours);
    hl_free(charts->chart);
    hl_free(charts->queue);
    memset(charts, 0, sizeof *charts);
}

/* ---- growing ---- */

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void add_face(const hl_atlas_charts *c, int32_t face, double sum[3])
{
    for (size_t k = 0; k < 3; k++)
        sum[k] += c->areas[face] * c->normals[3 * (size_t)face + k];
}

/* Whether a face lies within the cone around `sum`; a face without area always does. */
static bool within(const hl_atlas_charts *c, int32_t face, const double sum[3], double limit)
{
    const double length = sqrt(dot(sum, sum));
    return !(c->areas[face] > 0) || !(length > 0) ||
           dot(c->normals + 3 * (size_t)face, sum) >= limit * length;
}

/* Breadth first from `seed`; returns the faces taken, which are the first of c->queue. */
static int32_t flood(hl_atlas_charts *c, int32_t seed, double sum[3])
{
    int32_t head = 0, tail = 0;
    c->queue[tail++] = seed;
    c->chart[seed] = c->count;
    add_face(c, seed, sum);
    while (head < tail) {
        const int32_t face = c->queue[head++];
        for (int k = 0; k < 3; k++) {
            const int32_t next = c->neighbours[3 * (size_t)face + (size_t)k];
            if (next < 0 || c->chart[next] >= 0 || !within(c, next, sum, CONE))
                continue;
            c->chart[next] = c->count;
            c->queue[tail++] = next;
            add_face(c, next, sum);
        }
    }
    return tail;
}

/* The mean wandered while the chart grew: who is now too oblique waits for the next one; again,
 * since the mean moves with it.  The sum of n . mean over a chart is positive, so somebody stays.
 */
static void prune(hl_atlas_charts *c, int32_t taken, double sum[3])
{
    for (bool again = true; again;) {
        double rest[3] = {0, 0, 0};
        again = false;
        for (int32_t i = 0; i < taken; i++) {
            const int32_t face = c->queue[i];
            if (c->chart[face] != c->count)
                continue;
            if (within(c, face, sum, REACH)) {
                add_face(c, face, rest);
                continue;
            }
            c->chart[face] = -1;
            again = true;
        }
        for (int k = 0; k < 3; k++)
            sum[k] = rest[k];
    }
}

void hl_atlas_charts_grow(hl_atlas_charts *charts)
{
    const int32_t t = charts->mesh->triangle_count;
    for (int32_t seed = 0; seed < t;) {
        if (charts->chart[seed] >= 0) {
            seed++;
            continue;
        }
        double sum[3] = {0, 0, 0};
        prune(charts, flood(charts, seed, sum), sum);
        charts->count++;
    }
}
