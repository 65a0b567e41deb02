/* SPDX-License-Identifier: MIT */
/* cli/options_help.c -- --help, printed from the same table that parses. */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 30, HELP_WIDTH = 96 };

/* Words of `text`, wrapped between the two columns; the cursor stands at `column`. */
static void print_wrapped(const char *text, int column)
{
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (column + 1 + length > HELP_WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        column += printf(" %.*s", length, text);
        text += length;
        text += strspn(text, " ");
    }
    printf("\n");
}

static const char *type_of(const hl_option *row)
{
    switch (row->kind) {
    case HL_OPTION_INT:
    case HL_OPTION_INT64:
        return "INT";
    case HL_OPTION_FLOAT:
    case HL_OPTION_DOUBLE:
        return "NUMBER";
    case HL_OPTION_TEXT:
    case HL_OPTION_CHOICE:
        return row->words;
    case HL_OPTION_FLAG:
    case HL_OPTION_ARG:
        break;
    }
    return "";
}

/* "1..100, default 7" */
static void describe(const hl_option *row, const void *options, char *out, size_t capacity)
{
    const char *field = (const char *)options + row->offset;
    union {
        bool flag;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        const char *text;
    } v;
    char word[64];
    switch (row->kind) {
    case HL_OPTION_FLAG:
        memcpy(&v.flag, field, sizeof v.flag);
        snprintf(out, capacity, "flag, default %s", v.flag ? "on" : "off");
        break;
    case HL_OPTION_INT:
        memcpy(&v.i32, field, sizeof v.i32);
        snprintf(out, capacity, "%.0f..%.0f, default %d", row->min, row->max, v.i32);
        break;
    case HL_OPTION_INT64:
        memcpy(&v.i64, field, sizeof v.i64);
        snprintf(out, capacity, "%.0f..%.0f, default %lld", row->min, row->max, (long long)v.i64);
        break;
    case HL_OPTION_FLOAT:
        memcpy(&v.f32, field, sizeof v.f32);
        snprintf(out, capacity, "%g..%g, default %g", row->min, row->max, (double)v.f32);
        break;
    case HL_OPTION_DOUBLE:
        memcpy(&v.f64, field, sizeof v.f64);
        snprintf(out, capacity, "%g..%g, default %g", row->min, row->max, v.f64);
        break;
    case HL_OPTION_CHOICE:
        memcpy(&v.i32, field, sizeof v.i32);
        snprintf(out, capacity, "default %s", hl_option_word(row, v.i32, word, sizeof word));
        break;
    case HL_OPTION_TEXT:
    case HL_OPTION_ARG:
        memcpy(&v.text, field, sizeof v.text);
        if (row->required)
            snprintf(out, capacity, "text, required");
        else
            snprintf(out, capacity, "text, default %s", v.text ? v.text : "none");
        break;
    }
}

static void print_row(const hl_option *row, const void *options)
{
    char range[160], sentence[600];
    const char *lead = strcmp(row->name, "--out") == 0 ? "-o, " : "";
    const char *type = type_of(row);
    int column = printf("  %s%s%s%s", lead, row->name, type[0] ? " " : "", type);
    if (column < HELP_COLUMN)
        column += printf("%*s", HELP_COLUMN - column, "");
    describe(row, options, range, sizeof range);
    snprintf(sentence, sizeof sentence, "%s (%s)", row->help, range);
    print_wrapped(sentence, column);
}

void hl_options_print_help(const hl_command_spec *spec, const void *options)
{
    printf("helio %s: %s\n\nusage: helio %s", spec->name, spec->summary, spec->name);
    for (int32_t i = 0; i < spec->count; i++) {
        const hl_option *row = &spec->rows[i];
        if (row->kind == HL_OPTION_ARG)
            printf(row->required ? " %s" : " [%s]", row->name);
        else if (row->required)
            printf(" %s %s", strcmp(row->name, "--out") == 0 ? "-o" : row->name, row->words);
    }
    printf(" [options]\n\n");
    for (int32_t i = 0; i < spec->count; i++)
        if (!spec->rows[i].common)
            print_row(&spec->rows[i], options);
    printf("\ncommon options:\n");
    for (int32_t i = 0; i < spec->count; i++)
        if (spec->rows[i].common)
            print_row(&spec->rows[i], options);
    printf("  -h, --help%*s print this text\n", HELP_COLUMN - 12, "");
    if (spec->notes)
        printf("\n%s\n", spec->notes);
}
