/* SPDX-License-Identifier: MIT */
/* viewer/present_gl.h -- pictures and panels on a window without Vulkan: OpenGL 1.1, fixed
 * function, which every driver and Mesa's software one have.  Nothing is drawn in 3D here: the
 * picture comes from the processor.
 */
#ifndef HL_VIEWER_PRESENT_GL_H
#define HL_VIEWER_PRESENT_GL_H

#include "core/image.h"
#include "viewer/ui.h"
#include "viewer/window_glfw.h"

typedef struct hl_gl hl_gl;

/* The window must have been made for OpenGL; the interface too: its letters are uploaded.
 * HL_E_BACKEND where a function is missing, HL_E_MEMORY. */
hl_status hl_gl_create(hl_gl **out, hl_window *window);
void hl_gl_destroy(hl_gl **gl);

/* Shows a picture of 3 channels over the whole window, pixel on pixel where the sizes agree, and
 * the panels over it.  fresh: it is another one than last time.  grab: what the window then shows,
 * NULL: not wanted; owned by the caller. */
hl_status hl_gl_present(hl_gl *gl, hl_window *window, const hl_image8 *picture, bool fresh,
                        const hl_ui_lists *lists, int32_t width, int32_t height, hl_image8 *grab);

#endif /* HL_VIEWER_PRESENT_GL_H */
