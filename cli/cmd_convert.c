/* SPDX-License-Identifier: MIT */
/* helio convert -- splats from any readable format to any writable one; of a scene with materials,
 * splats with light baked in, or the mesh. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/convert_scene.h"
#include "core/file.h"
#include "core/log.h"
#include "core/mesh_atlas.h"
#include "core/splat_io.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct convert_options {
    hl_common common;
    const char *input, *output, *out;
    bool plain;
    int32_t spz_version; /* 2..4 */
    int32_t spz_axes;    /* hl_spz_axes */
    int32_t sh_degree;   /* -1: that of the file */
    const char *bake;
    int32_t texture_size;
} convert_options;

static const hl_option rows[] = {
    HL_ARG(convert_options, "INPUT", input, "a .ply, .spz, .splat or .helio file"),
    HL_ARG_OPTIONAL(
        convert_options, "OUTPUT", output,
        "a name that ends in .ply, .spz, .splat or .helio, of a scene with a mesh also .glb or "
        ".obj; or use --out"),
    HL_OPT_OUT_OPTIONAL(convert_options, out, "FILE", "the file to write"),
    HL_OPT_FLAG(convert_options, "--plain", plain,
                "ply: no comment in the header, not even how splats were anti-aliased"),
    HL_OPT_INT(convert_options, "--spz-version", spz_version, 2, 4, "version of SPZ to write"),
    HL_OPT_CHOICE(convert_options, "--spz-axes", spz_axes, "rub|raw",
                  "axes of SPZ files that do not name theirs, and of those written"),
    HL_OPT_TEXT(
        convert_options, "--bake", bake, "LIGHT",
        "of a scene with materials: colours under this light, a .hdr or .exr map, own, or a "
        "sky of helio relight --env"),
    HL_OPT_INT(convert_options, "--texture-size", texture_size, 0, HL_ATLAS_SIDE_MAX,
               "glb, obj: side of the textures, 0 for materials at the vertices alone"),
    HL_OPT_INT(convert_options, "--sh-degree", sh_degree, -1, 3,
               "SH degree to write, -1 for that of the input"),
    HL_BASIC_OPTIONS(convert_options),
};
static const hl_command_spec spec = {
    "convert", "splats from one file format to another", rows, HL_ROWS(rows), NULL, NULL};

static void set_degree(hl_splats *splats, int32_t degree)
{
    const int keep = hl_sh_coeffs(degree < splats->sh_degree ? degree : splats->sh_degree);
    for (size_t i = 0; i < 3 * (size_t)splats->count; i++)
        memset(splats->sh + i * HL_SH_COEFFS_MAX + keep, 0,
               (size_t)(HL_SH_COEFFS_MAX - keep) * sizeof(float));
    splats->sh_degree = degree;
}

static double bytes_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static hl_status report(const convert_options *o, const hl_splats *splats,
                        const hl_splat_info *info)
{
    const double bytes = bytes_of(o->out);
    if (!o->common.json) {
        printf("%s: %d splats, SH degree %d, %.0f bytes (%.1f a splat; the input: %.1f)\n", o->out,
               splats->count, splats->sh_degree, bytes, splats->count ? bytes / splats->count : 0,
               info->count ? (double)info->bytes / info->count : 0);
        return HL_OK;
    }
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.convert/1");
    hl_json_add_text(root, "input", o->input);
    hl_json_add_text(root, "output", o->out);
    hl_json_add_text(root, "input_kind", info->kind);
    hl_json_add_number(root, "splats", splats->count);
    hl_json_add_number(root, "dropped", info->dropped);
    hl_json_add_number(root, "sh_degree", splats->sh_degree);
    hl_json_add_number(root, "input_bytes", (double)info->bytes);
    hl_json_add_number(root, "output_bytes", bytes);
    hl_json_add_text(root, "skipped", info->skipped);
    hl_json_add_text(root, "warnings", info->warnings);
    return hl_command_print_json(&root);
}

static hl_status convert(const convert_options *o, hl_arena *arena)
{
    hl_splats splats;
    hl_splat_info info;
    const hl_splat_load_options load = {.spz_axes = (hl_spz_axes)o->spz_axes};
    HL_TRY(hl_splats_load_with(&splats, arena, o->input, &load, &info));
    if (info.warnings[0])
        hl_log(HL_LOG_WARN, "%s: %s", o->input, info.warnings);
    if (info.columns_skipped)
        hl_log(HL_LOG_WARN, "%s: %d columns have no place in splats and are left out: %s", o->input,
               info.columns_skipped, info.skipped);
    if (o->sh_degree >= 0)
        set_degree(&splats, o->sh_degree);
    const hl_splat_save_options save = {
        .plain = o->plain, .spz_version = o->spz_version, .spz_axes = (hl_spz_axes)o->spz_axes};
    HL_TRY(hl_splats_save(&splats, o->out, &save));
    return report(o, &splats, &info);
}

/* A scene with materials: `unit` names what was counted. */
static hl_status report_scene(const convert_options *o, const char *unit, int32_t count)
{
    if (!o->common.json) {
        printf("%s: %d %s, %.0f bytes\n", o->out, count, unit, bytes_of(o->out));
        return HL_OK;
    }
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "schema", "helio.convert/1");
    hl_json_add_text(root, "input", o->input);
    hl_json_add_text(root, "output", o->out);
    hl_json_add_number(root, unit, count);
    hl_json_add_number(root, "output_bytes", bytes_of(o->out));
    return hl_command_print_json(&root);
}

static hl_status convert_scene(const convert_options *o, bool mesh)
{
    const hl_convert_scene c = {.input = o->input,
                                .output = o->out,
                                .light = o->bake,
                                .texture_size = o->texture_size,
                                .seed = (uint64_t)o->common.seed};
    const hl_splat_save_options save = {
        .plain = o->plain, .spz_version = o->spz_version, .spz_axes = (hl_spz_axes)o->spz_axes};
    int32_t count = 0;
    if (!hl_helio_is_file(o->input))
        return hl_fail(HL_E_FORMAT, "%s: %s needs a .helio scene with materials and a mesh",
                       o->input, mesh ? "a mesh" : "--bake");
    if (mesh && o->bake)
        return hl_fail(HL_E_ARG, "--bake is for splats; a mesh keeps its materials");
    HL_TRY(mesh ? hl_convert_mesh(&c, &count) : hl_convert_baked(&c, &save, &count));
    return report_scene(o, mesh ? "triangles" : "splats", count);
}

int hl_cmd_convert(int argc, char **argv)
{
    convert_options o = {
        .common = HL_COMMON_DEFAULTS, .spz_version = 4, .sh_degree = -1, .texture_size = 2048};
    int code;
    if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
        return code;
    if (!o.out)
        o.out = o.output;
    if (!o.out) {
        hl_command_end(&spec, hl_fail(HL_E_ARG, "OUTPUT is missing: give a second name or --out"));
        return HL_EXIT_USAGE;
    }
    hl_arena arena;
    hl_arena_init(&arena, 0, 0);
    const bool mesh = hl_path_has_extension(o.out, "glb") || hl_path_has_extension(o.out, "obj");
    const hl_status s = mesh || o.bake ? convert_scene(&o, mesh) : convert(&o, &arena);
    hl_arena_release(&arena);
    return hl_command_end(&spec, s);
}
