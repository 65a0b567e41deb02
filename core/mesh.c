/* SPDX-License-Identifier: MIT */
#include "core/mesh.h"

#include "core/memory.h"
#include "core/vec.h"

#include <math.h>
#include <string.h>

hl_status hl_mesh_create(hl_mesh *mesh, int32_t vertex_count, int32_t triangle_count,
                         unsigned attributes)
{
    if (vertex_count < 0 || triangle_count < 0 || vertex_count > HL_MESH_COUNT_MAX ||
        triangle_count > HL_MESH_COUNT_MAX)
        return hl_fail(HL_E_ARG, "mesh of %d vertices and %d triangles: counts must lie in 0 .. %d",
                       (int)vertex_count, (int)triangle_count, HL_MESH_COUNT_MAX);

    hl_mesh made = {.vertex_count = vertex_count, .triangle_count = triangle_count};
    const size_t n = (size_t)vertex_count;
    const struct {
        unsigned flag; /* 0: always */
        float **array;
        size_t components;
    } plan[] = {
        {0, &made.positions, 3},           {HL_MESH_NORMALS, &made.normals, 3},
        {HL_MESH_ALBEDO, &made.albedo, 3}, {HL_MESH_ROUGHNESS, &made.roughness, 1},
        {HL_MESH_METAL, &made.metal, 1},   {HL_MESH_UV, &made.uv, 2},
    };
    made.triangles = hl_alloc((size_t)triangle_count, 3 * sizeof(uint32_t));
    int complete = made.triangles != NULL;
    for (size_t k = 0; complete && k < sizeof plan / sizeof plan[0]; k++) {
        if (plan[k].flag && !(attributes & plan[k].flag))
            continue;
        *plan[k].array = hl_alloc(n, plan[k].components * sizeof(float));
        complete = *plan[k].array != NULL;
    }
    if (!complete) {
        hl_mesh_release(&made);
        return HL_E_MEMORY;
    }
    *mesh = made;
    return HL_OK;
}

void hl_mesh_release(hl_mesh *mesh)
{
    hl_free(mesh->positions);
    hl_free(mesh->triangles);
    hl_free(mesh->normals);
    hl_free(mesh->albedo);
    hl_free(mesh->roughness);
    hl_free(mesh->metal);
    hl_free(mesh->uv);
    memset(mesh, 0, sizeof *mesh);
}

/* Index of the first value that is not a finite number in [lo, hi]; -1 where there is none. */
static int64_t first_bad(const float *values, int64_t count, float lo, float hi)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]) || values[i] < lo || values[i] > hi)
            return i;
    return -1;
}

static hl_status check_values(const char *name, const float *values, int32_t vertices,
                              int components, float bound_lo, float bound_hi)
{
    if (!values)
        return HL_OK;
    const int64_t bad = first_bad(values, (int64_t)vertices * components, bound_lo, bound_hi);
    if (bad < 0)
        return HL_OK;
    return hl_fail(HL_E_FORMAT, "mesh: %s of vertex %lld is %g, which is not a number in %g .. %g",
                   name, (long long)(bad / components), (double)values[bad], (double)bound_lo,
                   (double)bound_hi);
}

hl_status hl_mesh_validate(const hl_mesh *mesh)
{
    const float huge = 1e30f; /* beyond this, squared lengths overflow */
    const int32_t n = mesh->vertex_count, t = mesh->triangle_count;
    if (n < 0 || t < 0 || n > HL_MESH_COUNT_MAX || t > HL_MESH_COUNT_MAX)
        return hl_fail(HL_E_FORMAT, "mesh: %d vertices and %d triangles are not in 0 .. %d", (int)n,
                       (int)t, HL_MESH_COUNT_MAX);
    if ((n > 0 && !mesh->positions) || (t > 0 && !mesh->triangles))
        return hl_fail(HL_E_FORMAT,
                       "mesh: counts say %d vertices and %d triangles, but the arrays "
                       "are absent",
                       (int)n, (int)t);
    for (int64_t i = 0; i < 3 * (int64_t)t; i++)
        if (mesh->triangles[i] >= (uint32_t)n)
            return hl_fail(HL_E_FORMAT, "mesh: triangle %lld names vertex %u of %d",
                           (long long)(i / 3), (unsigned)mesh->triangles[i], (int)n);
    HL_TRY(check_values("position", mesh->positions, n, 3, -huge, huge));
    HL_TRY(check_values("normal", mesh->normals, n, 3, -1.001f, 1.001f));
    HL_TRY(check_values("albedo", mesh->albedo, n, 3, 0.0f, 1.0f));
    HL_TRY(check_values("roughness", mesh->roughness, n, 1, 0.0f, 1.0f));
    HL_TRY(check_values("metal", mesh->metal, n, 1, 0.0f, 1.0f));
    return check_values("uv", mesh->uv, n, 2, -huge, huge);
}

void hl_mesh_bounds(const hl_mesh *mesh, float lo[3], float hi[3])
{
    for (int c = 0; c < 3; c++) {
        lo[c] = mesh->vertex_count > 0 ? mesh->positions[c] : 0.0f;
        hi[c] = lo[c];
    }
    for (int64_t i = 1; i < mesh->vertex_count; i++)
        for (int c = 0; c < 3; c++) {
            const float x = mesh->positions[3 * i + c];
            lo[c] = x < lo[c] ? x : lo[c];
            hi[c] = x > hi[c] ? x : hi[c];
        }
}

void hl_mesh_face_cross(const hl_mesh *mesh, int64_t triangle, double out[3])
{
    const uint32_t *v = mesh->triangles + 3 * triangle;
    const float *a = mesh->positions + 3 * (int64_t)v[0];
    const float *b = mesh->positions + 3 * (int64_t)v[1];
    const float *c = mesh->positions + 3 * (int64_t)v[2];
    double e[3], f[3];
    for (int k = 0; k < 3; k++) {
        e[k] = (double)b[k] - (double)a[k];
        f[k] = (double)c[k] - (double)a[k];
    }
    out[0] = e[1] * f[2] - e[2] * f[1];
    out[1] = e[2] * f[0] - e[0] * f[2];
    out[2] = e[0] * f[1] - e[1] * f[0];
}

double hl_mesh_area(const hl_mesh *mesh)
{
    double area = 0;
    for (int64_t t = 0; t < mesh->triangle_count; t++) {
        double n[3];
        hl_mesh_face_cross(mesh, t, n);
        area += 0.5 * sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    }
    return area;
}

float hl_mesh_mean_edge(const hl_mesh *mesh)
{
    double sum = 0;
    for (int32_t i = 0; i < mesh->triangle_count; i++)
        for (int k = 0; k < 3; k++) {
            const uint32_t *t = mesh->triangles + 3 * (size_t)i;
            const float *a = mesh->positions + 3 * (size_t)t[k];
            const float *b = mesh->positions + 3 * (size_t)t[(k + 1) % 3];
            const float d[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
            sum += (double)hl_length3(d);
        }
    return (float)(sum / (3.0 * mesh->triangle_count));
}

hl_status hl_mesh_fill_normals(hl_mesh *mesh)
{
    const size_t n = (size_t)mesh->vertex_count;
    double *sums = hl_alloc(n, 3 * sizeof *sums);
    float *normals = mesh->normals ? mesh->normals : hl_alloc(n, 3 * sizeof *normals);
    if (!sums || !normals) {
        hl_free(sums);
        if (normals != mesh->normals)
            hl_free(normals);
        return HL_E_MEMORY;
    }
    for (int64_t t = 0; t < mesh->triangle_count; t++) {
        double cross[3];
        hl_mesh_face_cross(mesh, t, cross);
        for (int corner = 0; corner < 3; corner++)
            for (int k = 0; k < 3; k++)
                sums[3 * (size_t)mesh->triangles[3 * t + corner] + (size_t)k] += cross[k];
    }
    for (size_t i = 0; i < n; i++) {
        const double *s = sums + 3 * i;
        const double length = sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
        for (int k = 0; k < 3; k++)
            normals[3 * i + (size_t)k] = length > 0 ? (float)(s[k] / length) : 0.0f;
    }
    hl_free(sums);
    mesh->normals = normals;
    return HL_OK;
}
