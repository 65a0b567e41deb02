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

/* Keys that text is edited by; ALL to REDO are Ctrl + A, C, X, V, Z, Y. */
typedef enum hl_ui_key {
    HL_UI_BACKSPACE = 1,
    HL_UI_DELETE,
    HL_UI_LEFT,
    HL_UI_RIGHT,
    HL_UI_HOME,
    HL_UI_END,
    HL_UI_ENTER,
    HL_UI_ESCAPE,
    HL_UI_ALL,
    HL_UI_COPY,
    HL_UI_CUT,
    HL_UI_PASTE,
    HL_UI_UNDO,
    HL_UI_REDO,
    HL_UI_KEY_COUNT
} hl_ui_key;

typedef struct hl_ui_input {
    float width, height;  /* pixels                                  */
    float seconds;        /* since the last frame, > 0               */
    float x, y;           /* of the mouse, pixels                    */
    float wheel;          /* notches since the last frame            */
    bool button[3];       /* left, right, middle                     */
    const int32_t *typed; /* (typed_count) since the last frame, in order: letters as in Unicode,
                             keys as -hl_ui_key; NULL: none */
    int32_t typed_count;
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

/* False where memory is short.  scale: of the text, 1 for 13 pixels.  font: a .ttf file; NULL or a
 * file that is not there: the letters that are built in. */
bool hl_ui_create(float scale, const char *font);
void hl_ui_destroy(void);

/* The letters: (height, width) coverage in 0..255; owned by the interface. */
const uint8_t *hl_ui_font(int32_t *width, int32_t *height);

void hl_ui_begin(const hl_ui_input *input);
void hl_ui_end(hl_ui_lists *out);

/* True while the mouse is over or held by a panel: the camera then stays. */
bool hl_ui_wants_mouse(void);
/* True while text is typed: keys are then no commands. */
bool hl_ui_wants_keys(void);
/* A field will ask for the cursor in the next frame: what is typed from the last frame on waits for
 * it, a few frames at most. */
void hl_ui_await_field(void);

/* Where Ctrl + C, X and V find the text of other programs.  Without: their own only. */
void hl_ui_clipboard(const char *(*read)(void *ctx), void (*write)(void *ctx, const char *text),
                     void *ctx);

/* A panel; widgets until hl_ui_panel_end.  x, y: of its corner at first.  It grows with what is in
 * it, to the height of the picture at most, and scrolls then. */
void hl_ui_panel(const char *title, float x, float y, float width);
void hl_ui_panel_end(void);
/* One without a title that cannot be moved; x, y: of its corner, of the lower one where `below`. */
void hl_ui_note(const char *name, float x, float y, bool below);
void hl_ui_note_end(void);
/* A list of that height that scrolls, inside of a panel. */
void hl_ui_list(const char *name, float height);
void hl_ui_list_end(void);
/* A part of a panel that folds; false: folded, leave its widgets out. */
bool hl_ui_section(const char *title, bool open);

void hl_ui_text(const char *text);
/* Dimmed. */
void hl_ui_hint(const char *text);
/* Shown while the mouse rests on the widget before. */
void hl_ui_tip(const char *text);
/* Widgets of row `number` until hl_ui_row_end: equal labels in several rows are told apart. */
void hl_ui_row(int32_t number);
void hl_ui_row_end(void);
/* A line of a list; true: it was clicked. */
bool hl_ui_item(const char *label, bool chosen);
/* A picture of (height, width) colours, r in the low byte, `scale` pixels each; true: clicked. */
bool hl_ui_picture(const char *name, const uint32_t *colors, int32_t width, int32_t height,
                   float scale, bool chosen);
bool hl_ui_button(const char *label);
void hl_ui_same_line(void);
/* The next widget on this line, so far from the panel's left side, in pixels at scale 1. */
void hl_ui_column(float x);
/* True: the value was changed. */
bool hl_ui_check(const char *label, bool *value);
bool hl_ui_slider(const char *label, float *value, float low, float high, bool logarithmic);
bool hl_ui_slider_narrow(const char *label, float *value, float low, float high);
bool hl_ui_slider_int(const char *label, int32_t *value, int32_t low, int32_t high);
/* A line of text to type in, `width` wide at scale 1.  focus: the cursor goes there, with all of
 * the text selected.  True: Enter was pressed. */
bool hl_ui_field(const char *name, char *text, size_t capacity, float width, bool focus);
bool hl_ui_color(const char *label, float rgb[3]);
/* words: "a|b|c" */
bool hl_ui_choice(const char *label, int32_t *value, const char *words);

/* Over the picture, under the panels; pixels, r in the low byte of the colour. */
void hl_ui_line(const float from[2], const float to[2], uint32_t rgba, float thickness);
void hl_ui_ring(const float middle[2], float radius, uint32_t rgba, float thickness);
void hl_ui_mark(const char *text, const float at[2], uint32_t rgba);

#ifdef __cplusplus
}
#endif

#endif /* HL_VIEWER_UI_H */
