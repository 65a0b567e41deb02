/* SPDX-License-Identifier: MIT */
#include "viewer/window_glfw.h"

#include "core/memory.h"

#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

struct hl_window {
    GLFWwindow *handle;
    hl_window_input input; /* gathered since the last poll */
    double last_x, last_y;
    bool has_mouse;
};

static void on_wheel(GLFWwindow *handle, double x, double y)
{
    hl_window *w = glfwGetWindowUserPointer(handle);
    (void)x;
    w->input.wheel += y;
}

static void add_typed(hl_window *w, int32_t what)
{
    if (w->input.typed_count < HL_WINDOW_TYPED)
        w->input.typed[w->input.typed_count++] = what;
}

static void on_letter(GLFWwindow *handle, unsigned letter)
{
    if (letter <= INT32_MAX)
        add_typed(glfwGetWindowUserPointer(handle), (int32_t)letter);
}

/* 0: none that edits text. */
static hl_ui_key editing_key(int key, bool control)
{
    static const int plain[][2] = {
        {GLFW_KEY_BACKSPACE, HL_UI_BACKSPACE}, {GLFW_KEY_DELETE, HL_UI_DELETE},
        {GLFW_KEY_LEFT, HL_UI_LEFT},           {GLFW_KEY_RIGHT, HL_UI_RIGHT},
        {GLFW_KEY_HOME, HL_UI_HOME},           {GLFW_KEY_END, HL_UI_END},
        {GLFW_KEY_ENTER, HL_UI_ENTER},         {GLFW_KEY_KP_ENTER, HL_UI_ENTER},
        {GLFW_KEY_ESCAPE, HL_UI_ESCAPE}};
    static const int with_control[][2] = {{GLFW_KEY_A, HL_UI_ALL},  {GLFW_KEY_C, HL_UI_COPY},
                                          {GLFW_KEY_X, HL_UI_CUT},  {GLFW_KEY_V, HL_UI_PASTE},
                                          {GLFW_KEY_Z, HL_UI_UNDO}, {GLFW_KEY_Y, HL_UI_REDO}};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (plain[i][0] == key)
            return (hl_ui_key)plain[i][1];
    for (size_t i = 0; i < sizeof with_control / sizeof with_control[0] && control; i++)
        if (with_control[i][0] == key)
            return (hl_ui_key)with_control[i][1];
    return (hl_ui_key)0;
}

static void on_key(GLFWwindow *handle, int key, int scancode, int action, int mods)
{
    hl_window *w = glfwGetWindowUserPointer(handle);
    (void)scancode;
    const hl_ui_key edits = editing_key(key, mods & GLFW_MOD_CONTROL);
    if (action != GLFW_RELEASE && edits)
        add_typed(w, -(int32_t)edits);
    if (action != GLFW_PRESS || w->input.key_count == HL_WINDOW_KEYS)
        return;
    if (key == GLFW_KEY_ESCAPE)
        key = HL_WINDOW_ESCAPE;
    if (key == GLFW_KEY_DELETE)
        key = HL_WINDOW_DELETE;
    if (key == GLFW_KEY_SLASH && (mods & GLFW_MOD_SHIFT))
        key = '?';
    if (key < 128)
        w->input.keys[w->input.key_count++] =
            key | (mods & GLFW_MOD_CONTROL ? HL_WINDOW_CONTROL : 0);
}

static void on_drop(GLFWwindow *handle, int count, const char **paths)
{
    hl_window *w = glfwGetWindowUserPointer(handle);
    for (int i = 0; i < count && w->input.drop_count < HL_WINDOW_DROPS; i++)
        snprintf(w->input.drops[w->input.drop_count++], HL_WINDOW_PATH, "%s", paths[i]);
}

static void on_refresh(GLFWwindow *handle)
{
    hl_window *w = glfwGetWindowUserPointer(handle);
    w->input.exposed = true;
}

static hl_status failed(const char *what)
{
    const char *why = NULL;
    glfwGetError(&why);
    return hl_fail(HL_E_BACKEND, "%s: %s; helio view --headless and helio render need no display",
                   what, why ? why : "unknown reason");
}

hl_status hl_window_create(hl_window **out, const char *title, int32_t width, int32_t height,
                           bool gl)
{
    if (!glfwInit())
        return failed("no window");
    if (!gl && !glfwVulkanSupported()) {
        const hl_status s = failed("no Vulkan for windows");
        glfwTerminate();
        return s;
    }
    hl_window *w = hl_alloc(1, sizeof *w);
    if (!w) {
        glfwTerminate();
        return HL_E_MEMORY;
    }
    glfwWindowHint(GLFW_CLIENT_API, gl ? GLFW_OPENGL_API : GLFW_NO_API);
    w->handle = glfwCreateWindow(width, height, title, NULL, NULL);
    if (!w->handle) {
        const hl_status s = failed("no window");
        hl_window_destroy(&w);
        return s;
    }
    if (gl) {
        glfwMakeContextCurrent(w->handle);
        glfwSwapInterval(1);
    }
    /* A click that is over before the next poll is still seen. */
    glfwSetInputMode(w->handle, GLFW_STICKY_MOUSE_BUTTONS, GLFW_TRUE);
    glfwSetWindowUserPointer(w->handle, w);
    glfwSetScrollCallback(w->handle, on_wheel);
    glfwSetKeyCallback(w->handle, on_key);
    glfwSetCharCallback(w->handle, on_letter);
    glfwSetDropCallback(w->handle, on_drop);
    glfwSetWindowRefreshCallback(w->handle, on_refresh);
    *out = w;
    return HL_OK;
}

void hl_window_destroy(hl_window **window)
{
    hl_window *w = *window;
    *window = NULL;
    if (!w)
        return;
    if (w->handle)
        glfwDestroyWindow(w->handle);
    glfwTerminate();
    hl_free(w);
}

const char *const *hl_window_extensions(uint32_t *count)
{
    const char **names = glfwGetRequiredInstanceExtensions(count);
    return (const char *const *)names;
}

hl_status hl_window_surface(hl_window *window, hl_vk *vk, VkSurfaceKHR *out)
{
    return hl_vk_check(vk, glfwCreateWindowSurface(vk->instance, window->handle, NULL, out),
                       "glfwCreateWindowSurface");
}

void (*hl_window_gl(hl_window *window, const char *name))(void)
{
    (void)window; /* its context is the current one */
    return glfwGetProcAddress(name);
}

void hl_window_swap(hl_window *window)
{
    glfwSwapBuffers(window->handle);
}

float hl_window_scale(const hl_window *window)
{
    float x = 1, y = 1;
    glfwGetWindowContentScale(window->handle, &x, &y);
    return x >= 0.5f && x <= 8 ? x : 1;
}

void hl_window_resize(hl_window *window, int32_t width, int32_t height)
{
    glfwSetWindowSize(window->handle, width, height);
}

const char *hl_window_paste(void *window)
{
    const hl_window *w = window;
    return glfwGetClipboardString(w->handle);
}

void hl_window_copy(void *window, const char *text)
{
    const hl_window *w = window;
    glfwSetClipboardString(w->handle, text);
}

static void read_mouse(hl_window *w, hl_window_input *in)
{
    static const int buttons[3] = {GLFW_MOUSE_BUTTON_LEFT, GLFW_MOUSE_BUTTON_RIGHT,
                                   GLFW_MOUSE_BUTTON_MIDDLE};
    int window_width, window_height;
    glfwGetCursorPos(w->handle, &in->x, &in->y);
    glfwGetWindowSize(w->handle, &window_width, &window_height);
    if (window_width > 0 && in->width > 0) { /* screen units may be larger than pixels */
        in->x *= (double)in->width / window_width;
        in->y *= (double)in->width / window_width;
    }
    in->move_x = w->has_mouse ? in->x - w->last_x : 0;
    in->move_y = w->has_mouse ? in->y - w->last_y : 0;
    w->last_x = in->x;
    w->last_y = in->y;
    w->has_mouse = true;
    for (int i = 0; i < 3; i++)
        in->button[i] = glfwGetMouseButton(w->handle, buttons[i]) == GLFW_PRESS;
}

void hl_window_poll(hl_window *window, double seconds, hl_window_input *out)
{
    hl_window *w = window;
    int width, height;
    float scale_x = 1, scale_y = 1;
    if (seconds > 0)
        glfwWaitEventsTimeout(seconds);
    else
        glfwPollEvents();
    *out = w->input;
    w->input = (hl_window_input){.wheel = 0};
    glfwGetFramebufferSize(w->handle, &width, &height);
    glfwGetWindowContentScale(w->handle, &scale_x, &scale_y);
    out->width = width;
    out->height = height;
    out->scale = scale_x > 0 ? scale_x : 1;
    read_mouse(w, out);
    for (int key = ' '; key < 128; key++)
        out->held[key] = ((key >= 'A' && key <= 'Z') || (key >= '0' && key <= '9')) &&
                         glfwGetKey(w->handle, key) == GLFW_PRESS;
    out->shift = glfwGetKey(w->handle, GLFW_KEY_LEFT_SHIFT) == GLFW_PRESS ||
                 glfwGetKey(w->handle, GLFW_KEY_RIGHT_SHIFT) == GLFW_PRESS;
    out->control = glfwGetKey(w->handle, GLFW_KEY_LEFT_CONTROL) == GLFW_PRESS ||
                   glfwGetKey(w->handle, GLFW_KEY_RIGHT_CONTROL) == GLFW_PRESS;
    out->close = glfwWindowShouldClose(w->handle);
}
