/* SPDX-License-Identifier: MIT */
/* helio info -- what a file of splats or points is: counts, bytes, axes, tags, sizes. */
#include "cli/command.h"
#include "cli/commands.h"
#include "core/file.h"
#include "core/splat_io.h"
#include "core/splat_stats.h"

#include <math.h>
#include <stdio.h>

typedef struct info_options {
    hl_common common;
    const char *path;
    int32_t spz_axes;
} info_options;

static const hl_option rows[] = {
    HL_ARG(info_options, "FILE", path, "a .ply, .spz, .splat or .helio file"),
    HL_OPT_CHOICE(info_options, "--spz-axes", spz_axes, "rub|raw",
                  "axes of SPZ files that do not name theirs"),
    HL_BASIC_OPTIONS(info_options),
};
static const hl_command_spec spec = {
    "info", "what a file of splats or points is", rows, HL_ROWS(rows), NULL, NULL};

/* ---- JSON ---- */

static void add_numbers(hl_json *node, const char *key, const double *values, int count)
{
    hl_json *array = hl_json_add_array(node, key);
    for (int i = 0; i < count; i++)
        hl_json_add_number(array, NULL, values[i]);
}

static hl_json *file_json(const info_options *o, const hl_splat_info *info)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.info/1");
    hl_json_add_text(root, "path", o->path);
    hl_json_add_text(root, "kind", info->kind);
    hl_json_add_number(root, "version", info->version);
    hl_json_add_text(root, "encoding", info->encoding);
    hl_json_add_text(root, "axes", info->axes);
    hl_json_add_number(root, "bytes", (double)info->bytes);
    hl_json_add_number(root, "count", info->count);
    return root;
}

static void add_splats_json(hl_json *root, const hl_splat_info *info, const hl_splat_stats *st)
{
    hl_json_add_number(root, "dropped", info->dropped);
    hl_json_add_number(root, "sh_degree", info->sh_degree);
    hl_json_add_bool(root, "antialiased", info->antialiased);
    hl_json_add_number(root, "columns_skipped", info->columns_skipped);
    hl_json_add_text(root, "skipped", info->skipped);
    hl_json_add_text(root, "warnings", info->warnings);
    add_numbers(root, "low", st->low, 3);
    add_numbers(root, "high", st->high, 3);
    add_numbers(root, "core_low", st->core_low, 3);
    add_numbers(root, "core_high", st->core_high, 3);
    add_numbers(root, "quantiles_at", hl_splat_quantile_at, HL_SPLAT_QUANTILES);
    add_numbers(root, "opacity", st->opacity, HL_SPLAT_QUANTILES);
    add_numbers(root, "largest_axis", st->largest, HL_SPLAT_QUANTILES);
    add_numbers(root, "smallest_axis", st->smallest, HL_SPLAT_QUANTILES);
    hl_json_add_number(root, "fill_ratio", st->fill_ratio);
}

/* ---- text ---- */

static void print_line(const char *name, const double *values, int count)
{
    printf("%-14s", name);
    for (int i = 0; i < count; i++)
        printf(" %10.4g", values[i]);
    printf("\n");
}

static void print_file(const info_options *o, const hl_splat_info *info)
{
    printf("%s: %s", o->path, info->kind);
    if (info->version)
        printf(", version %d", info->version);
    printf(", %s, axes %s\n", info->encoding, info->axes);
    printf("%-14s %lld in all, %.1f each\n", "bytes", (long long)info->bytes,
           info->count ? (double)info->bytes / info->count : 0);
    printf("%-14s %d\n", info->point_cloud ? "points" : "splats", info->count);
}

static void print_splats(const hl_splat_info *info, const hl_splat_stats *st)
{
    printf("%-14s %d\n", "SH degree", info->sh_degree);
    printf("%-14s %s\n", "anti-aliased", info->antialiased ? "yes" : "no");
    if (info->columns_skipped)
        printf("%-14s %d: %s\n", "other columns", info->columns_skipped, info->skipped);
    if (info->warnings[0])
        printf("%-14s %s\n", "warnings", info->warnings);
    print_line("box low", st->low, 3);
    print_line("box high", st->high, 3);
    print_line("96 % low", st->core_low, 3);
    print_line("96 % high", st->core_high, 3);
    printf("%-14s %10s %10s %10s %10s %10s\n", "quantile", "0", "0.05", "0.5", "0.95", "1");
    print_line("opacity", st->opacity, HL_SPLAT_QUANTILES);
    print_line("largest axis", st->largest, HL_SPLAT_QUANTILES);
    print_line("smallest axis", st->smallest, HL_SPLAT_QUANTILES);
    printf("%-14s %10.4g\n", "fill ratio", st->fill_ratio);
}

/* ---- kinds ---- */

static hl_status describe_points(const info_options *o, const hl_splat_info *info, hl_arena *arena)
{
    hl_points points;
    HL_TRY(hl_points_load(&points, arena, o->path));
    double low[3] = {0}, high[3] = {0};
    for (int32_t i = 0; i < points.count; i++)
        for (int k = 0; k < 3; k++) {
            const double v = (double)points.position[3 * i + k];
            low[k] = i ? fmin(low[k], v) : v;
            high[k] = i ? fmax(high[k], v) : v;
        }
    if (o->common.json) {
        hl_json *root = file_json(o, info);
        hl_json_add_number(root, "dropped", info->count - points.count);
        hl_json_add_bool(root, "colored", points.color != NULL);
        add_numbers(root, "low", low, 3);
        add_numbers(root, "high", high, 3);
        return hl_command_print_json(&root);
    }
    print_file(o, info);
    printf("%-14s %s\n", "colours", points.color ? "yes" : "no");
    printf("%-14s %d\n", "not finite", info->count - points.count);
    print_line("box low", low, 3);
    print_line("box high", high, 3);
    return HL_OK;
}

static hl_status describe_splats(const info_options *o, hl_arena *arena)
{
    hl_splats splats;
    hl_splat_info info;
    hl_splat_stats stats;
    const hl_splat_load_options load = {.spz_axes = (hl_spz_axes)o->spz_axes};
    HL_TRY(hl_splats_load_with(&splats, arena, o->path, &load, &info));
    HL_TRY(hl_splats_measure(&stats, &splats));
    if (o->common.json) {
        hl_json *root = file_json(o, &info);
        add_splats_json(root, &info, &stats);
        return hl_command_print_json(&root);
    }
    print_file(o, &info);
    print_splats(&info, &stats);
    return HL_OK;
}

static void print_chunks(const hl_helio_reader *reader)
{
    for (int32_t i = 0; i < hl_helio_reader_count(reader); i++) {
        const hl_helio_chunk *c = hl_helio_reader_chunk(reader, i);
        printf("chunk %s     %s (%lld, %lld), %llu bytes in the file\n", c->fourcc,
               hl_helio_type_name(c->type), (long long)c->rows, (long long)c->columns,
               (unsigned long long)c->bytes_file);
    }
}

static hl_status print_chunks_json(const info_options *o, const hl_helio_reader *reader,
                                   const char *schema)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.info/1");
    hl_json_add_text(root, "path", o->path);
    hl_json_add_text(root, "kind", "helio");
    hl_json_add_number(root, "version", HL_HELIO_VERSION);
    hl_json_add_text(root, "content", schema);
    hl_json *chunks = hl_json_add_array(root, "chunks");
    for (int32_t i = 0; i < hl_helio_reader_count(reader); i++) {
        const hl_helio_chunk *c = hl_helio_reader_chunk(reader, i);
        const double shape[2] = {(double)c->rows, (double)c->columns};
        hl_json *row = hl_json_add_object(chunks, NULL);
        hl_json_add_text(row, "fourcc", c->fourcc);
        hl_json_add_text(row, "dtype", hl_helio_type_name(c->type));
        add_numbers(row, "shape", shape, 2);
        hl_json_add_number(row, "bytes", (double)c->bytes_file);
    }
    return hl_command_print_json(&root);
}

/* A .helio file may hold more than splats, or something else: a checkpoint. */
static hl_status describe_helio(const info_options *o, hl_arena *arena)
{
    hl_helio_reader *reader = NULL;
    HL_TRY(hl_helio_reader_create(&reader, o->path));
    const hl_json *root = hl_helio_reader_json(reader);
    const char *schema = hl_json_text(root, "schema", NULL);
    const bool splats = hl_json_find(root, "splats") && hl_helio_reader_find(reader, "MEAN");
    hl_status s = HL_OK;
    if (splats) {
        s = describe_splats(o, arena);
    } else if (o->common.json) {
        s = print_chunks_json(o, reader, schema);
    } else {
        printf("%s: helio, version %d, %s, %d chunks\n", o->path, HL_HELIO_VERSION,
               schema ? schema : "unknown content", hl_helio_reader_count(reader));
    }
    if (s == HL_OK && !o->common.json)
        print_chunks(reader);
    hl_helio_reader_destroy(&reader);
    return s;
}

static hl_status describe(const info_options *o, hl_arena *arena)
{
    hl_splat_info info;
    if (hl_helio_is_file(o->path))
        return describe_helio(o, arena);
    HL_TRY(hl_splats_probe(&info, o->path));
    return info.point_cloud ? describe_points(o, &info, arena) : describe_splats(o, arena);
}

int hl_cmd_info(int argc, char **argv)
{
    info_options o = {.common = HL_COMMON_DEFAULTS};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    hl_arena arena;
    hl_arena_init(&arena, 0, 0);
    const hl_status s = describe(&o, &arena);
    hl_arena_release(&arena);
    return hl_command_end(&spec, s);
}
