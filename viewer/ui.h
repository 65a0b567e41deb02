/* SPDX-License-Identifier: MIT */
/* viewer/ui.h -- the widgets that the panels are made of: a small C door to Dear ImGui.
 *
 * Immediate mode: every frame names all its widgets between hl_ui_begin and hl_ui_end.  Needs
 * neither window nor device: input goes in as numbers, triangles come out.  One at a time.
 */
#ifndef HL_VIEWER_UI_H
#define HL_VIEWER_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hl_ui_input {
    float width, height; /* pixels                                  */
    float seconds;       /* since the last frame, > 0               */
    float x, y;          /* of the mouse, pixels                    */
    float wheel;         /* notches since the last frame            */
    bool button[3];      /* left, right, middle                     */
} hl_ui_input;

typedef struct hl_ui_vertex {
    float x, y, u, v;
    uint32_t rgba; /* r in the low byte */
} hl_ui_vertex;

typedef struct hl_ui_command {
    float clip[4]; /* left, top, right, bottom, pixels */
    uint32_t first_index, index_count;
} hl_ui_command;

/* Triangles of a frame; owned by the interface, valid until the next hl_ui_begin. */
typedef struct hl_ui_lists {
    const hl_ui_vertex *vertices;  /* (vertex_count)                       */
    const uint32_t *indices;       /* (index_count)                        */
    const hl_ui_command *commands; /* (command_count), in order of drawing */
    uint32_t vertex_count, index_count, command_count;
} hl_ui_lists;

/* False where memory is short.  scale: of the text, 1 for 13 pixels. */
bool hl_ui_create(float scale);
void hl_ui_destroy(void);

/* The letters: (height, width) coverage in 0..255; owned by the interface. */
const uint8_t *hl_ui_font(int32_t *width, int32_t *height);

void hl_ui_begin(const hl_ui_input *input);
void hl_ui_end(hl_ui_lists *out);

/* True while the mouse is over or held by a panel: the camera then stays. */
bool hl_ui_wants_mouse(void);

/* A panel; widgets until hl_ui_panel_end.  x, y: of its corner at first. */
void hl_ui_panel(const char *title, float x, float y, float width);
void hl_ui_panel_end(void);
/* A part of a panel that folds; false: folded, leave its widgets out. */
bool hl_ui_section(const char *title, bool open);

void hl_ui_text(const char *text);
bool hl_ui_button(const char *label);
void hl_ui_same_line(void);
/* True: the value was changed. */
bool hl_ui_check(const char *label, bool *value);
bool hl_ui_slider(const char *label, float *value, float low, float high, bool logarithmic);
bool hl_ui_slider_int(const char *label, int32_t *value, int32_t low, int32_t high);
bool hl_ui_color(const char *label, float rgb[3]);
/* words: "a|b|c" */
bool hl_ui_choice(const char *label, int32_t *value, const char *words);

#ifdef __cplusplus
}
#endif

#endif /* HL_VIEWER_UI_H */
