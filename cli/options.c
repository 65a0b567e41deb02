/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "core/build_info.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are exact in a double */

static void store(const hl_option *row, void *options, const void *value, size_t bytes)
{
    memcpy((char *)options + row->offset, value, bytes);
}

static const hl_option *find_row(const hl_command_spec *spec, const char *name, size_t length)
{
    for (int32_t i = 0; i < spec->count; i++) {
        const hl_option *row = &spec->rows[i];
        if (row->kind != HL_OPTION_ARG && strlen(row->name) == length &&
            memcmp(row->name, name, length) == 0)
            return row;
    }
    return NULL;
}

/* ---- values -------------------------------------------------------------------------------- */

static hl_status read_whole(const hl_option *row, const char *text, void *options)
{
    char *end;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno || (double)v < row->min || (double)v > row->max ||
        fabs((double)v) > EXACT_MAX)
        return hl_fail(HL_E_ARG, "%s: expected a whole number in %.0f..%.0f, found \"%s\"",
                       row->name, row->min, row->max, text);
    if (row->kind == HL_OPTION_INT64)
        store(row, options, &(int64_t){v}, sizeof(int64_t));
    else
        store(row, options, &(int32_t){(int32_t)v}, sizeof(int32_t));
    return HL_OK;
}

static hl_status read_real(const hl_option *row, const char *text, void *options)
{
    char *end;
    const double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v) || v < row->min || v > row->max)
        return hl_fail(HL_E_ARG, "%s: expected a number in %g..%g, found \"%s\"", row->name,
                       row->min, row->max, text);
    if (row->kind == HL_OPTION_DOUBLE)
        store(row, options, &v, sizeof v);
    else
        store(row, options, &(float){(float)v}, sizeof(float));
    return HL_OK;
}

const char *hl_option_word(const hl_option *row, int32_t index, char *out, size_t capacity)
{
    const char *word = row->words;
    for (int32_t i = 0; i < index && word; i++) {
        word = strchr(word, '|');
        word = word ? word + 1 : NULL;
    }
    snprintf(out, capacity, "%.*s", word ? (int)strcspn(word, "|") : 0, word ? word : "");
    return out;
}

static hl_status read_choice(const hl_option *row, const char *text, void *options)
{
    int32_t index = 0;
    for (const char *word = row->words; word; index++) {
        const size_t length = strcspn(word, "|");
        if (strlen(text) == length && memcmp(word, text, length) == 0) {
            store(row, options, &index, sizeof index);
            return HL_OK;
        }
        word = word[length] ? word + length + 1 : NULL;
    }
    return hl_fail(HL_E_ARG, "%s: expected one of %s, found \"%s\"", row->name, row->words, text);
}

static hl_status read_flag(const hl_option *row, const char *text, void *options)
{
    const bool on = strcmp(text, "true") == 0;
    if (!on && strcmp(text, "false") != 0)
        return hl_fail(HL_E_ARG, "%s: expected true or false, found \"%s\"", row->name, text);
    store(row, options, &on, sizeof on);
    return HL_OK;
}

static hl_status read_value(const hl_option *row, const char *text, void *options)
{
    switch (row->kind) {
    case HL_OPTION_FLAG:
        return read_flag(row, text, options);
    case HL_OPTION_INT:
    case HL_OPTION_INT64:
        return read_whole(row, text, options);
    case HL_OPTION_FLOAT:
    case HL_OPTION_DOUBLE:
        return read_real(row, text, options);
    case HL_OPTION_CHOICE:
        return read_choice(row, text, options);
    case HL_OPTION_TEXT:
    case HL_OPTION_ARG:
        break;
    }
    if (!text[0])
        return hl_fail(HL_E_ARG, "%s: expected a value, found \"\"", row->name);
    store(row, options, &text, sizeof text);
    return HL_OK;
}

/* ---- config file --------------------------------------------------------------------------- */

/* "--max-side-px" or "DATA" as a JSON key: "max_side_px", "data". */
static void key_of(const hl_option *row, char *out, size_t capacity)
{
    const char *name = row->kind == HL_OPTION_ARG ? row->name : row->name + 2;
    size_t i = 0;
    for (; name[i] && i + 1 < capacity; i++) {
        const char c = name[i];
        out[i] = c == '-' ? '_' : (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
    }
    out[i] = '\0';
}

static hl_status apply_member(const hl_command_spec *spec, const hl_json *root,
                              const hl_json *member, const char *path, void *options)
{
    const char *key = hl_json_key(member);
    const hl_option *row = NULL;
    for (int32_t i = 0; i < spec->count && !row; i++) {
        char name[64];
        key_of(&spec->rows[i], name, sizeof name);
        if (strcmp(name, key) == 0)
            row = &spec->rows[i];
    }
    if (!row && (strcmp(key, "version") == 0 || strcmp(key, "commit") == 0))
        return HL_OK;
    if (!row)
        return hl_fail(HL_E_ARG, "%s: helio %s has no option \"%s\"", path, spec->name, key);

    char number[32];
    const char *text = hl_json_value_text(member);
    if (hl_json_is_number(member)) {
        snprintf(number, sizeof number, "%.17g", hl_json_value(member));
        text = number;
    } else if (!text && hl_json_bool(root, key, true) == hl_json_bool(root, key, false)) {
        text = hl_json_bool(root, key, false) ? "true" : "false";
    }
    const bool wants_text = row->kind == HL_OPTION_TEXT || row->kind == HL_OPTION_ARG;
    if (!text || (wants_text && text == number))
        return hl_fail(HL_E_ARG, "%s: %s: the value is of the wrong kind", path, key);
    const hl_status s = read_value(row, text, options);
    return s == HL_OK ? s : hl_fail_context(s, "%s", path);
}

static hl_status apply_config(const hl_command_spec *spec, const hl_json *root, const char *path,
                              void *options)
{
    if (!hl_json_is_object(root))
        return hl_fail(HL_E_ARG, "%s: expected a JSON object of options", path);
    const char *command = hl_json_text(root, "command", spec->name);
    if (strcmp(command, spec->name) != 0)
        return hl_fail(HL_E_ARG, "%s: written by helio %s, not by helio %s", path, command,
                       spec->name);
    for (const hl_json *m = hl_json_first(root); m; m = hl_json_next(m)) {
        if (strcmp(hl_json_key(m), "command") != 0)
            HL_TRY(apply_member(spec, root, m, path, options));
    }
    return HL_OK;
}

/* ---- command line -------------------------------------------------------------------------- */

static const char *long_name(const char *word)
{
    if (strcmp(word, "-o") == 0)
        return "--out";
    return word;
}

static hl_status read_option(const hl_command_spec *spec, int argc, char **argv, int *at,
                             void *options)
{
    const char *word = long_name(argv[*at]);
    const size_t length = strcspn(word, "=");
    const hl_option *row = find_row(spec, word, length);
    if (!row)
        return hl_fail(HL_E_ARG, "unknown option %.*s; helio %s --help lists them", (int)length,
                       word, spec->name);
    if (word[length] == '=')
        return read_value(row, word + length + 1, options);
    if (row->kind == HL_OPTION_FLAG)
        return read_value(row, "true", options);
    if (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0)
        return hl_fail(HL_E_ARG, "%s: needs a value", row->name);
    return read_value(row, argv[++*at], options);
}

static hl_status read_positional(const hl_command_spec *spec, int32_t index, const char *word,
                                 void *options)
{
    for (int32_t i = 0; i < spec->count; i++)
        if (spec->rows[i].kind == HL_OPTION_ARG && index-- == 0)
            return read_value(&spec->rows[i], word, options);
    return hl_fail(HL_E_ARG, "unexpected \"%s\"; helio %s --help shows the usage", word,
                   spec->name);
}

static hl_status apply_words(const hl_command_spec *spec, int argc, char **argv, void *options)
{
    int32_t positional = 0;
    bool only_positional = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!only_positional && strcmp(word, "--") == 0)
            only_positional = true;
        else if (!only_positional && word[0] == '-' && word[1])
            HL_TRY(read_option(spec, argc, argv, &i, options));
        else
            HL_TRY(read_positional(spec, positional++, word, options));
    }
    return HL_OK;
}

static bool asks_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

/* The last --config on the command line, NULL if there is none or the command has none. */
static const char *config_path(const hl_command_spec *spec, int argc, char **argv)
{
    const char *path = NULL;
    if (!find_row(spec, "--config", strlen("--config")))
        return NULL;
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            path = argv[i] + 9;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            path = argv[i + 1];
    }
    return path;
}

static hl_status require_all(const hl_command_spec *spec, const void *options)
{
    for (int32_t i = 0; i < spec->count; i++) {
        const hl_option *row = &spec->rows[i];
        const char *value = NULL;
        if (!row->required)
            continue;
        memcpy(&value, (const char *)options + row->offset, sizeof value);
        if (!value)
            return hl_fail(HL_E_ARG, "%s is missing; helio %s --help shows the usage",
                           strcmp(row->name, "--out") == 0 ? "-o / --out" : row->name, spec->name);
    }
    return HL_OK;
}

hl_status hl_options_parse(const hl_command_spec *spec, int argc, char **argv, void *options,
                           bool *help)
{
    static hl_json *config = NULL; /* strings of the options point into it until exit */

    *help = asks_help(argc, argv);
    if (*help)
        return HL_OK;
    const char *path = config_path(spec, argc, argv);
    if (path) {
        hl_json_destroy(&config);
        HL_TRY(hl_json_load(&config, path));
        HL_TRY(apply_config(spec, config, path, options));
    }
    HL_TRY(apply_words(spec, argc, argv, options));
    if (spec->prepare) {
        spec->prepare(options);
        if (path)
            HL_TRY(apply_config(spec, config, path, options));
        HL_TRY(apply_words(spec, argc, argv, options));
    }
    return require_all(spec, options);
}

static void add_row(const hl_option *row, const void *options, hl_json *object)
{
    const char *field = (const char *)options + row->offset;
    char key[64], word[64];
    key_of(row, key, sizeof key);
    if (row->kind == HL_OPTION_FLAG) {
        bool v;
        memcpy(&v, field, sizeof v);
        hl_json_add_bool(object, key, v);
    } else if (row->kind == HL_OPTION_TEXT || row->kind == HL_OPTION_ARG) {
        const char *v;
        memcpy(&v, field, sizeof v);
        if (v && strcmp(key, "config") != 0)
            hl_json_add_text(object, key, v);
    } else if (row->kind == HL_OPTION_INT64) {
        int64_t v;
        memcpy(&v, field, sizeof v);
        hl_json_add_number(object, key, (double)v);
    } else if (row->kind == HL_OPTION_FLOAT) {
        float v;
        memcpy(&v, field, sizeof v);
        hl_json_add_number(object, key, (double)v);
    } else if (row->kind == HL_OPTION_DOUBLE) {
        double v;
        memcpy(&v, field, sizeof v);
        hl_json_add_number(object, key, v);
    } else {
        int32_t v;
        memcpy(&v, field, sizeof v);
        if (row->kind == HL_OPTION_CHOICE)
            hl_json_add_text(object, key, hl_option_word(row, v, word, sizeof word));
        else
            hl_json_add_number(object, key, v);
    }
}

hl_json *hl_options_to_json(const hl_command_spec *spec, const void *options)
{
    hl_json *root = hl_json_object();
    hl_json_add_text(root, "command", spec->name);
    hl_json_add_text(root, "version", HL_BUILD_VERSION);
    hl_json_add_text(root, "commit", HL_BUILD_COMMIT);
    for (int32_t i = 0; i < spec->count; i++)
        add_row(&spec->rows[i], options, root);
    return root;
}
