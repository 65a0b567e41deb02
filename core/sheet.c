/* SPDX-License-Identifier: MIT */

#include "core/sheet.h"

#include "core/io/font.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 4, CAPTION = 13, SIDE_MIN = 8, SIDE_MAX = 4096, PAPER = 24, GREY = 128 };

static const uint8_t ink[3] = {230, 230, 230};

static uint8_t byte_of(float x)
{
    if (!(x > 0))
        return 0;
    return x >= 1 ? 255 : (uint8_t)(x * 255 + 0.5f);
}

void hl_sheet_text(hl_image8 *image, int32_t x, int32_t y, int32_t scale, const uint8_t rgb[3],
                   const char *text)
{
    for (; *text; text++, x += (FONT_WIDTH + 1) * scale) {
        int code = (unsigned char)*text;
        if (code >= 'a' && code <= 'z')
            code += 'A' - 'a';
        if (code < FONT_FIRST || code >= FONT_FIRST + FONT_GLYPHS)
            code = '?';
        const uint8_t *glyph = font_glyphs[code - FONT_FIRST];
        for (int32_t v = 0; v < FONT_HEIGHT * scale; v++)
            for (int32_t u = 0; u < FONT_WIDTH * scale; u++) {
                const int32_t px = x + u, py = y + v;
                if (!(glyph[v / scale] >> (FONT_WIDTH - 1 - u / scale) & 1) || px < 0 || py < 0 ||
                    px >= image->width || py >= image->height)
                    continue;
                memcpy(image->data + ((size_t)py * (size_t)image->width + (size_t)px) * 3, rgb, 3);
            }
    }
}

/* ---- contact sheet ------------------------------------------------------------------------ */

/* One pixel as three channels, alpha over grey. */
static void flatten(const uint8_t *from, int32_t channels, uint8_t *to)
{
    for (int k = 0; k < 3; k++) {
        const int value = from[channels >= 3 ? k : 0];
        const int alpha = channels == 4 ? from[3] : (channels == 2 ? from[1] : 255);
        to[k] = (uint8_t)((value * alpha + GREY * (255 - alpha) + 127) / 255);
    }
}

static hl_status place(hl_image8 *sheet, const hl_image8 *image, int32_t x, int32_t y,
                       int32_t cell_width, int32_t cell_height)
{
    const double scale =
        fmin((double)cell_width / image->width, (double)cell_height / image->height);
    const int32_t w = (int32_t)fmax(1, fmin(cell_width, floor(image->width * scale + 0.5)));
    const int32_t h = (int32_t)fmax(1, fmin(cell_height, floor(image->height * scale + 0.5)));
    hl_image8 small;
    HL_TRY(hl_image8_resize(&small, image, w, h));
    x += (cell_width - w) / 2;
    y += (cell_height - h) / 2;
    const size_t c = (size_t)small.channels;
    for (int32_t v = 0; v < h; v++)
        for (int32_t u = 0; u < w; u++)
            flatten(small.data + ((size_t)v * (size_t)w + (size_t)u) * c, small.channels,
                    sheet->data + ((size_t)(y + v) * (size_t)sheet->width + (size_t)(x + u)) * 3);
    hl_image8_release(&small);
    return HL_OK;
}

static void write_caption(hl_image8 *sheet, int32_t x, int32_t y, int32_t width, const char *text)
{
    char cut[1024];
    const size_t fit = (size_t)(width / (FONT_WIDTH + 1));
    const size_t length = strlen(text), most = fit < sizeof cut - 1 ? fit : sizeof cut - 1;
    const size_t count = length < most ? length : most;
    memcpy(cut, text, count);
    cut[count] = '\0';
    hl_sheet_text(sheet, x, y, 1, ink, cut);
}

hl_status hl_sheet_build(hl_image8 *out, const hl_sheet_cell *cells, int32_t rows, int32_t columns,
                         int32_t cell_width, int32_t cell_height)
{
    if (rows < 1 || columns < 1 || (int64_t)rows * columns > HL_SHEET_CELLS_MAX ||
        cell_width < SIDE_MIN || cell_height < SIDE_MIN || cell_width > SIDE_MAX ||
        cell_height > SIDE_MAX)
        return hl_fail(HL_E_ARG, "sheet: %d x %d cells of %d x %d pixels is out of range", columns,
                       rows, cell_width, cell_height);
    hl_image8 sheet;
    HL_TRY(hl_image8_create(&sheet, GAP + columns * (cell_width + GAP),
                            GAP + rows * (cell_height + CAPTION + GAP), 3));
    memset(sheet.data, PAPER, (size_t)sheet.width * (size_t)sheet.height * 3);
    for (int32_t i = 0; i < rows * columns; i++) {
        const int32_t x = GAP + i % columns * (cell_width + GAP);
        const int32_t y = GAP + i / columns * (cell_height + CAPTION + GAP);
        if (cells[i].image) {
            const hl_status s = place(&sheet, cells[i].image, x, y, cell_width, cell_height);
            if (s != HL_OK) {
                hl_image8_release(&sheet);
                return s;
            }
        }
        if (cells[i].caption)
            write_caption(&sheet, x, y + cell_height + GAP, cell_width, cells[i].caption);
    }
    *out = sheet;
    return HL_OK;
}

/* ---- pictures of numbers ------------------------------------------------------------------ */

hl_status hl_sheet_difference(hl_image8 *out, const hl_image8 *a, const hl_image8 *b, float gain)
{
    if (a->width != b->width || a->height != b->height || a->channels != 3 || b->channels != 3)
        return hl_fail(HL_E_ARG, "pictures of %d x %d x %d and %d x %d x %d have no difference",
                       a->width, a->height, a->channels, b->width, b->height, b->channels);
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, a->width, a->height, 3));
    const size_t count = (size_t)a->width * (size_t)a->height * 3;
    for (size_t i = 0; i < count; i++)
        made.data[i] = byte_of((float)abs(a->data[i] - b->data[i]) * gain / 255);
    *out = made;
    return HL_OK;
}

/* Green 2011, "A colour scheme for the display of astronomical intensity images": a helix around
 * the grey diagonal of the colour cube, start colour 0.5, -1.5 turns, hue 1.2, gamma 1. */
void hl_sheet_color(float t, uint8_t rgb[3])
{
    static const float across[3][2] = {
        {-0.14861f, 1.78277f}, {-0.29227f, -0.90649f}, {1.97294f, 0}};
    t = t > 0 ? (t < 1 ? t : 1) : 0; /* NaN: 0 */
    const float angle = 6.2831853f * (0.5f / 3 + 1 - 1.5f * t);
    const float amplitude = 1.2f * t * (1 - t) / 2, u = cosf(angle), v = sinf(angle);
    for (int k = 0; k < 3; k++)
        rgb[k] = byte_of(t + amplitude * (across[k][0] * u + across[k][1] * v));
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static bool is_depth(float z)
{
    return z > 0 && isfinite(z);
}

hl_status hl_sheet_depth_range(const hl_image *depth, float *near, float *far)
{
    const size_t count = (size_t)depth->width * (size_t)depth->height;
    float *valid = hl_alloc(count, sizeof *valid);
    if (!valid)
        return HL_E_MEMORY;
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (is_depth(depth->data[i]))
            valid[n++] = depth->data[i];
    qsort(valid, n, sizeof *valid, ascending);
    *near = n ? valid[(n - 1) * 2 / 100] : 1;
    *far = n ? valid[(n - 1) * 98 / 100] : 2;
    hl_free(valid);
    return HL_OK;
}

hl_status hl_sheet_depth(hl_image8 *out, const hl_image *depth, float near, float far)
{
    const float dark = 0.12f, light = 0.95f; /* black is kept for "no depth" */
    if (depth->channels != 1)
        return hl_fail(HL_E_ARG, "depth pictures have 1 channel, not %d", depth->channels);
    if (!(near < far))
        HL_TRY(hl_sheet_depth_range(depth, &near, &far));
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, depth->width, depth->height, 3));
    const size_t count = (size_t)depth->width * (size_t)depth->height;
    const float span = far > near ? far - near : 1;
    for (size_t i = 0; i < count; i++) {
        const float z = depth->data[i];
        if (!is_depth(z))
            continue;
        const float t = fminf(fmaxf((z - near) / span, 0), 1);
        hl_sheet_color(light + (dark - light) * t, made.data + 3 * i);
    }
    *out = made;
    return HL_OK;
}

hl_status hl_sheet_normal(hl_image8 *out, const hl_image *normals, const float *r)
{
    if (normals->channels != 3)
        return hl_fail(HL_E_ARG, "normal pictures have 3 channels, not %d", normals->channels);
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, normals->width, normals->height, 3));
    const size_t count = (size_t)normals->width * (size_t)normals->height;
    for (size_t i = 0; i < count; i++) {
        const float *n = normals->data + 3 * i;
        const float length = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        const float inverse = length > 0 && isfinite(length) ? 0.5f / length : 0;
        for (int k = 0; k < 3; k++) {
            const float c = r ? r[3 * k] * n[0] + r[3 * k + 1] * n[1] + r[3 * k + 2] * n[2] : n[k];
            made.data[3 * i + (size_t)k] = inverse > 0 ? byte_of(c * inverse + 0.5f) : GREY;
        }
    }
    *out = made;
    return HL_OK;
}

hl_status hl_sheet_grey(hl_image8 *out, const hl_image *values)
{
    if (values->channels != 1)
        return hl_fail(HL_E_ARG, "grey pictures have 1 channel, not %d", values->channels);
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, values->width, values->height, 3));
    const size_t count = (size_t)values->width * (size_t)values->height;
    for (size_t i = 0; i < count; i++)
        memset(made.data + 3 * i, byte_of(values->data[i]), 3);
    *out = made;
    return HL_OK;
}
