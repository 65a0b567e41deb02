/* SPDX-License-Identifier: MIT */
#include "viewer/present_gl.h"

#include "core/memory.h"

#include <string.h>

#include <GL/gl.h>

/* clang-format off */
/* Functions are asked for at run time: helio links no OpenGL. */
#define HL_GL_FUNCTIONS(X)                                                                   \
    X(BindTexture, (GLenum, GLuint))                                                         \
    X(BlendFunc, (GLenum, GLenum))                                                           \
    X(ColorPointer, (GLint, GLenum, GLsizei, const void *))                                  \
    X(DeleteTextures, (GLsizei, const GLuint *))                                             \
    X(Disable, (GLenum))                                                                     \
    X(DisableClientState, (GLenum))                                                          \
    X(DrawArrays, (GLenum, GLint, GLsizei))                                                  \
    X(DrawElements, (GLenum, GLsizei, GLenum, const void *))                                 \
    X(Enable, (GLenum))                                                                      \
    X(EnableClientState, (GLenum))                                                           \
    X(GenTextures, (GLsizei, GLuint *))                                                      \
    X(LoadIdentity, (void))                                                                  \
    X(MatrixMode, (GLenum))                                                                  \
    X(Ortho, (GLdouble, GLdouble, GLdouble, GLdouble, GLdouble, GLdouble))                   \
    X(PixelStorei, (GLenum, GLint))                                                          \
    X(ReadPixels, (GLint, GLint, GLsizei, GLsizei, GLenum, GLenum, void *))                  \
    X(Scissor, (GLint, GLint, GLsizei, GLsizei))                                             \
    X(TexCoordPointer, (GLint, GLenum, GLsizei, const void *))                               \
    X(TexImage2D, (GLenum, GLint, GLint, GLsizei, GLsizei, GLint, GLenum, GLenum, const void *)) \
    X(TexParameteri, (GLenum, GLenum, GLint))                                                \
    X(VertexPointer, (GLint, GLenum, GLsizei, const void *))                                 \
    X(Viewport, (GLint, GLint, GLsizei, GLsizei))
/* clang-format on */

struct hl_gl {
#define X(name, arguments) void(*name) arguments;
    HL_GL_FUNCTIONS(X)
#undef X
    GLuint picture, letters; /* textures */
};

static void make_texture(hl_gl *gl, GLuint *out, GLint filter)
{
    gl->GenTextures(1, out);
    gl->BindTexture(GL_TEXTURE_2D, *out);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, filter);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, filter);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP);
    gl->PixelStorei(GL_UNPACK_ALIGNMENT, 1);
    gl->PixelStorei(GL_PACK_ALIGNMENT, 1);
}

hl_status hl_gl_create(hl_gl **out, hl_window *window)
{
    const char *missing = NULL;
    int32_t width, height;
    hl_gl *gl = hl_alloc(1, sizeof *gl);
    if (!gl)
        return HL_E_MEMORY;
#define X(name, arguments)                                          \
    gl->name = (void(*) arguments)hl_window_gl(window, "gl" #name); \
    if (!gl->name)                                                  \
        missing = "gl" #name;
    HL_GL_FUNCTIONS(X)
#undef X
    if (missing) {
        hl_free(gl);
        return hl_fail(HL_E_BACKEND, "OpenGL lacks %s", missing);
    }
    make_texture(gl, &gl->picture, GL_NEAREST);
    make_texture(gl, &gl->letters, GL_LINEAR);
    const uint8_t *pixels = hl_ui_font(&width, &height);
    gl->TexImage2D(GL_TEXTURE_2D, 0, GL_ALPHA, width, height, 0, GL_ALPHA, GL_UNSIGNED_BYTE,
                   pixels);
    *out = gl;
    return HL_OK;
}

void hl_gl_destroy(hl_gl **gl)
{
    if (*gl) {
        (*gl)->DeleteTextures(1, &(*gl)->picture);
        (*gl)->DeleteTextures(1, &(*gl)->letters);
    }
    hl_free(*gl);
    *gl = NULL;
}

static void draw_picture(hl_gl *gl, const hl_image8 *picture, bool fresh)
{
    static const float corners[8] = {0, 0, 1, 0, 0, 1, 1, 1};
    gl->BindTexture(GL_TEXTURE_2D, gl->picture);
    if (fresh)
        gl->TexImage2D(GL_TEXTURE_2D, 0, GL_RGB, picture->width, picture->height, 0, GL_RGB,
                       GL_UNSIGNED_BYTE, picture->data);
    gl->MatrixMode(GL_PROJECTION);
    gl->LoadIdentity();
    gl->Ortho(0, 1, 1, 0, -1, 1);
    gl->MatrixMode(GL_MODELVIEW);
    gl->LoadIdentity();
    gl->Enable(GL_TEXTURE_2D);
    gl->Disable(GL_BLEND);
    gl->Disable(GL_SCISSOR_TEST);
    gl->EnableClientState(GL_VERTEX_ARRAY);
    gl->EnableClientState(GL_TEXTURE_COORD_ARRAY);
    gl->DisableClientState(GL_COLOR_ARRAY);
    gl->VertexPointer(2, GL_FLOAT, 0, corners);
    gl->TexCoordPointer(2, GL_FLOAT, 0, corners);
    gl->DrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

static void draw_panels(hl_gl *gl, const hl_ui_lists *lists, int32_t width, int32_t height)
{
    const GLsizei step = (GLsizei)sizeof(hl_ui_vertex);
    const hl_ui_vertex *v = lists->vertices;
    if (!lists->index_count)
        return;
    gl->BindTexture(GL_TEXTURE_2D, gl->letters);
    gl->MatrixMode(GL_PROJECTION);
    gl->LoadIdentity();
    gl->Ortho(0, width, height, 0, -1, 1);
    gl->Enable(GL_BLEND);
    gl->BlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
    gl->Enable(GL_SCISSOR_TEST);
    gl->EnableClientState(GL_COLOR_ARRAY);
    gl->VertexPointer(2, GL_FLOAT, step, &v->x);
    gl->TexCoordPointer(2, GL_FLOAT, step, &v->u);
    gl->ColorPointer(4, GL_UNSIGNED_BYTE, step, &v->rgba);
    for (uint32_t i = 0; i < lists->command_count; i++) {
        const hl_ui_command *c = &lists->commands[i];
        const int32_t left = c->clip[0] > 0 ? (int32_t)c->clip[0] : 0;
        const int32_t right = c->clip[2] < (float)width ? (int32_t)c->clip[2] : width;
        const int32_t top = c->clip[1] > 0 ? (int32_t)c->clip[1] : 0;
        const int32_t bottom = c->clip[3] < (float)height ? (int32_t)c->clip[3] : height;
        if (right <= left || bottom <= top)
            continue;
        gl->Scissor(left, height - bottom, right - left, bottom - top);
        gl->DrawElements(GL_TRIANGLES, (GLsizei)c->index_count, GL_UNSIGNED_INT,
                         lists->indices + c->first_index);
    }
}

/* The back buffer, top row first. */
static hl_status read_back(hl_gl *gl, int32_t width, int32_t height, hl_image8 *out)
{
    hl_image8 up;
    const size_t row = 3 * (size_t)width;
    HL_TRY(hl_image8_create(&up, width, height, 3));
    const hl_status s = hl_image8_create(out, width, height, 3);
    if (s == HL_OK) {
        gl->ReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, up.data);
        for (int32_t y = 0; y < height; y++)
            memcpy(out->data + (size_t)y * row, up.data + (size_t)(height - 1 - y) * row, row);
    }
    hl_image8_release(&up);
    return s;
}

hl_status hl_gl_present(hl_gl *gl, hl_window *window, const hl_image8 *picture, bool fresh,
                        const hl_ui_lists *lists, int32_t width, int32_t height, hl_image8 *grab)
{
    hl_status s = HL_OK;
    gl->Viewport(0, 0, width, height);
    draw_picture(gl, picture, fresh);
    draw_panels(gl, lists, width, height);
    if (grab)
        s = read_back(gl, width, height, grab);
    hl_window_swap(window);
    return s;
}
