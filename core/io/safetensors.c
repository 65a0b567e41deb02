/* SPDX-License-Identifier: MIT */

#include "core/io/safetensors.h"

#include "core/io/half.h"

#include <string.h>

enum { HEADER_MAX = 1 << 22 };

static uint64_t uint_at(const unsigned char *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

hl_status hl_safetensors_parse(hl_safetensors *out, const char *name, const unsigned char *bytes,
                               size_t size)
{
    const uint64_t header = size >= 8 ? uint_at(bytes, 8) : 0;
    if (header < 2 || header > HEADER_MAX || header > size - 8)
        return hl_fail(HL_E_FORMAT, "%s: not a safetensors file (%zu bytes)", name, size);
    hl_json *root = NULL;
    HL_TRY(hl_json_parse(&root, (const char *)(bytes + 8), (size_t)header, name));
    *out = (hl_safetensors){name, root, bytes + 8 + header, size - 8 - (size_t)header};
    return HL_OK;
}

void hl_safetensors_release(hl_safetensors *file)
{
    hl_json_destroy(&file->header);
    memset(file, 0, sizeof *file);
}

static hl_status check_shape(const hl_safetensors *file, const char *tensor, const hl_json *node,
                             size_t count)
{
    double product = 1;
    for (const hl_json *n = hl_json_first(hl_json_find(node, "shape")); n; n = hl_json_next(n))
        product *= hl_json_value(n);
    if (product < (double)count || product > (double)count)
        return hl_fail(HL_E_FORMAT, "%s: tensor %s has %.0f elements, expected %zu", file->name,
                       tensor, product, count);
    return HL_OK;
}

hl_status hl_safetensors_read(const hl_safetensors *file, const char *tensor, float *out,
                              size_t count)
{
    const hl_json *node = hl_json_find(file->header, tensor);
    if (!hl_json_is_object(node))
        return hl_fail(HL_E_FORMAT, "%s: tensor %s is missing", file->name, tensor);
    const char *type = hl_json_text(node, "dtype", "none");
    const bool half = strcmp(type, "F16") == 0;
    if (!half && strcmp(type, "F32") != 0)
        return hl_fail(HL_E_FORMAT, "%s: tensor %s has type %.16s, expected F32 or F16", file->name,
                       tensor, type);
    HL_TRY(check_shape(file, tensor, node, count));
    double span[2];
    HL_TRY(hl_json_need_numbers(node, "data_offsets", span, 2, file->name));
    const size_t step = half ? 2 : 4;
    if (!(span[0] >= 0) || !(span[1] <= (double)file->size) ||
        span[1] - span[0] < (double)(count * step) || span[1] - span[0] > (double)(count * step))
        return hl_fail(HL_E_FORMAT, "%s: tensor %s lies at bytes %.0f to %.0f of %zu", file->name,
                       tensor, span[0], span[1], file->size);
    const unsigned char *p = file->data + (size_t)span[0];
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = (uint32_t)uint_at(p + i * step, (int)step);
        if (half)
            out[i] = hl_float_from_half(bits);
        else
            memcpy(&out[i], &bits, sizeof bits);
    }
    return HL_OK;
}
