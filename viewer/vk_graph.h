/* SPDX-License-Identifier: MIT */
/* viewer/vk_graph.h -- passes that declare what they touch; the barriers follow from it.
 *
 *     const hl_vk_touch touches[] = {{.buffer = &keys, .how = HL_VK_READ},
 *                                    {.buffer = &order, .how = HL_VK_WRITE}};
 *     hl_vk_pass_begin(vk, "sort", touches, 2);   -- barriers, timestamp
 *     ... bind, dispatch ...
 *     hl_vk_pass_end(vk);
 *
 * Every resource knows its last use; a barrier is placed where a use follows a write, where a write
 * follows a use, and where the layout of an image changes.
 */
#ifndef HL_VIEWER_VK_GRAPH_H
#define HL_VIEWER_VK_GRAPH_H

#include "viewer/vk_memory.h"

typedef enum hl_vk_how {
    HL_VK_READ,       /* by compute: storage or uniform buffer; sampled image            */
    HL_VK_WRITE,      /* by compute: storage buffer or image, all of it newly written    */
    HL_VK_UPDATE,     /* by compute: read and written in place; storage image            */
    HL_VK_DRAW_READ,  /* by vertex or fragment shaders: buffer or sampled image          */
    HL_VK_DRAW_INPUT, /* vertex, index and indirect data                                 */
    HL_VK_TARGET,     /* colour target                                                   */
    HL_VK_DEPTH,      /* depth target, tested and written                                */
    HL_VK_COPY_FROM,
    HL_VK_COPY_TO,
    HL_VK_HOST_READ, /* mapped memory, after the submission */
    HL_VK_PRESENT,
    HL_VK_HOWS
} hl_vk_how;

typedef struct hl_vk_touch {
    hl_vk_buffer *buffer; /* one of the two */
    hl_vk_image *image;
    hl_vk_how how;
    bool discard; /* image: what it holds is not needed any more */
} hl_vk_touch;

enum { HL_VK_TOUCHES_MAX = 24 };

/* The barriers alone. */
void hl_vk_barriers(hl_vk *vk, const hl_vk_touch *touches, int32_t count);

/* Barriers, then a debug label where there is a validation layer, then the first timestamp. */
void hl_vk_pass_begin(hl_vk *vk, const char *name, const hl_vk_touch *touches, int32_t count);
void hl_vk_pass_end(hl_vk *vk);

#endif /* HL_VIEWER_VK_GRAPH_H */
