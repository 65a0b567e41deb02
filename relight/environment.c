/* SPDX-License-Identifier: MIT */
#include "relight/environment.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/sh.h"
#include "core/vec.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* Solid angle of a texel of row `row`. */
static double texel_angle(const hl_environment *env, int32_t row)
{
    const double top = cos(pi * row / env->height), bottom = cos(pi * (row + 1) / env->height);
    return 2 * pi / env->width * (top - bottom);
}

/* What is drawn in proportion to: the texel's largest channel, or 1 where all is black. */
static double texel_weight(const hl_environment *env, int64_t i, bool black)
{
    const float *rgb = env->radiance + 3 * i;
    const double most = black ? 1.0 : (double)fmaxf(rgb[0], fmaxf(rgb[1], rgb[2]));
    return most * texel_angle(env, (int32_t)(i / env->width));
}

/* Sums up to each texel of its row, and up to each row; both end at 1. */
static double add_up(hl_environment *env, bool black)
{
    double all = 0;
    for (int32_t y = 0; y < env->height; y++) {
        double *column = env->columns + (int64_t)y * env->width, sum = 0;
        for (int32_t x = 0; x < env->width; x++) {
            sum += texel_weight(env, (int64_t)y * env->width + x, black);
            column[x] = sum;
        }
        for (int32_t x = 0; x < env->width && sum > 0; x++)
            column[x] /= sum;
        all += sum;
        env->rows[y] = all;
    }
    for (int32_t y = 0; y < env->height && all > 0; y++)
        env->rows[y] /= all;
    return all;
}

static void fill_tables(hl_environment *env)
{
    double sum = add_up(env, false);
    const bool black = !(sum > 0);
    if (black)
        sum = add_up(env, true);
    for (int64_t i = 0; i < (int64_t)env->width * env->height; i++)
        env->pdf[i] = (float)(texel_weight(env, i, black) /
                              (sum * texel_angle(env, (int32_t)(i / env->width))));
}

static hl_status take_radiance(hl_environment *env, const hl_image *image)
{
    for (int64_t i = 0; i < (int64_t)image->width * image->height; i++) {
        const float *in = image->data + i * image->channels;
        for (int c = 0; c < 3; c++) {
            const float x = in[image->channels < 3 ? 0 : c];
            if (!isfinite(x))
                return hl_fail(HL_E_FORMAT,
                               "environment: the texel in column %d, row %d is not a number",
                               (int)(i % image->width), (int)(i / image->width));
            env->radiance[3 * i + c] = x > 0 ? x : 0;
        }
    }
    return HL_OK;
}

hl_status hl_environment_create(hl_environment *env, const hl_image *image)
{
    if (image->width < 1 || image->height < 1 || !image->data)
        return hl_fail(HL_E_ARG, "environment: the picture is empty");
    const size_t n = (size_t)image->width * (size_t)image->height;
    hl_environment made = {.width = image->width, .height = image->height};
    made.radiance = hl_alloc(n, 3 * sizeof(float));
    made.pdf = hl_alloc(n, sizeof(float));
    made.columns = hl_alloc(n, sizeof(double));
    made.rows = hl_alloc((size_t)image->height, sizeof(double));
    const bool complete = made.radiance && made.pdf && made.columns && made.rows;
    hl_status s = complete ? take_radiance(&made, image) : HL_E_MEMORY;
    if (s != HL_OK) {
        hl_environment_release(&made);
        return s;
    }
    fill_tables(&made);
    const float up[3] = {0, 0, 1};
    hl_environment_orient(&made, up, 0);
    *env = made;
    return HL_OK;
}

void hl_environment_refresh(hl_environment *env)
{
    fill_tables(env);
}

hl_status hl_environment_create_constant(hl_environment *env, const float rgb[3])
{
    float texel[3] = {rgb[0], rgb[1], rgb[2]};
    const hl_image one = {.width = 1, .height = 1, .channels = 3, .data = texel};
    return hl_environment_create(env, &one);
}

hl_status hl_environment_load(hl_environment *env, const char *path)
{
    hl_image image = {0};
    if (!hl_path_has_extension(path, "hdr") && !hl_path_has_extension(path, "exr"))
        return hl_fail(HL_E_FORMAT, "%s: an environment is a .hdr or .exr file", path);
    HL_TRY(hl_image_load(&image, path));
    const hl_status s = hl_environment_create(env, &image);
    hl_image_release(&image);
    return s == HL_OK ? s : hl_fail_context(s, "%s", path);
}

void hl_environment_release(hl_environment *env)
{
    hl_free(env->radiance);
    hl_free(env->pdf);
    hl_free(env->columns);
    hl_free(env->rows);
    memset(env, 0, sizeof *env);
}

void hl_environment_axes(const double z[3], double x[3], double y[3])
{
    const int side = fabs(z[0]) < 0.9 ? 0 : 1; /* the world axis that x stays close to */
    double norm = 0;
    for (int k = 0; k < 3; k++) {
        x[k] = (k == side ? 1.0 : 0.0) - z[side] * z[k];
        norm += x[k] * x[k];
    }
    for (int k = 0; k < 3; k++)
        x[k] /= sqrt(norm);
    for (int k = 0; k < 3; k++)
        y[k] = z[(k + 1) % 3] * x[(k + 2) % 3] - z[(k + 2) % 3] * x[(k + 1) % 3];
}

void hl_environment_orient(hl_environment *env, const float up[3], double degrees)
{
    /* Rows of env_from_world are the map's axes in the world.  For up = z they are x, y, z. */
    double z[3] = {(double)up[0], (double)up[1], (double)up[2]}, x[3], y[3];
    const double length = sqrt(z[0] * z[0] + z[1] * z[1] + z[2] * z[2]);
    for (int k = 0; k < 3; k++)
        z[k] = length > 0 ? z[k] / length : (k == 2);
    hl_environment_axes(z, x, y);
    const double c = cos(degrees * pi / 180), s = sin(degrees * pi / 180);
    for (int k = 0; k < 3; k++) {
        env->env_from_world[k] = (float)(c * x[k] + s * y[k]);
        env->env_from_world[3 + k] = (float)(-s * x[k] + c * y[k]);
        env->env_from_world[6 + k] = (float)z[k];
    }
}

int64_t hl_environment_texel(const hl_environment *env, const float d[3])
{
    float e[3];
    hl_mul3(env->env_from_world, d, e);
    const float u = 0.5f - atan2f(e[1], e[0]) * (float)(0.5 / pi);
    const float z = fminf(fmaxf(e[2], -1.0f), 1.0f);
    const float v = 0.5f - asinf(z) * (float)(1 / pi);
    int32_t column = (int32_t)(u * (float)env->width), row = (int32_t)(v * (float)env->height);
    column = column < 0 ? 0 : (column < env->width ? column : 0); /* wraps around */
    row = row < 0 ? 0 : (row < env->height ? row : env->height - 1);
    return (int64_t)row * env->width + column;
}

void hl_environment_radiance(const hl_environment *env, const float d[3], float rgb[3])
{
    memcpy(rgb, env->radiance + 3 * hl_environment_texel(env, d), 3 * sizeof *rgb);
}

float hl_environment_pdf(const hl_environment *env, const float d[3])
{
    return env->pdf[hl_environment_texel(env, d)];
}

/* The first of n ascending sums that exceeds u; *u: how far between it and the one before. */
static int32_t invert(const double *sums, int32_t n, double *u)
{
    int32_t lo = 0, hi = n - 1;
    while (lo < hi) {
        const int32_t mid = (lo + hi) / 2;
        if (sums[mid] > *u)
            hi = mid;
        else
            lo = mid + 1;
    }
    const double before = lo ? sums[lo - 1] : 0, width = sums[lo] - before;
    *u = width > 0 ? fmin(fmax((*u - before) / width, 0.0), 1.0) : 0.5;
    return lo;
}

void hl_environment_sample(const hl_environment *env, const float u[2], float d[3], float *pdf)
{
    double across = (double)u[0], down = (double)u[1];
    const int32_t row = invert(env->rows, env->height, &down);
    const double *columns = env->columns + (int64_t)row * env->width;
    const int32_t column = invert(columns, env->width, &across);
    const double top = cos(pi * row / env->height), bottom = cos(pi * (row + 1) / env->height);
    const double z = top + (bottom - top) * down;
    const double phi = 2 * pi * (0.5 - (column + across) / env->width);
    const double r = sqrt(fmax(0.0, 1 - z * z));
    const float e[3] = {(float)(r * cos(phi)), (float)(r * sin(phi)), (float)z};
    hl_mul3_t(env->env_from_world, e, d);
    *pdf = env->pdf[(int64_t)row * env->width + column];
}

/* Moments of radiance over the sphere in the frame of the map: of 1, d and d d^T. */
typedef struct moments {
    double zero, one[3], two[3][3];
} moments;

/* int (1 - z^2)^(1/2) dz up to z. */
static double root_to(double z)
{
    return 0.5 * (z * sqrt(fmax(0.0, 1 - z * z)) + asin(fmax(-1.0, fmin(1.0, z))));
}

/* Integrals over a row's strip of the sphere: of 1, z, z^2, r, r^2 and r z, with r^2 = 1 - z^2. */
static void row_integrals(double bottom, double top, double out[6])
{
    const double cube = (top * top * top - bottom * bottom * bottom) / 3;
    const double rt = sqrt(fmax(0.0, 1 - top * top)), rb = sqrt(fmax(0.0, 1 - bottom * bottom));
    out[0] = top - bottom;
    out[1] = 0.5 * (top * top - bottom * bottom);
    out[2] = cube;
    out[3] = root_to(top) - root_to(bottom);
    out[4] = top - bottom - cube;
    out[5] = (rb * rb * rb - rt * rt * rt) / 3;
}

/* One texel between the angles lo < hi of its columns, `r` of its row. */
static void add_texel(moments *m, double radiance, double lo, double hi, const double r[6])
{
    const double width = hi - lo;
    const double c = sin(hi) - sin(lo), s = cos(lo) - cos(hi); /* of cos, sin              */
    const double cc = 0.5 * width + 0.25 * (sin(2 * hi) - sin(2 * lo));
    const double cs = 0.5 * (sin(hi) * sin(hi) - sin(lo) * sin(lo));
    m->zero += radiance * r[0] * width;
    m->one[0] += radiance * r[3] * c;
    m->one[1] += radiance * r[3] * s;
    m->one[2] += radiance * r[1] * width;
    m->two[0][0] += radiance * r[4] * cc;
    m->two[1][1] += radiance * r[4] * (width - cc);
    m->two[2][2] += radiance * r[2] * width;
    m->two[0][1] += radiance * r[4] * cs;
    m->two[0][2] += radiance * r[5] * c;
    m->two[1][2] += radiance * r[5] * s;
}

static void measure_moments(const hl_environment *env, int channel, moments *m)
{
    memset(m, 0, sizeof *m);
    for (int32_t row = 0; row < env->height; row++) {
        double r[6];
        row_integrals(cos(pi * (row + 1) / env->height), cos(pi * row / env->height), r);
        for (int32_t column = 0; column < env->width; column++) {
            const double hi = 2 * pi * (0.5 - (double)column / env->width);
            const double lo = 2 * pi * (0.5 - (double)(column + 1) / env->width);
            const float *rgb = env->radiance + 3 * ((int64_t)row * env->width + column);
            add_texel(m, (double)rgb[channel], lo, hi, r);
        }
    }
    for (int a = 1; a < 3; a++)
        for (int b = 0; b < a; b++)
            m->two[a][b] = m->two[b][a];
}

/* The moments with d in world axes. */
static void turn_moments(const float q[9], moments *m)
{
    const moments old = *m;
    for (int a = 0; a < 3; a++) {
        m->one[a] = 0;
        for (int i = 0; i < 3; i++)
            m->one[a] += (double)q[3 * i + a] * old.one[i];
        for (int b = 0; b < 3; b++) {
            m->two[a][b] = 0;
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++)
                    m->two[a][b] += (double)q[3 * i + a] * (double)q[3 * j + b] * old.two[i][j];
        }
    }
}

/* Every texel is integrated exactly, so that a map of one texel is as right as a large one: the
 * basis is made of polynomials of degree 2, whose integrals the moments hold. */
void hl_environment_irradiance_sh(const hl_environment *env, float sh[3][9])
{
    for (int c = 0; c < 3; c++) {
        moments m;
        measure_moments(env, c, &m);
        turn_moments(env->env_from_world, &m);
        const double c1 = (double)HL_SH_C1, c2 = (double)HL_SH_C2_0;
        double(*t)[3] = m.two;
        const double sum[9] = {(double)HL_SH_C0 * m.zero,
                               -c1 * m.one[1],
                               c1 * m.one[2],
                               -c1 * m.one[0],
                               c2 * t[0][1],
                               -c2 * t[1][2],
                               (double)HL_SH_C2_1 * (2 * t[2][2] - t[0][0] - t[1][1]),
                               -c2 * t[0][2],
                               (double)HL_SH_C2_2 * (t[0][0] - t[1][1])};
        /* The clamped cosine over pi has 1, 2/3 and 1/4 in its bands. */
        for (int k = 0; k < 9; k++)
            sh[c][k] = (float)(sum[k] * (k == 0 ? 1 : (k < 4 ? 2.0 / 3 : 0.25)));
    }
}
