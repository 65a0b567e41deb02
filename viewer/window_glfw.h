/* SPDX-License-Identifier: MIT */
/* viewer/window_glfw.h -- one window and what the user does in it. */
#ifndef HL_VIEWER_WINDOW_GLFW_H
#define HL_VIEWER_WINDOW_GLFW_H

#include "viewer/ui.h"
#include "viewer/vk_device.h"

enum { HL_WINDOW_KEYS = 16, HL_WINDOW_DROPS = 16, HL_WINDOW_PATH = 4096, HL_WINDOW_TYPED = 64 };
enum { HL_WINDOW_ESCAPE = 27, HL_WINDOW_DELETE = 127 }; /* keys that are no letters */
enum { HL_WINDOW_CONTROL = 256 };                       /* added to a key pressed with Control */

typedef struct hl_window_input {
    int32_t width, height; /* of the picture, pixels; 0 while minimised  */
    float scale;           /* of the text                                */
    double x, y;           /* of the mouse, pixels                       */
    double move_x, move_y; /* since the last poll                        */
    double wheel;          /* notches since the last poll                */
    bool button[3];        /* left, right, middle                        */
    bool shift, control;
    bool held[128]; /* letters as capitals, digits: down now      */
    int32_t key_count;
    int32_t keys[HL_WINDOW_KEYS]; /* pressed since the last poll, as `held`; ? as '?' */
    int32_t typed_count;
    int32_t typed[HL_WINDOW_TYPED]; /* since the last poll, held keys again, as hl_ui_input */
    int32_t drop_count;
    char drops[HL_WINDOW_DROPS][HL_WINDOW_PATH]; /* files dropped since */
    bool exposed;                                /* what the window showed is gone */
    bool close;
} hl_window_input;

typedef struct hl_window hl_window;

/* gl: with OpenGL in place of Vulkan.  Errors: HL_E_BACKEND (no display, no Vulkan or OpenGL for
 * it). */
hl_status hl_window_create(hl_window **out, const char *title, int32_t width, int32_t height,
                           bool gl);
void hl_window_destroy(hl_window **window);

/* Instance extensions that a surface needs; owned by the library. */
const char *const *hl_window_extensions(uint32_t *count);
hl_status hl_window_surface(hl_window *window, hl_vk *vk, VkSurfaceKHR *out);

/* Of a window for OpenGL: its functions by name, NULL: none; and what was drawn is shown. */
void (*hl_window_gl(hl_window *window, const char *name))(void);
void hl_window_swap(hl_window *window);

/* How much larger than usual the screen wants its text. */
float hl_window_scale(const hl_window *window);

void hl_window_resize(hl_window *window, int32_t width, int32_t height);

/* Text of other programs, for hl_ui_clipboard; window: an hl_window. */
const char *hl_window_paste(void *window);
void hl_window_copy(void *window, const char *text);

/* Reads all events, waiting at most `seconds` for the first. */
void hl_window_poll(hl_window *window, double seconds, hl_window_input *out);

#endif /* HL_VIEWER_WINDOW_GLFW_H */
