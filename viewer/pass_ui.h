/* SPDX-License-Identifier: MIT */
/* viewer/pass_ui.h -- draws the triangles of viewer/ui.h over an image. */
#ifndef HL_VIEWER_PASS_UI_H
#define HL_VIEWER_PASS_UI_H

#include "viewer/ui.h"
#include "viewer/vk_shader.h"

typedef struct hl_pass_ui {
    hl_vk_pipeline pipeline;
    hl_vk_image letters;
    hl_vk_buffer vertices, indices; /* mapped; grow as needed */
} hl_pass_ui;

/* The interface must have been created: its letters are uploaded. */
hl_status hl_pass_ui_create(hl_vk *vk, hl_pass_ui *out, VkFormat target);
void hl_pass_ui_release(hl_vk *vk, hl_pass_ui *pass);
hl_status hl_pass_ui_record(hl_vk *vk, hl_pass_ui *pass, hl_vk_image *target,
                            const hl_ui_lists *lists);

#endif /* HL_VIEWER_PASS_UI_H */
