/* SPDX-License-Identifier: MIT */
/* cli/options.h -- one table per command both parses the command line and prints --help.
 *
 * A command describes its options as rows over a struct; the struct's initial values are the
 * defaults.  Every row has a name, a type, a range, a default and one sentence.
 *
 *     typedef struct info_options {
 *         hl_common common;
 *         const char *path;
 *         int32_t limit;
 *     } info_options;
 *
 *     static const hl_option rows[] = {
 *         HL_ARG(info_options, "FILE", path, "the file to describe"),
 *         HL_OPT_INT(info_options, "--limit", limit, 1, 100, "lines to print at most"),
 *         HL_BASIC_OPTIONS(info_options), -- from cli/command.h
 *     };
 *     static const hl_command_spec spec = {"info", "says what a file is", rows, HL_ROWS(rows)};
 *
 * Accepted forms: --name VALUE, --name=VALUE, --flag, --flag=true|false, positional values, and
 * "--" before positional values that start with a dash.  The only short names are -o (--out) and
 * -h.  Names are never abbreviated; the last of two equal options wins.
 */
#ifndef HL_CLI_OPTIONS_H
#define HL_CLI_OPTIONS_H

#include "core/json.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum hl_option_kind {
    HL_OPTION_FLAG,   /* bool: false unless named                            */
    HL_OPTION_INT,    /* int32_t in min..max                                 */
    HL_OPTION_INT64,  /* int64_t in min..max, |value| <= 2^53                */
    HL_OPTION_FLOAT,  /* float in min..max, finite                           */
    HL_OPTION_DOUBLE, /* double in min..max, finite                          */
    HL_OPTION_TEXT,   /* const char *, borrowed from argv or the config file */
    HL_OPTION_CHOICE, /* int32_t: index into "a|b|c"                         */
    HL_OPTION_ARG     /* const char *, positional, in the order of the table */
} hl_option_kind;

typedef struct hl_option {
    const char *name; /* "--limit", or "FILE" for a positional value */
    hl_option_kind kind;
    size_t offset; /* of the field in the command's struct */
    double min, max;
    const char *words; /* CHOICE: "a|b|c";  TEXT: what the value is, such as "FOLDER" */
    bool required;     /* TEXT and ARG */
    bool common;       /* printed under "common options" */
    const char *help;  /* one sentence: lower case, no full stop */
} hl_option;

/* The field's offset; does not compile where the field is not of the type that the row writes. */
#define HL_OPT_AT(T, field, type) \
    (offsetof(T, field) + 0 * sizeof(_Generic(((T *)0)->field, type : 0)))

/* clang-format off */
#define HL_OPT_FLAG(T, name, field, help) \
    {name, HL_OPTION_FLAG, HL_OPT_AT(T, field, bool), 0, 1, NULL, false, false, help}
#define HL_OPT_INT(T, name, field, min, max, help) \
    {name, HL_OPTION_INT, HL_OPT_AT(T, field, int32_t), min, max, NULL, false, false, help}
#define HL_OPT_INT64(T, name, field, min, max, help) \
    {name, HL_OPTION_INT64, HL_OPT_AT(T, field, int64_t), min, max, NULL, false, false, help}
#define HL_OPT_FLOAT(T, name, field, min, max, help) \
    {name, HL_OPTION_FLOAT, HL_OPT_AT(T, field, float), min, max, NULL, false, false, help}
#define HL_OPT_DOUBLE(T, name, field, min, max, help) \
    {name, HL_OPTION_DOUBLE, HL_OPT_AT(T, field, double), min, max, NULL, false, false, help}
#define HL_OPT_TEXT(T, name, field, what, help) \
    {name, HL_OPTION_TEXT, HL_OPT_AT(T, field, const char *), 0, 0, what, false, false, help}
#define HL_OPT_CHOICE(T, name, field, words, help) \
    {name, HL_OPTION_CHOICE, HL_OPT_AT(T, field, int32_t), 0, 0, words, false, false, help}
/* -o, --out: required / may be left out. */
#define HL_OPT_OUT(T, field, what, help) \
    {"--out", HL_OPTION_TEXT, HL_OPT_AT(T, field, const char *), 0, 0, what, true, false, help}
#define HL_OPT_OUT_OPTIONAL(T, field, what, help) \
    {"--out", HL_OPTION_TEXT, HL_OPT_AT(T, field, const char *), 0, 0, what, false, false, help}
#define HL_ARG(T, name, field, help) \
    {name, HL_OPTION_ARG, HL_OPT_AT(T, field, const char *), 0, 0, NULL, true, false, help}
#define HL_ARG_OPTIONAL(T, name, field, help) \
    {name, HL_OPTION_ARG, HL_OPT_AT(T, field, const char *), 0, 0, NULL, false, false, help}
/* clang-format on */

#define HL_ROWS(table) ((int32_t)(sizeof(table) / sizeof *(table)))

typedef struct hl_command_spec {
    const char *name;    /* "train" */
    const char *summary; /* one line, lower case, no full stop */
    const hl_option *rows;
    int32_t count;

    /* Optional.  Called once all options are read; sets the defaults that other options imply
     * (a preset).  What the user gave in a config file or on the command line is applied again
     * afterwards and so wins. */
    void (*prepare)(void *options);

    const char *notes; /* optional text at the end of --help, such as what a preset sets */
} hl_command_spec;

/* Reads argv[0 .. argc-1] (the words after the command's name) into *options.  A "--config FILE"
 * is read first; its keys are option names without dashes in front, "_" for "-".
 *
 * *help is set where -h or --help was given; the rest is then not checked.
 *
 * Errors: HL_E_ARG (the sentence names the option, its range and what was found), or those of
 * reading the config file.  Strings are borrowed for the life of the process. */
hl_status hl_options_parse(const hl_command_spec *spec, int argc, char **argv, void *options,
                           bool *help);

/* Prints usage and every row to stdout; defaults are the values in *options. */
void hl_options_print_help(const hl_command_spec *spec, const void *options);

/* The resolved options as a config file: {"command": ..., "version": ..., key: value ...}.
 * --config itself and unset texts are left out.  NULL-tolerant like all of hl_json. */
hl_json *hl_options_to_json(const hl_command_spec *spec, const void *options);

/* The word of a CHOICE row at `index`, copied to out (capacity bytes). */
const char *hl_option_word(const hl_option *row, int32_t index, char *out, size_t capacity);

#endif /* HL_CLI_OPTIONS_H */
