/* SPDX-License-Identifier: MIT */
/* Splats and points in PLY files: columns by name in any order; the Inria layout on writing. */
#include "core/io/bytes.h"
#include "core/io/splat_formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Columns every splat file has; the order is that of enum column. */
static const char *const names[] = {
    "x",       "y",       "z",       "f_dc_0", "f_dc_1", "f_dc_2", "opacity",
    "scale_0", "scale_1", "scale_2", "rot_0",  "rot_1",  "rot_2",  "rot_3",
};
static const char *const rgb_names[3] = {"red", "green", "blue"};

enum column { X = 0, DC = 3, OPACITY = 6, SCALE = 7, ROT = 10, COLUMNS = 14 };

/* Degree 4 has 24 coefficients per channel above the constant one; they are read past. */
enum { REST_PER_CHANNEL_MAX = 24, REST_MAX = 3 * REST_PER_CHANNEL_MAX };

/* A missing scale_2 (files of 2D Gaussian splatting) becomes a thousandth of the smaller axis. */
static const float FLAT_LOG_SCALE = -6.9077553f; /* ln 0.001 */

typedef struct columns {
    int32_t at[COLUMNS]; /* index into the row's values, -1: not in the file */
    int32_t rgb[3];
    int32_t rest[REST_MAX];
    int rest_per_channel;
} columns;

static void name_of_rest(char name[HL_PLY_NAME_BYTES], int i)
{
    snprintf(name, HL_PLY_NAME_BYTES, "f_rest_%d", i);
}

static bool is_known(const columns *c, int32_t i)
{
    bool known = false;
    for (int k = 0; k < COLUMNS; k++)
        known |= c->at[k] == i;
    for (int k = 0; k < 3 * c->rest_per_channel; k++)
        known |= c->rest[k] == i;
    return known || (c->at[DC] < 0 && (c->rgb[0] == i || c->rgb[1] == i || c->rgb[2] == i));
}

static void list_skipped(const hl_ply *ply, const hl_ply_element *e, const columns *c,
                         hl_splat_info *info)
{
    for (int32_t i = 0; i < e->properties; i++) {
        const char *name = ply->properties[e->first + i].name;
        const bool normal = name[0] == 'n' && name[1] >= 'x' && name[1] <= 'z' && !name[2];
        if (normal || is_known(c, i))
            continue;
        const size_t used = strlen(info->skipped);
        snprintf(info->skipped + used, sizeof info->skipped - used, "%s%s", used ? ", " : "", name);
        info->columns_skipped++;
    }
}

static hl_status find_rest(const hl_ply *ply, const hl_ply_element *e, columns *c)
{
    char name[HL_PLY_NAME_BYTES];
    int count = 0, total = 0;
    for (int32_t i = 0; i < e->properties; i++)
        total += !strncmp(ply->properties[e->first + i].name, "f_rest_", 7);
    for (; count < REST_MAX; count++) {
        name_of_rest(name, count);
        c->rest[count] = hl_ply_property_find(ply, e, name);
        if (c->rest[count] < 0)
            break;
    }
    if (count < total && count < REST_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %d columns f_rest_*, but f_rest_%d is missing", ply->name,
                       total, count);
    c->rest_per_channel = count / 3;
    if (count % 3 || total > REST_MAX || hl_splat_degree_of_rest(count / 3) < 0)
        return hl_fail(HL_E_FORMAT, "%s: %d columns f_rest_*, expected 0, 9, 24, 45 or 72",
                       ply->name, total);
    return HL_OK;
}

/* Finds the columns; *points is set where there are positions and nothing of a splat. */
static hl_status find_columns(const hl_ply *ply, const hl_ply_element *e, columns *c, bool *points)
{
    char missing[256] = "";
    int found = 0;
    memset(c, 0, sizeof *c);
    for (int k = 0; k < COLUMNS; k++) {
        c->at[k] = hl_ply_property_find(ply, e, names[k]);
        found += k >= DC && c->at[k] >= 0;
    }
    for (int k = 0; k < 3; k++)
        c->rgb[k] = hl_ply_property_find(ply, e, rgb_names[k]);
    const bool has_rgb = c->rgb[0] >= 0 && c->rgb[1] >= 0 && c->rgb[2] >= 0;
    *points = found == 0 && c->at[0] >= 0 && c->at[1] >= 0 && c->at[2] >= 0;
    if (*points)
        return HL_OK;
    for (int k = 0; k < COLUMNS; k++) {
        const bool replaced = k == SCALE + 2 || (k >= DC && k < OPACITY && has_rgb);
        const size_t used = strlen(missing);
        if (c->at[k] < 0 && !replaced)
            snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "", names[k]);
    }
    if (missing[0])
        return hl_fail(HL_E_FORMAT, "%s: element %s lacks the columns %s", ply->name, e->name,
                       missing);
    if (c->at[DC + 1] < 0 || c->at[DC + 2] < 0)
        c->at[DC] = -1; /* all three or none */
    return find_rest(ply, e, c);
}

static void store_row(const columns *c, const float *v, hl_splats *s, size_t i)
{
    const hl_splat_row row = hl_splat_row_at(s, i);
    for (int k = 0; k < 3; k++) {
        row.mean[k] = v[c->at[X + k]];
        row.log_scale[k] = c->at[SCALE + k] >= 0 ? v[c->at[SCALE + k]] : 0;
    }
    if (c->at[SCALE + 2] < 0)
        row.log_scale[2] = fminf(row.log_scale[0], row.log_scale[1]) + FLAT_LOG_SCALE;
    for (int k = 0; k < 4; k++)
        row.quat[k] = v[c->at[ROT + k]];
    *row.logit_opa = v[c->at[OPACITY]];
    const int n = c->rest_per_channel;
    for (int ch = 0; ch < 3; ch++) {
        float *sh = row.sh + HL_SH_COEFFS_MAX * ch;
        sh[0] = c->at[DC] >= 0 ? v[c->at[DC + ch]] : (v[c->rgb[ch]] / 255 - 0.5f) / HL_SH_C0;
        for (int k = 1; k < HL_SH_COEFFS_MAX && k <= n; k++)
            sh[k] = v[c->rest[n * ch + k - 1]];
    }
}

static void describe(const hl_ply *ply, const hl_ply_element *e, const columns *c,
                     hl_splat_info *info)
{
    info->sh_degree = hl_splat_degree_of_rest(c->rest_per_channel);
    info->antialiased = ply->antialiased;
    list_skipped(ply, e, c, info);
    if (c->at[SCALE + 2] < 0)
        hl_splat_warn(info, "no scale_2: flat splats, given a thousandth of their smaller axis");
    if (c->at[DC] < 0)
        hl_splat_warn(info, "no f_dc: colour taken from red, green, blue");
    if (ply->vertical_axis)
        hl_splat_warn(info, "the file says that %c is up; nothing was turned", ply->vertical_axis);
}

static hl_status read_rows(const hl_ply *ply, const hl_ply_element *e, const columns *c,
                           hl_splats *s)
{
    float values[HL_PLY_PROPERTIES_MAX];
    hl_ply_rows rows;
    HL_TRY(hl_ply_rows_open(&rows, ply, e));
    for (int32_t i = 0; i < (int32_t)e->count; i++) {
        HL_TRY(hl_ply_rows_next(&rows, values));
        store_row(c, values, s, (size_t)i);
    }
    s->count = (int32_t)e->count;
    return HL_OK;
}

hl_status hl_ply_read_splats(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                             hl_splat_info *info)
{
    hl_ply ply;
    HL_TRY(hl_ply_parse(&ply, source->name, source->bytes, source->size));
    const hl_ply_element *e = hl_ply_element_find(&ply, "vertex");
    if (!e)
        return hl_fail(HL_E_FORMAT, "%s: no element vertex in the header", source->name);
    info->kind = "ply";
    info->encoding = hl_ply_encoding_name(ply.encoding);
    if (hl_ply_element_find(&ply, "chunk") && hl_ply_property_find(&ply, e, "packed_position") >= 0)
        return hl_ply_packed_read(source, &ply, splats, arena, info);

    columns c;
    hl_ply_rows rows;
    HL_TRY(find_columns(&ply, e, &c, &info->point_cloud));
    HL_TRY(hl_ply_rows_open(&rows, &ply, e));
    HL_TRY(hl_splat_reserve(splats, arena, source, e->count));
    info->count = (int32_t)e->count;
    if (info->point_cloud) {
        info->kind = "point cloud";
        if (!splats)
            return HL_OK;
        return hl_fail(HL_E_FORMAT,
                       "%s: a point cloud of %d points, not splats: it has no scale, rotation and "
                       "opacity columns",
                       source->name, info->count);
    }
    describe(&ply, e, &c, info);
    return splats ? read_rows(&ply, e, &c, splats) : HL_OK;
}

/* ---- points ---- */

static unsigned char color_of(float value, hl_ply_type type)
{
    return hl_splat_byte(type >= HL_PLY_F32 ? 255 * value : value);
}

hl_status hl_ply_read_points(const hl_splat_source *source, hl_points *points, hl_arena *arena)
{
    hl_ply ply;
    HL_TRY(hl_ply_parse(&ply, source->name, source->bytes, source->size));
    const hl_ply_element *e = hl_ply_element_find(&ply, "vertex");
    int32_t at[3] = {-1, -1, -1}, rgb[3] = {-1, -1, -1};
    for (int k = 0; e && k < 3; k++) {
        at[k] = hl_ply_property_find(&ply, e, names[k]);
        rgb[k] = hl_ply_property_find(&ply, e, rgb_names[k]);
    }
    if (at[0] < 0 || at[1] < 0 || at[2] < 0)
        return hl_fail(HL_E_FORMAT, "%s: no element vertex with x, y and z", source->name);
    const bool colored = rgb[0] >= 0 && rgb[1] >= 0 && rgb[2] >= 0;
    hl_ply_rows rows;
    HL_TRY(hl_ply_rows_open(&rows, &ply, e));
    HL_TRY(hl_splat_reserve(NULL, arena, source, e->count));
    hl_points p = {0};
    p.position = hl_arena_alloc(arena, (size_t)e->count, 3 * sizeof *p.position);
    p.color = colored ? hl_arena_alloc(arena, (size_t)e->count, 3) : NULL;
    if (!p.position || (colored && !p.color))
        return HL_E_MEMORY;
    for (uint64_t row = 0; row < e->count; row++) {
        float v[HL_PLY_PROPERTIES_MAX];
        HL_TRY(hl_ply_rows_next(&rows, v));
        if (!isfinite(v[at[0]]) || !isfinite(v[at[1]]) || !isfinite(v[at[2]]))
            continue;
        for (int k = 0; k < 3; k++) {
            p.position[3 * (size_t)p.count + (size_t)k] = v[at[k]];
            if (colored)
                p.color[3 * (size_t)p.count + (size_t)k] =
                    color_of(v[rgb[k]], ply.properties[e->first + rgb[k]].type);
        }
        p.count++;
    }
    if (e->count && !p.count)
        return hl_fail(HL_E_FORMAT, "%s: none of the %" PRIu64 " points is finite", source->name,
                       e->count);
    *points = p;
    return HL_OK;
}

/* ---- writing: Inria's gaussian_model.py, save_ply ---- */

enum { INRIA_FLOATS_MAX = 17 + 3 * (HL_SH_COEFFS_MAX - 1) };

static void write_text(hl_file_writer *file, const char *text)
{
    hl_file_write(file, text, strlen(text));
}

static void write_property(hl_file_writer *file, const char *name)
{
    write_text(file, "property float ");
    write_text(file, name);
    write_text(file, "\n");
}

static void write_header(hl_file_writer *file, const hl_splats *s, int rest, bool plain)
{
    char line[HL_PLY_NAME_BYTES];
    write_text(file, "ply\nformat binary_little_endian 1.0\n");
    if (s->antialiased && !plain)
        write_text(file, "comment SplatRenderMode: mip\n");
    snprintf(line, sizeof line, "element vertex %d\n", s->count);
    write_text(file, line);
    for (int k = X; k < X + 3; k++)
        write_property(file, names[k]);
    for (int k = 0; k < 3; k++)
        write_property(file, (const char *const[]){"nx", "ny", "nz"}[k]);
    for (int k = DC; k < DC + 3; k++)
        write_property(file, names[k]);
    for (int k = 0; k < rest; k++) {
        name_of_rest(line, k);
        write_property(file, line);
    }
    for (int k = OPACITY; k < COLUMNS; k++)
        write_property(file, names[k]);
    write_text(file, "end_header\n");
}

void hl_ply_write_splats(hl_file_writer *file, const hl_splats *s, int degree, bool plain)
{
    const int coeffs = hl_sh_coeffs(degree), active = hl_sh_coeffs(s->sh_degree);
    write_header(file, s, 3 * (coeffs - 1), plain);
    for (size_t i = 0; i < (size_t)s->count; i++) {
        const hl_splat_row row = hl_splat_row_at(s, i);
        float v[INRIA_FLOATS_MAX] = {0};
        int n = 0;
        for (int k = 0; k < 3; k++)
            v[n++] = row.mean[k];
        n += 3;
        for (int ch = 0; ch < 3; ch++)
            v[n++] = row.sh[HL_SH_COEFFS_MAX * ch];
        for (int ch = 0; ch < 3; ch++)
            for (int k = 1; k < coeffs; k++)
                v[n++] = k < active ? row.sh[HL_SH_COEFFS_MAX * ch + k] : 0;
        v[n++] = *row.logit_opa;
        for (int k = 0; k < 3; k++)
            v[n++] = row.log_scale[k];
        for (int k = 0; k < 4; k++)
            v[n++] = row.quat[k];
        unsigned char bytes[4 * INRIA_FLOATS_MAX];
        for (int k = 0; k < n; k++)
            hl_put_le_f32(bytes + 4 * k, v[k]);
        hl_file_write(file, bytes, 4 * (size_t)n);
    }
}
