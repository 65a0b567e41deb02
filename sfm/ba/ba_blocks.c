/* SPDX-License-Identifier: MIT */
/* A row of blocks is filled by one task, from the points that its node sees, in their order. */
#define HL_REAL double
#include "sfm/ba/ba_blocks.h"

#include "core/memory.h"
#include "core/parallel.h"
#include "core/vec.h"

#include <stdlib.h>
#include <string.h>

static int32_t image_node(const hl_ba *ba, int32_t image)
{
    return ba->p->camera_count + image;
}

static int compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Columns of one row as they are met. */
typedef struct row_walk {
    const hl_ba *ba;
    int32_t row;
    int32_t *seen; /* (nodes) 1 + the last row that met the node */
    int32_t *out;  /* columns; NULL: counted alone               */
    int32_t count;
} row_walk;

static void meet(row_walk *w, int32_t node)
{
    if (node > w->row || w->ba->blocks.size[node] == 0 || w->seen[node] == w->row + 1)
        return;
    w->seen[node] = w->row + 1;
    if (w->out)
        w->out[w->count] = node;
    w->count++;
}

static void meet_point(row_walk *w, int32_t point)
{
    const hl_ba *ba = w->ba;
    for (int64_t r = ba->run_start[point]; r < ba->run_start[point + 1]; r++)
        meet(w, ba->runs[r].camera);
    for (int64_t i = ba->p->track_start[point]; i < ba->p->track_start[point + 1]; i++)
        meet(w, image_node(ba, ba->sights[i].image));
}

/* Columns of a row; returns how many.  Pairs of cameras are met by the runs of the row's camera. */
static int32_t walk_row(row_walk *w, int32_t row)
{
    const hl_ba *ba = w->ba;
    const int32_t cameras = ba->p->camera_count;
    w->row = row;
    w->count = 0;
    if (ba->blocks.size[row] == 0)
        return 0;
    meet(w, row);
    if (row < cameras) {
        for (int64_t k = ba->blocks.camera_start[row]; k < ba->blocks.camera_start[row + 1]; k++)
            meet_point(w, ba->blocks.of_camera[k]);
        return w->count;
    }
    const int32_t image = row - cameras;
    for (int64_t k = ba->image_start[image]; k < ba->image_start[image + 1]; k++)
        meet_point(w, ba->sights[ba->of_image[k]].point);
    meet(w, ba->p->image_camera[image]);
    return w->count;
}

/* of_camera: points with a run of the camera. */
static hl_status list_points_of_cameras(hl_ba *ba)
{
    hl_ba_blocks *b = &ba->blocks;
    const int32_t cameras = ba->p->camera_count, points = ba->p->point_count;
    int64_t *fill = hl_alloc((size_t)cameras, sizeof *fill);
    b->camera_start = hl_alloc((size_t)cameras + 1, sizeof *b->camera_start);
    b->of_camera = hl_alloc((size_t)ba->run_start[points], sizeof *b->of_camera);
    if (!fill || !b->camera_start || !b->of_camera) {
        hl_free(fill);
        return HL_E_MEMORY;
    }
    for (int64_t r = 0; r < ba->run_start[points]; r++)
        b->camera_start[ba->runs[r].camera + 1]++;
    for (int32_t c = 0; c < cameras; c++)
        b->camera_start[c + 1] += b->camera_start[c];
    for (int32_t k = 0; k < points; k++)
        for (int64_t r = ba->run_start[k]; r < ba->run_start[k + 1]; r++) {
            const int32_t c = ba->runs[r].camera;
            b->of_camera[b->camera_start[c] + fill[c]++] = k;
        }
    hl_free(fill);
    return HL_OK;
}

static hl_status list_columns(hl_ba *ba)
{
    hl_ba_blocks *b = &ba->blocks;
    row_walk w = {.ba = ba, .seen = hl_alloc((size_t)b->nodes, sizeof *w.seen)};
    if (!w.seen)
        return HL_E_MEMORY;
    for (int32_t row = 0; row < b->nodes; row++)
        b->row_start[row + 1] = b->row_start[row] + walk_row(&w, row);
    b->column = hl_alloc((size_t)b->row_start[b->nodes], sizeof *b->column);
    memset(w.seen, 0, (size_t)b->nodes * sizeof *w.seen);
    for (int32_t row = 0; b->column && row < b->nodes; row++) {
        w.out = b->column + b->row_start[row];
        qsort(w.out, (size_t)walk_row(&w, row), sizeof *w.out, compare);
    }
    hl_free(w.seen);
    return b->column ? HL_OK : HL_E_MEMORY;
}

/* Where the values of blocks are, and the blocks below each diagonal one. */
static hl_status place_blocks(hl_ba *ba)
{
    hl_ba_blocks *b = &ba->blocks;
    const int64_t count = b->row_start[b->nodes];
    int64_t *fill = hl_alloc((size_t)b->nodes, sizeof *fill), total = 0;
    b->value_at = hl_alloc((size_t)count + 1, sizeof *b->value_at);
    b->below_start = hl_alloc((size_t)b->nodes + 1, sizeof *b->below_start);
    b->below = hl_alloc((size_t)count, sizeof *b->below);
    if (!fill || !b->value_at || !b->below_start || !b->below) {
        hl_free(fill);
        return HL_E_MEMORY;
    }
    for (int32_t row = 0; row < b->nodes; row++)
        for (int64_t k = b->row_start[row]; k < b->row_start[row + 1]; k++) {
            b->value_at[k] = total;
            total += (int64_t)b->size[row] * b->size[b->column[k]];
            b->below_start[b->column[k] + 1] += b->column[k] != row;
        }
    for (int32_t node = 0; node < b->nodes; node++)
        b->below_start[node + 1] += b->below_start[node];
    for (int32_t row = 0; row < b->nodes; row++)
        for (int64_t k = b->row_start[row]; k < b->row_start[row + 1]; k++)
            if (b->column[k] != row)
                b->below[b->below_start[b->column[k]] + fill[b->column[k]]++] =
                    (hl_ba_below){row, k};
    hl_free(fill);
    b->values = hl_alloc((size_t)total, sizeof *b->values);
    return b->values ? HL_OK : HL_E_MEMORY;
}

hl_status hl_ba_lay_out_blocks(hl_ba *ba)
{
    hl_ba_blocks *b = &ba->blocks;
    const int32_t cameras = ba->p->camera_count;
    b->nodes = cameras + ba->p->image_count;
    b->at = hl_alloc((size_t)b->nodes, sizeof *b->at);
    b->size = hl_alloc((size_t)b->nodes, sizeof *b->size);
    b->row_start = hl_alloc((size_t)b->nodes + 1, sizeof *b->row_start);
    if (!b->at || !b->size || !b->row_start)
        return HL_E_MEMORY;
    for (int32_t node = 0; node < b->nodes; node++) {
        const int32_t image = node - cameras;
        b->at[node] = image < 0 ? ba->camera_at[node] : ba->image_at[image];
        b->size[node] = image < 0 ? ba->camera_slots[node] : (ba->image_at[image] < 0 ? 0 : 6);
    }
    HL_TRY(list_points_of_cameras(ba));
    HL_TRY(list_columns(ba));
    return place_blocks(ba);
}

void hl_ba_release_blocks(hl_ba *ba)
{
    hl_ba_blocks *b = &ba->blocks;
    void *const parts[] = {b->at,     b->size,        b->row_start, b->column,       b->value_at,
                           b->values, b->below_start, b->below,     b->camera_start, b->of_camera};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        hl_free(parts[i]);
}

/* The block of a row in a column that it has. */
static double *block_of(const hl_ba_blocks *b, int32_t row, int32_t column)
{
    int64_t low = b->row_start[row], high = b->row_start[row + 1] - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (b->column[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return b->values + b->value_at[low];
}

typedef struct fill_job {
    hl_ba *ba;
    double lambda;
} fill_job;

static void damp(const hl_ba *ba, int32_t node, double lambda, double *diagonal)
{
    const int32_t n = ba->blocks.size[node];
    for (int32_t k = 0; k < n; k++)
        diagonal[(n + 1) * k] += hl_ba_damping(ba->diag[ba->blocks.at[node] + k], lambda);
}

/* s (6, 6) -= jc_a^T (a_vi jp_b^T) jc_b, a_vi = jp_a V^-1 (2, 3) */
static void subtract_images(double *s, const double a_vi[6], const double *jac_a,
                            const double *jac_b)
{
    const double *jb = jac_b + HL_BA_JP, *ca = jac_a + HL_BA_JC, *cb = jac_b + HL_BA_JC;
    double m[12]; /* a_vi jp_b^T jc_b */
    for (int i = 0; i < 2; i++) {
        const double e0 = hl_dot3(a_vi + 3 * i, jb), e1 = hl_dot3(a_vi + 3 * i, jb + 3);
        for (int k = 0; k < 6; k++)
            m[6 * i + k] = e0 * cb[k] + e1 * cb[6 + k];
    }
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++)
            s[6 * i + k] -= ca[i] * m[k] + ca[6 + i] * m[6 + k];
}

/* s (6, n) -= jc_a^T a_vi w^T, w (n, 3) */
static void subtract_camera(double *s, const double a_vi[6], const double *jac_a, const double *w,
                            int32_t n)
{
    const double *ca = jac_a + HL_BA_JC;
    for (int32_t k = 0; k < n; k++) {
        const double e0 = hl_dot3(a_vi, w + 3 * k), e1 = hl_dot3(a_vi + 3, w + 3 * k);
        for (int i = 0; i < 6; i++)
            s[n * i + k] -= ca[i] * e0 + ca[6 + i] * e1;
    }
}

static void fill_sight(hl_ba *ba, int32_t row, int64_t sight)
{
    const hl_ba_blocks *b = &ba->blocks;
    const int32_t point = ba->sights[sight].point, slots = ba->slots;
    const int32_t own = ba->p->image_camera[ba->sights[sight].image], n = ba->camera_slots[own];
    const double *jac = hl_ba_jac(ba, sight), *jc = jac + HL_BA_JC, *jk = jac + HL_BA_JK;
    double a_vi[6];
    for (int i = 0; i < 2; i++)
        hl_ba_mul_sym3(ba->point_vi + 6 * (size_t)point, jac + HL_BA_JP + 3 * i, a_vi + 3 * i);
    double *coupling = n > 0 ? block_of(b, row, own) : NULL;
    for (int i = 0; coupling && i < 6; i++)
        for (int32_t k = 0; k < n; k++)
            coupling[n * i + k] += jc[i] * jk[k] + jc[6 + i] * jk[slots + k];
    for (int64_t o = ba->p->track_start[point]; o < ba->p->track_start[point + 1]; o++) {
        const int32_t other = image_node(ba, ba->sights[o].image);
        if (other <= row && b->size[other] > 0)
            subtract_images(block_of(b, row, other), a_vi, jac, hl_ba_jac(ba, o));
    }
    for (int64_t r = ba->run_start[point]; r < ba->run_start[point + 1]; r++) {
        const int32_t camera = ba->runs[r].camera;
        if (b->size[camera] > 0)
            subtract_camera(block_of(b, row, camera), a_vi, jac,
                            ba->run_w + (size_t)r * (size_t)slots * 3, b->size[camera]);
    }
}

static void fill_image(hl_ba *ba, int32_t row, double *diagonal)
{
    const int32_t image = row - ba->p->camera_count;
    memcpy(diagonal, ba->image_u + 36 * (size_t)image, 36 * sizeof *diagonal);
    for (int64_t k = ba->image_start[image]; k < ba->image_start[image + 1]; k++)
        fill_sight(ba, row, ba->of_image[k]);
}

/* Cameras with those before them, and with themselves. */
static void fill_camera(hl_ba *ba, int32_t camera, double *diagonal)
{
    const hl_ba_blocks *b = &ba->blocks;
    const int32_t slots = ba->slots, n = b->size[camera];
    const double *u = ba->camera_u + (size_t)camera * (size_t)slots * (size_t)slots;
    for (int32_t a = 0; a < n; a++)
        memcpy(diagonal + n * a, u + slots * a, (size_t)n * sizeof *diagonal);
    for (int64_t k = b->camera_start[camera]; k < b->camera_start[camera + 1]; k++) {
        const int32_t point = b->of_camera[k];
        double y[3 * HL_CAMERA_PARAMS_MAX] = {0}; /* w V^-1 */
        for (int64_t r = ba->run_start[point]; r < ba->run_start[point + 1]; r++)
            for (int32_t a = 0; ba->runs[r].camera == camera && a < n; a++)
                hl_ba_mul_sym3(ba->point_vi + 6 * (size_t)point,
                               ba->run_w + ((size_t)r * (size_t)slots + (size_t)a) * 3, y + 3 * a);
        for (int64_t r = ba->run_start[point]; r < ba->run_start[point + 1]; r++) {
            const int32_t other = ba->runs[r].camera, m = b->size[other];
            const double *w = ba->run_w + (size_t)r * (size_t)slots * 3;
            if (other > camera || m == 0)
                continue;
            double *s = other == camera ? diagonal : block_of(b, camera, other);
            for (int32_t a = 0; a < n; a++)
                for (int32_t c = 0; c < m; c++)
                    s[m * a + c] -= hl_dot3(y + 3 * a, w + 3 * c);
        }
    }
}

static void fill_row(void *ctx, int32_t row, int32_t thread)
{
    (void)thread;
    const fill_job *job = ctx;
    hl_ba *ba = job->ba;
    hl_ba_blocks *b = &ba->blocks;
    const int64_t first = b->row_start[row], last = b->row_start[row + 1];
    if (first == last)
        return;
    double *diagonal = b->values + b->value_at[last - 1];
    const size_t size = (size_t)b->size[row] * (size_t)b->size[row];
    memset(b->values + b->value_at[first], 0,
           ((size_t)(b->value_at[last - 1] - b->value_at[first]) + size) * sizeof *b->values);
    if (row < ba->p->camera_count)
        fill_camera(ba, row, diagonal);
    else
        fill_image(ba, row, diagonal);
    damp(ba, row, job->lambda, diagonal);
}

void hl_ba_fill_blocks(hl_ba *ba, double lambda)
{
    fill_job job = {ba, lambda};
    hl_parallel_for(ba->blocks.nodes, fill_row, &job);
}

typedef struct product_job {
    const hl_ba *ba;
    const double *x;
    double *y;
} product_job;

static void multiply_row(void *ctx, int32_t row, int32_t thread)
{
    (void)thread;
    const product_job *job = ctx;
    const hl_ba_blocks *b = &job->ba->blocks;
    const int32_t n = b->size[row];
    double y[HL_CAMERA_PARAMS_MAX] = {0};
    for (int64_t k = b->row_start[row]; k < b->row_start[row + 1]; k++) {
        const double *s = b->values + b->value_at[k], *x = job->x + b->at[b->column[k]];
        const int32_t m = b->size[b->column[k]];
        for (int32_t i = 0; i < n; i++)
            for (int32_t c = 0; c < m; c++)
                y[i] += s[m * i + c] * x[c];
    }
    for (int64_t k = b->below_start[row]; k < b->below_start[row + 1]; k++) {
        const double *s = b->values + b->value_at[b->below[k].block];
        const double *x = job->x + b->at[b->below[k].row];
        const int32_t m = b->size[b->below[k].row];
        for (int32_t c = 0; c < m; c++)
            for (int32_t i = 0; i < n; i++)
                y[i] += s[n * c + i] * x[c];
    }
    if (n > 0)
        memcpy(job->y + b->at[row], y, (size_t)n * sizeof *y);
}

void hl_ba_multiply_blocks(hl_ba *ba, const double *x, double *y)
{
    product_job job = {ba, x, y};
    hl_parallel_for(ba->blocks.nodes, multiply_row, &job);
}

void hl_ba_scatter_blocks(hl_ba *ba)
{
    const hl_ba_blocks *b = &ba->blocks;
    const size_t n = (size_t)ba->unknowns;
    for (size_t row = 0; row < n; row++)
        memset(ba->reduced + row * n, 0, (row + 1) * sizeof *ba->reduced);
    for (int32_t row = 0; row < b->nodes; row++)
        for (int64_t k = b->row_start[row]; k < b->row_start[row + 1]; k++) {
            const double *s = b->values + b->value_at[k];
            const int32_t column = b->column[k], m = b->size[column];
            for (int32_t i = 0; i < b->size[row]; i++)
                for (int32_t c = 0; c < m; c++) {
                    const size_t at = (size_t)b->at[row] + (size_t)i;
                    const size_t to = (size_t)b->at[column] + (size_t)c;
                    ba->reduced[at >= to ? at * n + to : to * n + at] = s[m * i + c];
                }
        }
}
