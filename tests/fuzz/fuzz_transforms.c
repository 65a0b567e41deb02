/* SPDX-License-Identifier: MIT */
/* The frames of a transforms.json, in a folder that holds one picture, a.png: any JSON gives views
 * with finite poses and cameras, or a sentence. */
#include "core/camera_model.h"
#include "core/image.h"
#include "datasets/kinds/capture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char name[64], path[96];

static void clean_up(void)
{
    unlink(path);
    rmdir(name);
}

static const char *folder(void)
{
    if (!name[0]) {
        snprintf(name, sizeof name, "/tmp/helio-fuzz-XXXXXX");
        hl_image8 image = {0};
        if (!mkdtemp(name) || hl_image8_create(&image, 8, 6, 3) != HL_OK)
            abort();
        snprintf(path, sizeof path, "%s/a.png", name);
        if (hl_image8_save(&image, path) != HL_OK)
            abort();
        hl_image8_release(&image);
        atexit(clean_up);
    }
    return name;
}

static void check(const hl_views *v)
{
    for (int32_t i = 0; i < v->view_count; i++) {
        const hl_view *view = &v->views[i];
        const hl_camera *camera = &v->cameras[view->camera];
        double norm = 0;
        for (int k = 0; k < 4; k++)
            norm += view->camera_from_world.q[k] * view->camera_from_world.q[k];
        if (!(fabs(norm - 1) < 1e-9) || !isfinite(view->camera_from_world.t[0]) ||
            camera->width < 1 || camera->height < 1 || !(camera->params[0] > 0))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const hl_dataset_options options;
    hl_json *root = NULL;
    if (hl_json_parse(&root, (const char *)data, size, "fuzz") != HL_OK)
        return 0;
    hl_capture *capture = hl_alloc(1, sizeof *capture);
    if (!capture)
        abort();
    capture->options = &options;
    hl_arena_init(&capture->views.arena, 4096, 0);
    if (hl_capture_add_frames(capture, root, "fuzz", folder(), HL_SPLIT_TRAIN) == HL_OK)
        check(&capture->views);
    else if (!hl_last_error()[0])
        abort();
    hl_arena_release(&capture->views.arena);
    hl_free(capture);
    hl_json_destroy(&root);
    return 0;
}
