/* SPDX-License-Identifier: MIT */
#include "core/splat_io.h"

#include "core/file.h"
#include "core/io/codec.h"
#include "core/io/splat_formats.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What an infinite logit becomes: sigmoid(16) differs from 1 by 1e-7, one float step. */
static const float LOGIT_MAX = 16;

void hl_splat_warn(hl_splat_info *info, const char *format, ...)
{
    const size_t used = strlen(info->warnings), room = sizeof info->warnings - used;
    const int joined = snprintf(info->warnings + used, room, "%s", used ? "; " : "");
    if (joined < 0 || (size_t)joined >= room)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(info->warnings + used + joined, room - (size_t)joined, format, args);
    va_end(args);
}

hl_status hl_splat_reserve(hl_splats *splats, hl_arena *arena, const hl_splat_source *source,
                           uint64_t count)
{
    if (count > HL_SPLATS_CAPACITY_MAX)
        return hl_fail(HL_E_FORMAT, "%s: %" PRIu64 " rows, at most %d can be loaded", source->name,
                       count, HL_SPLATS_CAPACITY_MAX);
    if (!splats)
        return HL_OK;
    const hl_status s = hl_splats_init(splats, arena, count ? (int32_t)count : 1);
    return s == HL_OK ? s : hl_fail_context(s, "%s", source->name);
}

int hl_splat_degree_of_rest(int rest)
{
    for (int degree = 0; degree <= 4; degree++)
        if (rest == hl_sh_coeffs(degree) - 1)
            return degree;
    return -1;
}

unsigned char hl_splat_byte(float value)
{
    if (!(value > 0)) /* NaN too */
        return 0;
    return value < 255 ? (unsigned char)lroundf(value) : 255;
}

float hl_splat_logit_of_byte(unsigned char byte)
{
    const double a = byte == 0 ? 0.25 : byte == 255 ? 254.75 : byte;
    return (float)log(a / (255 - a));
}

unsigned char hl_splat_byte_of_logit(float logit)
{
    return hl_splat_byte((float)(255 / (1 + exp(-(double)logit))));
}

int hl_splat_sh_sign(int k, const int flip[3])
{
    /* Bit k: the basis function is odd in x, y, z (the table of docs/formats.md). */
    static const unsigned odd[3] = {0xa498u, 0x0e32u, 0x54a4u};
    int sign = 1;
    for (int axis = 0; axis < 3; axis++)
        if (odd[axis] >> k & 1u)
            sign *= flip[axis];
    return sign;
}

/* Without a negative zero. */
static float signed_by(float value, int sign)
{
    return sign < 0 ? 0 - value : value;
}

void hl_splat_flip(hl_splats *splats, const int flip[3])
{
    /* A turn about an axis keeps its sense where the other two axes flip together. */
    const int turn[3] = {flip[1] * flip[2], flip[0] * flip[2], flip[0] * flip[1]};
    for (size_t i = 0; i < (size_t)splats->count; i++) {
        const hl_splat_row row = hl_splat_row_at(splats, i);
        for (int k = 0; k < 3; k++) {
            row.mean[k] = signed_by(row.mean[k], flip[k]);
            row.quat[1 + k] = signed_by(row.quat[1 + k], turn[k]);
        }
        for (int k = 1; k < HL_SH_COEFFS_MAX; k++)
            if (hl_splat_sh_sign(k, flip) < 0)
                for (int ch = 0; ch < 3; ch++)
                    row.sh[HL_SH_COEFFS_MAX * ch + k] = 0 - row.sh[HL_SH_COEFFS_MAX * ch + k];
    }
}

/* ---- detection ---- */

static bool starts_with(const hl_splat_source *source, const char *magic)
{
    const size_t n = strlen(magic);
    return source->size >= n && !memcmp(source->bytes, magic, n);
}

hl_splat_kind hl_splat_detect(const hl_splat_source *source)
{
    if (starts_with(source, "ply\n") || starts_with(source, "ply\r"))
        return HL_SPLAT_KIND_PLY;
    if (starts_with(source, "NGSP") || starts_with(source, "\x1f\x8b"))
        return HL_SPLAT_KIND_SPZ;
    if (starts_with(source, "HLIO"))
        return HL_SPLAT_KIND_HELIO;
    /* No magic number: the extension, or rows that could be splats. */
    if (hl_path_has_extension(source->name, "splat") || hl_splat_is_plausible(source))
        return HL_SPLAT_KIND_SPLAT;
    return HL_SPLAT_KIND_NONE;
}

static hl_status unknown_kind(const hl_splat_source *source)
{
    char start[9] = "";
    for (size_t i = 0; i < 8 && i < source->size; i++) {
        const unsigned char c = source->bytes[i];
        start[i] = c >= 0x20 && c < 0x7f ? (char)c : '.';
    }
    return hl_fail(HL_E_FORMAT,
                   "%s: byte 0: expected a ply, spz, splat or helio file, found \"%s\"",
                   source->name, start);
}

static hl_status helio_read(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                            hl_splat_info *info)
{
    hl_helio_reader *reader = NULL;
    HL_TRY(hl_helio_reader_create(&reader, source->name));
    const hl_json *about = hl_json_find(hl_helio_reader_json(reader), "splats");
    const hl_helio_chunk *mean = hl_helio_reader_find(reader, "MEAN");
    hl_status s = HL_OK;
    if (!about || !mean)
        s = hl_fail(HL_E_FORMAT, "%s: a .helio file without splats", source->name);
    else if (mean->rows > HL_SPLATS_CAPACITY_MAX)
        s = hl_fail(HL_E_FORMAT, "%s: %" PRId64 " rows, at most %d can be loaded", source->name,
                    mean->rows, HL_SPLATS_CAPACITY_MAX);
    if (s == HL_OK) {
        info->kind = "helio";
        info->encoding = mean->bytes_file < mean->bytes ? "zstd" : "raw";
        info->version = HL_HELIO_VERSION;
        info->count = (int32_t)mean->rows;
        info->sh_degree = (int32_t)fmax(0, fmin(3, hl_json_number(about, "sh_degree", 0)));
        info->antialiased = hl_json_bool(about, "antialiased", false);
        if (splats)
            s = hl_helio_read_splats(reader, splats, arena, 0);
    }
    hl_helio_reader_destroy(&reader);
    return s;
}

static hl_status read_kind(const hl_splat_source *source, hl_splats *splats, hl_arena *arena,
                           hl_splat_info *info)
{
    if (!source->size)
        return hl_fail(HL_E_FORMAT, "%s: the file is empty", source->name);
    switch (hl_splat_detect(source)) {
    case HL_SPLAT_KIND_PLY:
        return hl_ply_read_splats(source, splats, arena, info);
    case HL_SPLAT_KIND_SPZ:
        return hl_spz_read(source, splats, arena, info);
    case HL_SPLAT_KIND_HELIO:
        return helio_read(source, splats, arena, info);
    case HL_SPLAT_KIND_SPLAT:
        return hl_splat_read(source, splats, arena, info);
    case HL_SPLAT_KIND_NONE:
        break;
    }
    return unknown_kind(source);
}

/* ---- loading ---- */

static bool row_is_finite(const hl_splats *s, int32_t row)
{
    bool finite = true;
#define X(name, components)                \
    for (int k = 0; k < (components); k++) \
        finite &= isfinite(s->name[(size_t)row * (components) + (size_t)k]) != 0;
    HL_SPLAT_FIELDS(X)
#undef X
    return finite;
}

/* Repairs what has one obvious meaning and drops the rows that have none. */
static hl_status clean(hl_splats *s, const hl_splat_source *source, hl_splat_info *info)
{
    int32_t kept = 0, clamped = 0, turned = 0;
    for (int32_t i = 0; i < s->count; i++) {
        float *logit = &s->logit_opa[i], *q = s->quat + 4 * (size_t)i;
        if (isinf(*logit)) {
            *logit = *logit > 0 ? LOGIT_MAX : -LOGIT_MAX;
            clamped++;
        }
        if (fpclassify(q[0]) == FP_ZERO && fpclassify(q[1]) == FP_ZERO &&
            fpclassify(q[2]) == FP_ZERO && fpclassify(q[3]) == FP_ZERO) {
            q[0] = 1;
            turned++;
        }
        if (!row_is_finite(s, i))
            continue;
        if (kept != i)
            hl_splats_copy_row(s, kept, s, i);
        kept++;
    }
    info->dropped = s->count - kept;
    if (s->count && !kept)
        return hl_fail(HL_E_FORMAT, "%s: none of the %d splats is finite", source->name, s->count);
    s->count = kept;
    if (!kept)
        hl_splat_warn(info, "the file holds no splats");
    if (info->dropped)
        hl_splat_warn(info, "%d splats with a value that is not finite were dropped",
                      info->dropped);
    if (clamped)
        hl_splat_warn(info, "%d infinite opacities were clamped", clamped);
    if (turned)
        hl_splat_warn(info, "%d quaternions of zero became 1", turned);
    return HL_OK;
}

static hl_status open_source(hl_file_map *map, hl_splat_source *source, const char *path,
                             const hl_splat_load_options *options)
{
    HL_TRY(hl_file_map_open(map, path));
    *source = (hl_splat_source){.name = path, .bytes = map->bytes, .size = map->size};
    if (options)
        source->options = *options;
    return HL_OK;
}

hl_status hl_splats_load_with(hl_splats *splats, hl_arena *arena, const char *path,
                              const hl_splat_load_options *options, hl_splat_info *info)
{
    hl_file_map map;
    hl_splat_source source;
    HL_TRY(open_source(&map, &source, path, options));
    hl_splat_info about = {.axes = "RDF", .bytes = (int64_t)map.size};
    hl_splats loaded = {0};
    const hl_arena_mark mark = hl_arena_save(arena);
    hl_status s = read_kind(&source, &loaded, arena, &about);
    if (s == HL_OK) {
        loaded.antialiased = about.antialiased;
        loaded.sh_degree = about.sh_degree < HL_SH_DEGREE_MAX ? about.sh_degree : HL_SH_DEGREE_MAX;
        if (about.sh_degree > HL_SH_DEGREE_MAX)
            hl_splat_warn(&about, "SH degree %d was cut to %d", about.sh_degree, HL_SH_DEGREE_MAX);
        s = clean(&loaded, &source, &about);
    }
    hl_file_map_close(&map);
    if (s != HL_OK) {
        hl_arena_rewind(arena, mark);
        return s;
    }
    *splats = loaded;
    if (info)
        *info = about;
    return HL_OK;
}

hl_status hl_splats_probe(hl_splat_info *info, const char *path)
{
    hl_file_map map;
    hl_splat_source source;
    HL_TRY(open_source(&map, &source, path, NULL));
    hl_splat_info about = {.axes = "RDF", .bytes = (int64_t)map.size};
    const hl_status s = read_kind(&source, NULL, NULL, &about);
    hl_file_map_close(&map);
    if (s == HL_OK)
        *info = about;
    return s;
}

hl_status hl_points_load(hl_points *points, hl_arena *arena, const char *path)
{
    hl_file_map map;
    hl_splat_source source;
    HL_TRY(open_source(&map, &source, path, NULL));
    const hl_arena_mark mark = hl_arena_save(arena);
    const hl_status s = hl_ply_read_points(&source, points, arena);
    hl_file_map_close(&map);
    if (s != HL_OK)
        hl_arena_rewind(arena, mark);
    return s;
}

/* ---- saving ---- */

typedef struct save_job {
    int degree;
    hl_splat_save_options options;
} save_job;

static hl_status check_save(const hl_splats *splats, const char *path,
                            const hl_splat_save_options *options, save_job *job)
{
    *job = (save_job){splats->sh_degree, {0}};
    if (options)
        job->options = *options;
    hl_splat_save_options *o = &job->options;
    if (o->sh_coeffs)
        job->degree = hl_splat_degree_of_rest(o->sh_coeffs - 1);
    if (job->degree < 0 || job->degree > HL_SH_DEGREE_MAX)
        return hl_fail(HL_E_ARG, "%s: %d SH coefficients per channel, expected 1, 4, 9 or 16", path,
                       o->sh_coeffs);
    if (!o->spz_version)
        o->spz_version = hl_zstd_available() ? 4 : 3;
    if (o->spz_version < 2 || o->spz_version > 4)
        return hl_fail(HL_E_ARG, "%s: SPZ version %d, expected 2, 3 or 4", path, o->spz_version);
    return HL_OK;
}

static hl_status save_helio(const hl_splats *splats, const char *path)
{
    hl_helio_writer *w = NULL;
    HL_TRY(hl_helio_writer_create(&w, path));
    const hl_status s = hl_helio_add_splats(w, splats, true);
    if (s != HL_OK) {
        hl_helio_writer_abort(&w);
        return s;
    }
    return hl_helio_writer_commit(&w);
}

hl_status hl_splats_save(const hl_splats *splats, const char *path,
                         const hl_splat_save_options *options)
{
    save_job job;
    HL_TRY(check_save(splats, path, options, &job));
    if (hl_path_has_extension(path, "helio"))
        return save_helio(splats, path);
    const bool ply = hl_path_has_extension(path, "ply"), spz = hl_path_has_extension(path, "spz");
    if (!ply && !spz && !hl_path_has_extension(path, "splat"))
        return hl_fail(HL_E_ARG, "%s: expected a name that ends in .ply, .spz, .splat or .helio",
                       path);
    hl_file_writer file;
    hl_status s = HL_OK;
    HL_TRY(hl_file_writer_open(&file, path));
    if (ply)
        hl_ply_write_splats(&file, splats, job.degree, job.options.plain);
    else if (spz)
        s = hl_spz_write(&file, splats, job.degree, &job.options);
    else
        s = hl_splat_write(&file, splats);
    if (s != HL_OK) {
        hl_file_writer_abort(&file);
        return hl_fail_context(s, "%s", path);
    }
    return hl_file_writer_commit(&file);
}
