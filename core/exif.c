/* SPDX-License-Identifier: MIT */
/* Exif 2.3, section 4.6.5: the tags of lens and sensor. */
#include "core/exif.h"

#include "core/file.h"
#include "core/io/exif_ifd.h"

#include <math.h>
#include <string.h>

enum {
    TAG_MAKE = 0x010f,
    TAG_MODEL = 0x0110,
    TAG_FOLDER = 0x8769, /* where the tags below are */
    TAG_FOCAL = 0x920a,
    TAG_WIDTH = 0xa002,
    TAG_HEIGHT = 0xa003,
    TAG_DENSITY = 0xa20e,
    TAG_DENSITY_UNIT = 0xa210,
    TAG_FOCAL_35MM = 0xa405
};

static const double film_diagonal_mm = 43.266615305567875; /* of 36 x 24 */
static const double focal_least = 0.3, focal_most = 20;    /* longer sides of the picture */

/* The "Exif" segment of a JPEG: segments are FF, marker, 16-bit length; pictures follow FF DA. */
static const unsigned char *find_block(const unsigned char *bytes, size_t size, size_t *length)
{
    if (size < 4 || bytes[0] != 0xff || bytes[1] != 0xd8)
        return NULL;
    for (size_t at = 2; at + 4 <= size && bytes[at] == 0xff && bytes[at + 1] != 0xda;) {
        const size_t segment = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (segment < 2 || segment > size - at - 2)
            return NULL;
        if (bytes[at + 1] == 0xe1 && segment >= 8 && memcmp(bytes + at + 4, "Exif\0\0", 6) == 0) {
            *length = segment - 2;
            return bytes + at + 4;
        }
        at += 2 + segment;
    }
    return NULL;
}

/* A positive number of type SHORT, LONG or RATIONAL; else 0. */
static double number_of(const exif_block *b, size_t folder, uint32_t tag)
{
    const size_t at = exif_find(b, folder, tag);
    if (!at || exif_field(b, at + 4, 4) != 1)
        return 0;
    const uint32_t type = exif_field(b, at + 2, 2), value = exif_field(b, at + 8, 4);
    if (type == EXIF_SHORT)
        return exif_field(b, at + 8, 2);
    if (type == EXIF_LONG)
        return value;
    if (type != EXIF_RATIONAL)
        return 0;
    const double above = exif_field(b, value, 4), below = exif_field(b, (size_t)value + 4, 4);
    return below > 0 ? above / below : 0;
}

static void text_of(const exif_block *b, size_t folder, uint32_t tag, char out[48])
{
    const size_t at = exif_find(b, folder, tag);
    const size_t count = at ? exif_field(b, at + 4, 4) : 0;
    const size_t from = count > 4 ? exif_field(b, at + 8, 4) : at + 8;
    size_t length = 0;
    for (size_t i = 0; i < count && length < 47; i++) {
        const uint32_t c = exif_field(b, from + i, 1);
        if (c < 32 || c > 126)
            break;
        out[length++] = (char)c;
    }
    while (length > 0 && out[length - 1] == ' ')
        length--;
    out[length] = 0;
}

/* Pixels per mm from pixels per inch, cm, mm or micrometre. */
static double per_mm(double density, double unit)
{
    return unit == 3   ? density / 10
           : unit == 4 ? density
           : unit == 5 ? density * 1000
                       : density / 25.4;
}

void hl_exif_parse(hl_exif *exif, const unsigned char *bytes, size_t size)
{
    size_t length = 0;
    exif_block b;
    memset(exif, 0, sizeof *exif);
    const unsigned char *block = find_block(bytes, size, &length);
    if (!block || !exif_open(&b, block, length))
        return;
    text_of(&b, b.folder, TAG_MAKE, exif->make);
    text_of(&b, b.folder, TAG_MODEL, exif->model);
    const size_t at = exif_find(&b, b.folder, TAG_FOLDER);
    const size_t folder = at ? exif_field(&b, at + 8, 4) : 0;
    if (!folder)
        return;
    const double focal = number_of(&b, folder, TAG_FOCAL);
    const double film = number_of(&b, folder, TAG_FOCAL_35MM);
    const double density =
        per_mm(number_of(&b, folder, TAG_DENSITY), number_of(&b, folder, TAG_DENSITY_UNIT));
    const double longer = fmax(number_of(&b, folder, TAG_WIDTH), number_of(&b, folder, TAG_HEIGHT));
    exif->focal_mm = focal > 0 && focal < 1e5 ? focal : 0;
    exif->focal_35mm = film > 1 && film < 1e5 ? film : 0;
    exif->density_per_mm = density > 0 && density < 1e6 ? density : 0;
    exif->longer_px = longer <= 1e6 ? (int32_t)longer : 0;
}

hl_status hl_exif_load(hl_exif *exif, const char *path)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    hl_exif_parse(exif, map.bytes, map.size);
    hl_file_map_close(&map);
    return HL_OK;
}

double hl_exif_focal_px(const hl_exif *exif, int32_t width, int32_t height)
{
    const double longer = width > height ? width : height;
    const double film = exif->focal_35mm * hypot(width, height) / film_diagonal_mm;
    const double resized = exif->longer_px > 0 ? longer / exif->longer_px : 1;
    const double sensor = exif->focal_mm * exif->density_per_mm * resized;
    const double each[2] = {film, sensor};
    for (int i = 0; i < 2; i++)
        if (each[i] >= focal_least * longer && each[i] <= focal_most * longer)
            return each[i];
    return 0;
}
