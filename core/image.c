/* SPDX-License-Identifier: MIT */

#include "core/image.h"

#include "core/io/image_codec.h"
#include "core/memory.h"

#include <math.h>
#include <string.h>

/* ---- memory ------------------------------------------------------------------------------- */

static hl_status check_shape(int32_t width, int32_t height, int32_t channels)
{
    if (width < 1 || height < 1 || width > HL_IMAGE_SIDE_MAX || height > HL_IMAGE_SIDE_MAX ||
        (int64_t)width * height > HL_IMAGE_PIXELS_MAX || channels < 1 || channels > 4)
        return hl_fail(HL_E_ARG, "image of %d x %d pixels with %d channels is out of range", width,
                       height, channels);
    return HL_OK;
}

hl_status hl_image_create(hl_image *image, int32_t width, int32_t height, int32_t channels)
{
    HL_TRY(check_shape(width, height, channels));
    float *data = hl_alloc((size_t)width * (size_t)height * (size_t)channels, sizeof *data);
    if (!data)
        return HL_E_MEMORY;
    *image = (hl_image){width, height, channels, data};
    return HL_OK;
}

hl_status hl_image8_create(hl_image8 *image, int32_t width, int32_t height, int32_t channels)
{
    HL_TRY(check_shape(width, height, channels));
    uint8_t *data = hl_alloc((size_t)width * (size_t)height, (size_t)channels);
    if (!data)
        return HL_E_MEMORY;
    *image = (hl_image8){width, height, channels, data};
    return HL_OK;
}

void hl_image_release(hl_image *image)
{
    hl_free(image->data);
    memset(image, 0, sizeof *image);
}

void hl_image8_release(hl_image8 *image)
{
    hl_free(image->data);
    memset(image, 0, sizeof *image);
}

/* ---- values ------------------------------------------------------------------------------- */

static uint8_t byte_of(float x)
{
    if (!(x > 0)) /* NaN too */
        return 0;
    return x >= 1 ? 255 : (uint8_t)(x * 255 + 0.5f);
}

hl_status hl_image8_from_float(hl_image8 *out, const hl_image *in)
{
    hl_image8 made;
    HL_TRY(hl_image8_create(&made, in->width, in->height, in->channels));
    const size_t count = (size_t)in->width * (size_t)in->height * (size_t)in->channels;
    for (size_t i = 0; i < count; i++)
        made.data[i] = byte_of(in->data[i]);
    *out = made;
    return HL_OK;
}

hl_status hl_image_from_8(hl_image *out, const hl_image8 *in)
{
    hl_image made;
    HL_TRY(hl_image_create(&made, in->width, in->height, in->channels));
    const size_t count = (size_t)in->width * (size_t)in->height * (size_t)in->channels;
    for (size_t i = 0; i < count; i++)
        made.data[i] = (float)in->data[i] / 255;
    *out = made;
    return HL_OK;
}

/* Index of the pixel at or before `x`, and how far towards the next one: 0..1. */
static int32_t split(float x, int32_t count, float *fraction)
{
    const float at = x - 0.5f;
    if (!(at > 0)) {
        *fraction = 0;
        return 0;
    }
    if (at >= (float)(count - 1)) {
        *fraction = 0;
        return count - 1;
    }
    const int32_t i = (int32_t)at;
    *fraction = at - (float)i;
    return i;
}

void hl_image_sample(const hl_image *image, float x, float y, float *out)
{
    float fx, fy;
    const int32_t x0 = split(x, image->width, &fx), y0 = split(y, image->height, &fy);
    const int32_t x1 = x0 + 1 < image->width ? x0 + 1 : x0;
    const int32_t y1 = y0 + 1 < image->height ? y0 + 1 : y0;
    const size_t c = (size_t)image->channels, row = (size_t)image->width * c;
    const float *a = image->data + (size_t)y0 * row, *b = image->data + (size_t)y1 * row;
    for (size_t k = 0; k < c; k++) {
        const float top = a[(size_t)x0 * c + k] * (1 - fx) + a[(size_t)x1 * c + k] * fx;
        const float bottom = b[(size_t)x0 * c + k] * (1 - fx) + b[(size_t)x1 * c + k] * fx;
        out[k] = top * (1 - fy) + bottom * fy;
    }
}

/* ---- files -------------------------------------------------------------------------------- */

typedef enum picture_kind { KIND_EMPTY, KIND_JPEG, KIND_EXR, KIND_HDR, KIND_STB } picture_kind;

static bool starts_with(const hl_picture_bytes *in, const char *magic, size_t count)
{
    return in->size >= count && memcmp(in->bytes, magic, count) == 0;
}

static picture_kind kind_of(const hl_picture_bytes *in)
{
    if (!in->size)
        return KIND_EMPTY;
    if (starts_with(in, "\xff\xd8\xff", 3))
        return KIND_JPEG;
    if (starts_with(in, "\x76\x2f\x31\x01", 4))
        return KIND_EXR;
    if (starts_with(in, "#?", 2))
        return KIND_HDR;
    return KIND_STB;
}

hl_status hl_picture_check(const hl_picture_bytes *in, int64_t width, int64_t height,
                           int64_t per_byte)
{
    const int64_t side = HL_IMAGE_SIDE_MAX, most = HL_IMAGE_PIXELS_MAX;
    if (width < 1 || height < 1 || width > side || height > side || width * height > most)
        return hl_fail(HL_E_FORMAT,
                       "%s: the header says %lld x %lld pixels; sides of 1 to %lld and %lld pixels "
                       "in all are read",
                       in->name, (long long)width, (long long)height, (long long)side,
                       (long long)most);
    if (width * height > per_byte * ((int64_t)in->size + 64))
        return hl_fail(HL_E_FORMAT,
                       "%s: the header says %lld x %lld pixels, more than a file of %zu bytes can "
                       "hold",
                       in->name, (long long)width, (long long)height, in->size);
    return HL_OK;
}

static hl_status probe_bytes(const hl_picture_bytes *in, hl_picture_size *size)
{
    switch (kind_of(in)) {
    case KIND_EMPTY:
        return hl_fail(HL_E_FORMAT, "%s: the file is empty", in->name);
    case KIND_JPEG:
        return hl_jpeg_probe(in, size);
    case KIND_EXR:
        return hl_exr_probe(in, size);
    case KIND_HDR:
        return hl_hdr_probe(in, size);
    default:
        return hl_stb_probe(in, size);
    }
}

hl_status hl_image_probe(const char *path, int32_t *width, int32_t *height, int32_t *channels)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    const hl_picture_bytes in = {path, map.bytes, map.size};
    hl_picture_size size = {0};
    const hl_status s = probe_bytes(&in, &size);
    hl_file_map_close(&map);
    if (s != HL_OK)
        return s;
    *width = size.width;
    *height = size.height;
    *channels = size.channels;
    return HL_OK;
}

static hl_status decode8(const hl_picture_bytes *in, int32_t reduce, hl_image8 *image)
{
    switch (kind_of(in)) {
    case KIND_EMPTY:
        return hl_fail(HL_E_FORMAT, "%s: the file is empty", in->name);
    case KIND_JPEG:
        return hl_jpeg_decode(in, reduce, image);
    case KIND_EXR:
    case KIND_HDR:
        return hl_fail(HL_E_FORMAT,
                       "%s: a high-dynamic-range file where an 8-bit picture is needed", in->name);
    default:
        return hl_stb_decode(in, image);
    }
}

static hl_status decode_float(const hl_picture_bytes *in, hl_image *image)
{
    const picture_kind kind = kind_of(in);
    if (kind == KIND_EXR)
        return hl_exr_decode(in, image);
    if (kind == KIND_HDR)
        return hl_hdr_decode(in, image);
    if (kind == KIND_STB) {
        hl_picture_size size;
        HL_TRY(hl_stb_probe(in, &size));
        if (size.deep)
            return hl_stb_decode_deep(in, image);
    }
    hl_image8 bytes;
    HL_TRY(decode8(in, 0, &bytes));
    const hl_status s = hl_image_from_8(image, &bytes);
    hl_image8_release(&bytes);
    return s;
}

hl_status hl_image8_load(hl_image8 *image, const char *path, int32_t reduce)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    const hl_picture_bytes in = {path, map.bytes, map.size};
    const hl_status s = decode8(&in, reduce, image);
    hl_file_map_close(&map);
    return s;
}

hl_status hl_image_load(hl_image *image, const char *path)
{
    hl_file_map map;
    HL_TRY(hl_file_map_open(&map, path));
    const hl_picture_bytes in = {path, map.bytes, map.size};
    const hl_status s = decode_float(&in, image);
    hl_file_map_close(&map);
    return s;
}

static hl_status finish(hl_file_writer *writer, hl_status s)
{
    if (s == HL_OK)
        return hl_file_writer_commit(writer);
    hl_file_writer_abort(writer);
    return s;
}

hl_status hl_image8_save(const hl_image8 *image, const char *path)
{
    const bool jpeg = hl_path_has_extension(path, "jpg") || hl_path_has_extension(path, "jpeg");
    if (!jpeg && !hl_path_has_extension(path, "png"))
        return hl_fail(HL_E_ARG, "%s: 8-bit pictures are saved as .png or .jpg", path);
    HL_TRY(check_shape(image->width, image->height, image->channels));
    if (jpeg && image->channels != 1 && image->channels != 3)
        return hl_fail(HL_E_ARG, "%s: JPEG holds 1 or 3 channels, not %d; save as .png", path,
                       image->channels);
    hl_file_writer writer;
    HL_TRY(hl_file_writer_open(&writer, path));
    return finish(&writer, jpeg ? hl_jpeg_encode(image, &writer) : hl_png_encode(image, &writer));
}

hl_status hl_image_save(const hl_image *image, const char *path)
{
    const bool hdr = hl_path_has_extension(path, "hdr");
    if (!hdr && !hl_path_has_extension(path, "exr")) {
        hl_image8 bytes;
        HL_TRY(hl_image8_from_float(&bytes, image));
        const hl_status s = hl_image8_save(&bytes, path);
        hl_image8_release(&bytes);
        return s;
    }
    HL_TRY(check_shape(image->width, image->height, image->channels));
    if (image->channels == 2 || (hdr && image->channels == 4))
        return hl_fail(HL_E_ARG, "%s: .%s does not hold %d channels", path, hdr ? "hdr" : "exr",
                       image->channels);
    hl_file_writer writer;
    HL_TRY(hl_file_writer_open(&writer, path));
    return finish(&writer, hdr ? hl_hdr_encode(image, &writer) : hl_exr_encode(image, &writer));
}
