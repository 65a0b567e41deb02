/* SPDX-License-Identifier: MIT */
/* viewer/viewer_state.h -- what the files of the interactive viewer share. */
#ifndef HL_VIEWER_VIEWER_STATE_H
#define HL_VIEWER_VIEWER_STATE_H

#include "relight/skies.h"
#include "viewer/compare.h"
#include "viewer/edit.h"
#include "viewer/names.h"
#include "viewer/orbit.h"
#include "viewer/pass_ui.h"
#include "viewer/present_gl.h"
#include "viewer/renderer_state.h"
#include "viewer/viewer.h"
#include "viewer/vk_swapchain.h"
#include "viewer/window_glfw.h"

enum { HL_THUMB_WIDTH = 32, HL_THUMB_HEIGHT = 16, HL_SKIES_MAX = 12 };

/* An environment that was used, to be used again. */
typedef struct hl_viewer_sky {
    char path[4096];                                  /* or the name of a procedural sky */
    uint32_t thumb[HL_THUMB_WIDTH * HL_THUMB_HEIGHT]; /* r in the low byte               */
} hl_viewer_sky;

/* What the left button does. */
typedef enum hl_tool { HL_TOOL_CAMERA, HL_TOOL_CLICK, HL_TOOL_BOX, HL_TOOL_BRUSH } hl_tool;

/* Files that have a name in the panels. */
typedef enum hl_viewer_file {
    HL_FILE_PICTURE,
    HL_FILE_EXPORT,
    HL_FILE_PATH, /* of the camera */
    HL_FILE_FILM,
    HL_FILE_OPEN,
    HL_FILE_COUNT
} hl_viewer_file;

struct hl_viewer {
    const hl_viewer_params *params;
    hl_viewer_scene scene;
    hl_splats drawn; /* the scene's with the edits: what the renderer holds */
    hl_edits edits;
    hl_compare compare;
    hl_renderer *renderer;
    hl_orbit orbit;
    hl_look look;
    int32_t width, height; /* of the picture                              */
    int32_t camera;        /* of scene.cameras, -1: free                  */
    bool dirty;            /* the picture must be drawn again             */
    int32_t part;          /* of the next picture's sides, 1 / part; 0: 1 */
    int32_t part_drawn;    /* of the last picture                         */
    double full_ms;        /* that the last picture of full size took     */
    double moved;          /* wall seconds of the last move by hand       */
    bool scene_light;      /* the environment of the scene is yet to be used */
    bool picture_old;      /* `dirty` before the action at hand           */
    bool panels, help, quit;
    hl_viewer_sky skies[HL_SKIES_MAX]; /* (sky_count) the procedural ones first */
    int32_t sky_count, sky;            /* sky: which is in use                  */
    char message[512];                 /* shown at the bottom; of the last failure     */
    double start;                      /* wall seconds                                */
    int32_t wait;                      /* frames that the script lets pass             */
    hl_viewer_report report;
    double fps, path_at; /* of the camera path: pictures a second, seconds */
    bool playing;
    bool following;           /* a script waits for the scene to change */
    int32_t calm;             /* frames since anything happened                    */
    bool mouse_down, gesture; /* the left button in this frame; its first edit was marked */
    bool held;                /* the left button in the frame before */

    /* What the hand does and sees in a window. */
    hl_tool tool;
    double brush;            /* radius, pixels                                      */
    bool pressed;            /* the left button went down over the picture, here:   */
    double press_x, press_y; /* pixels                                              */
    double crop[6];          /* low and high corner of the box                      */
    bool crop_shown, grid;   /* drawn over the picture                              */
    float faint, large;      /* of the selections in the panel                      */
    float scale;             /* of the text                                         */
    hl_image8 shown;         /* bytes of picture `shown_frame`, for the hover       */
    int64_t shown_frame;
    bool hovered;             /* the mouse is over the picture: */
    int64_t counted;          /* picture of the following:                           */
    int32_t selected, hidden; /* splats                                              */
    int32_t hover_x, hover_y; /*   pixel                        */
    uint8_t hover_rgb[3];     /*   its bytes                    */
    hl_pick hover;            /*   what is there                */

    /* Names of files. */
    char folder[HL_PLACE_BYTES];             /* of those without one; "": of the program    */
    char name[HL_FILE_COUNT][HL_NAME_BYTES]; /* as typed in the panels                      */
    char written[HL_PLACE_BYTES];            /* the last that was written                   */
    char asked[HL_PLACE_BYTES];              /* "": no question open; else: write over it?  */
    hl_viewer_file asked_file;               /* whose name that is                          */
    bool name_picture;                       /* the cursor goes to the name of the picture  */

    /* Of the window; all zero when headless. */
    hl_window *window;
    hl_gl *gl;            /* NULL: Vulkan shows the pictures         */
    hl_image8 gl_picture; /* picture `gl_frame` of those drawn       */
    int64_t gl_frame;
    hl_vk_swapchain swapchain;
    hl_pass_ui ui;
    hl_vk_buffer staging; /* of pictures by the CPU, mapped */
    bool ui_made;
    char grab[4096]; /* file that the next frame of the window is saved to, "": none */
};

/* Does one line of a script.  HL_E_ARG names the action and what it expects. */
hl_status hl_viewer_do(hl_viewer *viewer, const char *line);

/* Puts the scene in front of the camera. */
hl_status hl_viewer_show(hl_viewer *viewer, const hl_viewer_scene *scene);

/* The scene as it is now, where it changes by itself: camera, look, lamps and path stay, edits of
 * its splats go.  True: nothing more will change. */
hl_status hl_viewer_refresh(hl_viewer *viewer, bool *ended);

/* Fills what of the look follows from the rest: lamps, scale of the depth. */
void hl_viewer_prepare(hl_viewer *viewer);

/* Draws the picture where it is dirty. */
hl_status hl_viewer_draw(hl_viewer *viewer);

/* The last picture with the photo over it, owned by the caller. */
hl_status hl_viewer_picture(hl_viewer *viewer, hl_image8 *out);

/* Before an edit: undo will come back to here.  After it: the renderer gets the splats. */
hl_status hl_viewer_mark(hl_viewer *viewer);
hl_status hl_viewer_edited(hl_viewer *viewer);

/* The environments that need no file, with their thumbnails. */
hl_status hl_viewer_skies(hl_viewer *viewer);

/* Lights the scene by a file or a procedural sky, and shows it lit. */
hl_status hl_viewer_environment(hl_viewer *viewer, const char *name);

/* Stands where the camera path is at that time. */
void hl_viewer_stand_at(hl_viewer *viewer, double seconds);

/* An action of the user, written as for printf: a failure is shown, not the end. */
void hl_viewer_act(hl_viewer *viewer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Files of the panels: their names, a row to type one in and use it, the question whether to write
 * over what is there. */
void hl_viewer_name_files(hl_viewer *viewer);
void hl_viewer_file_row(hl_viewer *viewer, hl_viewer_file file);
void hl_viewer_file_question(hl_viewer *viewer);

/* The panels of a frame, and sections of them. */
void hl_viewer_panels(hl_viewer *viewer);
void hl_viewer_light_section(hl_viewer *viewer);
void hl_viewer_edit_section(hl_viewer *viewer);
void hl_viewer_path_section(hl_viewer *viewer);

/* Lines over the picture: grid, box, lamps, camera path, what the tool does. */
void hl_viewer_overlay(hl_viewer *viewer, const hl_window_input *input);

/* Keys, mouse and dropped files of a frame. */
void hl_viewer_input(hl_viewer *viewer, const hl_window_input *input, double seconds);

/* Brings the picture and the panels to the window. */
hl_status hl_viewer_present(hl_viewer *viewer, const hl_ui_lists *lists);
hl_status hl_viewer_present_gl(hl_viewer *viewer, const hl_ui_lists *lists);

#endif /* HL_VIEWER_VIEWER_STATE_H */
