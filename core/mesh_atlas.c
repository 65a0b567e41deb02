/* SPDX-License-Identifier: MIT */
#include "core/mesh_atlas.h"

#include "core/atlas/atlas.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

enum { TURNS = 16, ROUNDS = 6 };

typedef struct unwrap {
    const hl_mesh *mesh;
    int32_t side;
    hl_atlas_charts charts;
    int32_t *first; /* (charts + 1) start of each chart in `faces` */
    int32_t *faces; /* (t) by chart, ascending                    */
    double *plane;  /* (charts, 6) the two axes of each chart     */
    double *low;    /* (charts, 2) smallest coordinates there     */
    hl_atlas_rect *rects, *order;
    double scale; /* texels per unit */
} unwrap;

static void release_layout(unwrap *u)
{
    hl_free(u->first);
    hl_free(u->faces);
    hl_free(u->plane);
    hl_free(u->low);
    hl_free(u->rects);
    hl_free(u->order);
    u->first = u->faces = NULL;
    u->plane = u->low = NULL;
    u->rects = NULL;
    u->order = NULL;
}

static void sort_faces(unwrap *u)
{
    const int32_t t = u->mesh->triangle_count;
    for (int32_t i = 0; i < t; i++)
        u->first[u->charts.chart[i] + 1]++;
    for (int32_t c = 0; c < u->charts.count; c++)
        u->first[c + 1] += u->first[c];
    for (int32_t i = 0; i < t; i++)
        u->faces[u->first[u->charts.chart[i]]++] = i;
    for (int32_t c = u->charts.count; c > 0; c--) /* each start moved to the next one */
        u->first[c] = u->first[c - 1];
    u->first[0] = 0;
}

static hl_status make_layout(unwrap *u)
{
    const size_t charts = (size_t)u->charts.count;
    u->first = hl_alloc(charts + 1, sizeof *u->first);
    u->faces = hl_alloc((size_t)u->mesh->triangle_count, sizeof *u->faces);
    u->plane = hl_alloc(charts, 6 * sizeof *u->plane);
    u->low = hl_alloc(charts, 2 * sizeof *u->low);
    u->rects = hl_alloc(charts, sizeof *u->rects);
    u->order = hl_alloc(charts, sizeof *u->order);
    if (!u->first || !u->faces || !u->plane || !u->low || !u->rects || !u->order)
        return HL_E_MEMORY;
    sort_faces(u);
    return HL_OK;
}

/* ---- laying flat ---- */

/* Two axes across the area-weighted mean normal, turned by `angle` around it. */
static void axes_of(const double n[3], double angle, double axes[6])
{
    const int least = fabs(n[0]) <= fabs(n[1]) && fabs(n[0]) <= fabs(n[2]) ? 0
                      : fabs(n[1]) <= fabs(n[2])                           ? 1
                                                                           : 2;
    double a[3], b[3], l = 0;
    for (int k = 0; k < 3; k++) {
        a[k] = (k == least) - n[least] * n[k];
        l += a[k] * a[k];
    }
    for (int k = 0; k < 3; k++)
        a[k] /= sqrt(l);
    for (int k = 0; k < 3; k++)
        b[k] = n[(k + 1) % 3] * a[(k + 2) % 3] - n[(k + 2) % 3] * a[(k + 1) % 3];
    for (int k = 0; k < 3; k++) {
        axes[k] = cos(angle) * a[k] + sin(angle) * b[k];
        axes[3 + k] = cos(angle) * b[k] - sin(angle) * a[k];
    }
}

static void mean_normal(const unwrap *u, int32_t chart, double n[3])
{
    double sum[3] = {0, 0, 0}, l = 0;
    for (int32_t i = u->first[chart]; i < u->first[chart + 1]; i++)
        for (size_t k = 0; k < 3; k++)
            sum[k] += u->charts.areas[u->faces[i]] * u->charts.normals[3 * (size_t)u->faces[i] + k];
    for (int k = 0; k < 3; k++)
        l += sum[k] * sum[k];
    for (int k = 0; k < 3; k++)
        n[k] = l > 0 ? sum[k] / sqrt(l) : k == 2;
}

static void project(const unwrap *u, const double axes[6], uint32_t vertex, double out[2])
{
    const float *p = u->mesh->positions + 3 * (size_t)vertex;
    for (int c = 0; c < 2; c++)
        out[c] = axes[3 * c] * (double)p[0] + axes[3 * c + 1] * (double)p[1] +
                 axes[3 * c + 2] * (double)p[2];
}

static void bounds(const unwrap *u, int32_t chart, const double axes[6], double lo[2], double hi[2])
{
    lo[0] = lo[1] = HUGE_VAL;
    hi[0] = hi[1] = -HUGE_VAL;
    for (int32_t i = u->first[chart]; i < u->first[chart + 1]; i++)
        for (size_t k = 0; k < 3; k++) {
            double p[2];
            project(u, axes, u->mesh->triangles[3 * (size_t)u->faces[i] + k], p);
            for (int c = 0; c < 2; c++) {
                lo[c] = fmin(lo[c], p[c]);
                hi[c] = fmax(hi[c], p[c]);
            }
        }
}

/* The turn whose rectangle is smallest, lying on its longer side. */
static void lay_flat(unwrap *u, int32_t chart)
{
    const double quarter = 1.57079632679489662;
    double n[3], best = HUGE_VAL;
    mean_normal(u, chart, n);
    for (int turn = 0; turn < TURNS; turn++) {
        double axes[6], lo[2], hi[2];
        axes_of(n, quarter * turn / TURNS, axes);
        bounds(u, chart, axes, lo, hi);
        double size[2] = {hi[0] - lo[0], hi[1] - lo[1]};
        if (size[1] > size[0]) { /* a quarter more: new x = old y, new y = -old x */
            axes_of(n, quarter * turn / TURNS + quarter, axes);
            bounds(u, chart, axes, lo, hi);
            size[0] = hi[0] - lo[0];
            size[1] = hi[1] - lo[1];
        }
        if (size[0] * size[1] >= best)
            continue;
        best = size[0] * size[1];
        memcpy(u->plane + 6 * (size_t)chart, axes, sizeof axes);
        memcpy(u->low + 2 * (size_t)chart, lo, sizeof lo);
        u->rects[chart] = (hl_atlas_rect){size[0], size[1], 0, 0, chart};
    }
}

/* ---- the new mesh ---- */

static unsigned attributes_of(const hl_mesh *m)
{
    return (m->normals ? HL_MESH_NORMALS : 0u) | (m->albedo ? HL_MESH_ALBEDO : 0u) |
           (m->roughness ? HL_MESH_ROUGHNESS : 0u) | (m->metal ? HL_MESH_METAL : 0u) | HL_MESH_UV;
}

static void copy_row(float *to, const float *from, size_t t, size_t f, size_t n)
{
    if (to)
        memcpy(to + n * t, from + n * f, n * sizeof(float));
}

/* Numbers the vertices chart by chart; source (3 t at most) gets the old number of each. */
static int32_t number_vertices(const unwrap *u, uint32_t *corners, uint32_t *source, int32_t *owner,
                               int32_t *latest)
{
    int32_t n = 0;
    for (int32_t v = 0; v < u->mesh->vertex_count; v++)
        owner[v] = -1;
    for (int32_t chart = 0; chart < u->charts.count; chart++)
        for (int32_t i = u->first[chart]; i < u->first[chart + 1]; i++)
            for (size_t k = 0; k < 3; k++) {
                const size_t corner = 3 * (size_t)u->faces[i] + k;
                const uint32_t v = u->mesh->triangles[corner];
                if (owner[v] != chart) {
                    owner[v] = chart;
                    latest[v] = n;
                    source[n++] = v;
                }
                corners[corner] = (uint32_t)latest[v];
            }
    return n;
}

static void fill_uv(const unwrap *u, hl_mesh *out)
{
    const double gutter = hl_atlas_gutter(u->side);
    for (int32_t chart = 0; chart < u->charts.count; chart++) {
        const hl_atlas_rect *r = &u->rects[chart];
        const double *low = u->low + 2 * (size_t)chart;
        for (int32_t i = u->first[chart]; i < u->first[chart + 1]; i++)
            for (size_t k = 0; k < 3; k++) {
                const size_t corner = 3 * (size_t)u->faces[i] + k;
                double p[2];
                project(u, u->plane + 6 * (size_t)chart, u->mesh->triangles[corner], p);
                float *uv = out->uv + 2 * (size_t)out->triangles[corner];
                uv[0] = (float)((r->x + gutter + 0.5 + u->scale * (p[0] - low[0])) / u->side);
                uv[1] = (float)((r->y + gutter + 0.5 + u->scale * (p[1] - low[1])) / u->side);
            }
    }
}

static hl_status build(const unwrap *u, hl_mesh *out)
{
    const hl_mesh *m = u->mesh;
    const size_t corners = 3 * (size_t)m->triangle_count, vertices = (size_t)m->vertex_count;
    uint32_t *numbers = hl_alloc(corners, sizeof *numbers);
    uint32_t *source = hl_alloc(corners, sizeof *source);
    int32_t *owner = hl_alloc(vertices, sizeof *owner),
            *latest = hl_alloc(vertices, sizeof *latest);
    hl_status s = numbers && source && owner && latest ? HL_OK : HL_E_MEMORY;
    if (s == HL_OK)
        s = hl_mesh_create(out, number_vertices(u, numbers, source, owner, latest),
                           m->triangle_count, attributes_of(m));
    if (s == HL_OK) {
        memcpy(out->triangles, numbers, corners * sizeof *numbers);
        for (size_t v = 0; v < (size_t)out->vertex_count; v++) {
            copy_row(out->positions, m->positions, v, source[v], 3);
            copy_row(out->normals, m->normals, v, source[v], 3);
            copy_row(out->albedo, m->albedo, v, source[v], 3);
            copy_row(out->roughness, m->roughness, v, source[v], 1);
            copy_row(out->metal, m->metal, v, source[v], 1);
        }
        fill_uv(u, out);
    }
    hl_free(numbers);
    hl_free(source);
    hl_free(owner);
    hl_free(latest);
    return s;
}

/* ---- rounds ---- */

/* One layout with the charts as they are; *out is made. */
static hl_status lay_out(unwrap *u, hl_mesh *out)
{
    HL_TRY(make_layout(u));
    for (int32_t chart = 0; chart < u->charts.count; chart++)
        lay_flat(u, chart);
    HL_TRY(hl_atlas_pack(u->rects, u->order, u->charts.count, u->side, &u->scale));
    return build(u, out);
}

/* A chart may lie over itself, as a winding stair does.  Faces found on top of another one leave
 * for charts of their own; the number of such faces is returned. */
static hl_status find_clashes(unwrap *u, const hl_mesh *made, int32_t *clashes, double *filled)
{
    const size_t texels = (size_t)u->side * (size_t)u->side;
    int32_t *ids = hl_alloc(texels, sizeof *ids);
    uint8_t *clash = hl_alloc((size_t)made->triangle_count, 1);
    if (!ids || !clash) {
        hl_free(ids);
        hl_free(clash);
        return HL_E_MEMORY;
    }
    *clashes = hl_atlas_rasterize(made, u->side, ids, clash);
    size_t covered = 0;
    for (size_t i = 0; i < texels; i++)
        covered += ids[i] >= 0;
    *filled = (double)covered / (double)texels;
    for (int32_t t = 0; t < made->triangle_count; t++)
        if (clash[t])
            u->charts.chart[t] = -1;
    hl_free(ids);
    hl_free(clash);
    return HL_OK;
}

static hl_status unwrap_rounds(unwrap *u, hl_mesh *out, double *filled)
{
    for (int round = 0;; round++) {
        int32_t clashes = 0;
        hl_mesh made = {0};
        hl_atlas_charts_grow(&u->charts);
        hl_status s = lay_out(u, &made);
        if (s == HL_OK)
            s = find_clashes(u, &made, &clashes, filled);
        if (s == HL_OK && (!clashes || round == ROUNDS - 1)) {
            *out = made;
            return HL_OK;
        }
        hl_mesh_release(&made);
        release_layout(u);
        HL_TRY(s);
    }
}

hl_status hl_mesh_unwrap(const hl_mesh *mesh, int32_t side, hl_mesh *out, hl_atlas_report *report)
{
    if (side < HL_ATLAS_SIDE_MIN || side > HL_ATLAS_SIDE_MAX)
        return hl_fail(HL_E_ARG, "texture of %d texels a side: expected %d .. %d", (int)side,
                       HL_ATLAS_SIDE_MIN, HL_ATLAS_SIDE_MAX);
    HL_TRY(hl_mesh_validate(mesh));
    if (!mesh->triangle_count)
        return hl_fail(HL_E_ARG, "a mesh without triangles has no texture coordinates");
    unwrap u = {.mesh = mesh, .side = side};
    double filled = 0;
    HL_TRY(hl_atlas_charts_init(&u.charts, mesh));
    const hl_status s = unwrap_rounds(&u, out, &filled);
    if (s == HL_OK && report)
        *report = (hl_atlas_report){u.charts.count, u.scale, filled};
    release_layout(&u);
    hl_atlas_charts_release(&u.charts);
    return s;
}
