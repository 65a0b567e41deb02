/* SPDX-License-Identifier: MIT */
/* core/io/safetensors.h -- named arrays of network weights in the safetensors format:
 *
 *   u64 n | JSON (n bytes): {"name": {"dtype", "shape": [...], "data_offsets": [begin, end]}} |
 * data
 *
 * Source: "Safetensors" format description (huggingface/safetensors).
 */
#ifndef HL_CORE_IO_SAFETENSORS_H
#define HL_CORE_IO_SAFETENSORS_H

#include "core/file.h"
#include "core/json.h"

typedef struct hl_safetensors {
    const char *name; /* of the file, borrowed */
    hl_json *header;
    const unsigned char *data; /* (size), borrowed */
    size_t size;
} hl_safetensors;

/* bytes (size) must outlive the result.  Errors: HL_E_FORMAT, HL_E_MEMORY. */
hl_status hl_safetensors_parse(hl_safetensors *out, const char *name, const unsigned char *bytes,
                               size_t size);
void hl_safetensors_release(hl_safetensors *file);

/* Elements of a tensor of that name, dtype F32 or F16, as floats into out (count).
 * HL_E_FORMAT where it is absent, of another type, has another number of elements, or lies
 * outside the file. */
hl_status hl_safetensors_read(const hl_safetensors *file, const char *tensor, float *out,
                              size_t count);

#endif /* HL_CORE_IO_SAFETENSORS_H */
