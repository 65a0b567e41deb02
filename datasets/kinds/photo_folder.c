/* SPDX-License-Identifier: MIT */
/* A folder of pictures and nothing else: views without poses. */
#include "core/image.h"
#include "datasets/kinds/capture.h"

#include <string.h>

/* COLMAP's guess where EXIF says nothing: focal length in units of the longer side. */
static const double focal_guess = 1.2;

hl_status hl_capture_read_photos(hl_capture *capture)
{
    char **names = NULL;
    int32_t count = 0;
    capture->views.kind = "photos without poses";
    HL_TRY(hl_capture_list(&capture->views.arena, capture->images, true, &names, &count));
    HL_TRY(hl_capture_reserve(capture, count));
    for (int32_t i = 0; i < count; i++) {
        char path[HL_CAPTURE_PATH_BYTES];
        int32_t channels;
        hl_camera camera = {.model = HL_CAMERA_SIMPLE_PINHOLE};
        HL_TRY(hl_path_join(path, sizeof path, capture->images, names[i]));
        HL_TRY(hl_image_probe(path, &camera.width, &camera.height, &channels));
        const int32_t longer = camera.width > camera.height ? camera.width : camera.height;
        camera.params[0] = focal_guess * longer;
        camera.params[1] = camera.width / 2.0;
        camera.params[2] = camera.height / 2.0;
        hl_view view = {.name = names[i], .camera_from_world.q[0] = 1, .depth_scale = 1};
        view.image_path = hl_capture_text(capture, path);
        if (!view.image_path)
            return HL_E_MEMORY;
        view.camera = hl_capture_camera(capture, &camera);
        capture->views.views[capture->views.view_count++] = view;
    }
    return HL_OK;
}
