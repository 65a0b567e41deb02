/* SPDX-License-Identifier: MIT */
/* viewer/actions.h -- the actions of the viewer: a table of names, numbers and functions. */
#ifndef HL_VIEWER_ACTIONS_H
#define HL_VIEWER_ACTIONS_H

#include "viewer/viewer_state.h"

enum { HL_ACTION_NUMBERS = 8, HL_ACTION_TEXT = -1 };

typedef struct hl_action_words {
    double number[HL_ACTION_NUMBERS];
    const char *text; /* the rest of the line after the name */
} hl_action_words;

typedef struct hl_action {
    const char *name;
    int numbers; /* HL_ACTION_TEXT: the rest of the line is text */
    hl_status (*run)(hl_viewer *v, const hl_action_words *w);
    const char *words, *help; /* "X Y", what it does */
} hl_action;

typedef struct hl_action_table {
    const hl_action *rows;
    int count;
} hl_action_table;

hl_action_table hl_actions_view(void);  /* the camera and the look           */
hl_action_table hl_actions_light(void); /* environments, lamps, exposure   */
hl_action_table hl_actions_edit(void);  /* selection, hiding, undo, export   */
hl_action_table hl_actions_path(void);  /* the camera path                   */

/* Where a file of that name is written: in the folder of `folder`, where it must be possible. */
hl_status hl_action_target(hl_viewer *v, const char *name, char out[HL_PLACE_BYTES]);

/* Index of a word among `count` names.  HL_E_ARG names some of them. */
hl_status hl_action_word(const char *action, const char *word, const char *const *names, int count,
                         int *out);

#endif /* HL_VIEWER_ACTIONS_H */
