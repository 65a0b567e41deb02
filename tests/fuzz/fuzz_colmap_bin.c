/* SPDX-License-Identifier: MIT */
/* Binary COLMAP files.  The first byte chooses the part and whether tracks are kept; any bytes
 * either parse or fail with a sentence. */
#include "datasets/kinds/colmap_parts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const hl_colmap_parser parsers[3] = {
        hl_colmap_parse_cameras_bin, hl_colmap_parse_images_bin, hl_colmap_parse_points_bin};
    if (!size)
        return 0;
    hl_colmap_model model = {0};
    hl_arena_init(&model.arena, 4096, 0);
    const hl_colmap_source source = {"fuzz", data + 1, size - 1, (data[0] & 4) != 0};
    if (parsers[(data[0] & 3) % 3](&model, &source) == HL_OK) {
        /* Cameras that no image asks for are no error: the parts stand alone here. */
        if (hl_colmap_check_model(&model, "fuzz") != HL_OK && !hl_last_error()[0])
            abort();
    } else if (!hl_last_error()[0]) {
        abort();
    }
    hl_arena_release(&model.arena);
    return 0;
}
