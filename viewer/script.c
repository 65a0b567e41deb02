/* SPDX-License-Identifier: MIT */
/* Lines of text to actions. */
#include "viewer/actions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 4, HELP_BYTES = 8192, COLUMN = 26 };

static hl_action_table table(int i)
{
    switch (i) {
    case 0:
        return hl_actions_view();
    case 1:
        return hl_actions_light();
    case 2:
        return hl_actions_edit();
    default:
        return hl_actions_path();
    }
}

hl_status hl_action_word(const char *action, const char *word, const char *const *names, int count,
                         int *out)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0) {
            *out = i;
            return HL_OK;
        }
    return hl_fail(HL_E_ARG, "%s: \"%.40s\" is none of %s, %s, ...", action, word, names[0],
                   names[1]);
}

hl_status hl_action_target(hl_viewer *v, const char *name, char out[HL_PLACE_BYTES])
{
    HL_TRY(hl_name_place(out, v->folder, name));
    HL_TRY(hl_name_check_target(out));
    snprintf(v->written, sizeof v->written, "%s", out);
    return HL_OK;
}

/* One row of the list; later lines of its help stand under the first. */
static size_t describe(char *out, size_t room, const hl_action *a)
{
    char name[64];
    size_t used = 0;
    snprintf(name, sizeof name, "%s %s", a->name, a->words);
    for (const char *at = a->help; *at;) {
        const int length = (int)strcspn(at, "\n");
        const int n = snprintf(out + used, room - used, "\n  %-*s %.*s", (int)COLUMN,
                               at == a->help ? name : "", length, at);
        if (n < 0 || (size_t)n >= room - used)
            break;
        used += (size_t)n;
        at += length + (at[length] == '\n');
    }
    return used;
}

const char *hl_viewer_help(void)
{
    static char text[HELP_BYTES]; /* the same each time it is written */
    size_t used =
        (size_t)snprintf(text, sizeof text, "actions of a script, one a line; # starts a comment:");
    for (int t = 0; t < TABLES; t++)
        for (int i = 0; i < table(t).count; i++)
            used += describe(text + used, sizeof text - used, &table(t).rows[i]);
    return text;
}

/* Reads the numbers of an action; there must be neither more nor fewer. */
static hl_status read_numbers(const char *name, int count, hl_action_words *w)
{
    const char *at = w->text;
    for (int i = 0; i < count; i++) {
        char *end;
        w->number[i] = strtod(at, &end);
        if (end == at || !isfinite(w->number[i]))
            return hl_fail(HL_E_ARG, "%s: expected %d numbers, found \"%s\"", name, count, w->text);
        at = end;
    }
    if (at[strspn(at, " ")])
        return hl_fail(HL_E_ARG, "%s: expected %d numbers, found \"%s\"", name, count, w->text);
    return HL_OK;
}

static const hl_action *find_action(const char *line, size_t length)
{
    for (int t = 0; t < TABLES; t++) {
        const hl_action_table in = table(t);
        for (int i = 0; i < in.count; i++)
            if (strlen(in.rows[i].name) == length && strncmp(in.rows[i].name, line, length) == 0)
                return &in.rows[i];
    }
    return NULL;
}

hl_status hl_viewer_do(hl_viewer *viewer, const char *line)
{
    const size_t length = strcspn(line, " ");
    const hl_action *action = find_action(line, length);
    hl_action_words w = {.text = line + length + strspn(line + length, " ")};
    if (!action)
        return hl_fail(HL_E_ARG, "\"%.40s\" is no action of the viewer", line);
    if (action->numbers >= 0)
        HL_TRY(read_numbers(action->name, action->numbers, &w));
    else if (!*w.text)
        return hl_fail(HL_E_ARG, "%s: expected %s", action->name, action->words);
    viewer->picture_old = viewer->dirty;
    viewer->dirty = true;
    return action->run(viewer, &w);
}
