/* SPDX-License-Identifier: MIT */
/* cli/live_view.h -- training looked at while it runs.
 *
 * Training runs in a thread of its own; the viewer has the calling one.  Snapshots go one way: when
 * the viewer has taken the last one, and not more often than four times a second, training copies
 * its splats and goes on.  It never waits for the viewer, and computes the same bytes with one as
 * without.
 */
#ifndef HL_CLI_LIVE_VIEW_H
#define HL_CLI_LIVE_VIEW_H

#include "cli/train_data.h"
#include "raster/train.h"

typedef struct hl_live_view hl_live_view;

typedef struct hl_live_options {
    const train_data *data; /* cameras and photos to look through           */
    float background[3];    /* sRGB                                         */
    const char *script;     /* actions replayed without a window, or NULL: a window */
} hl_live_options;

/* Runs job(ctx) in a thread, which trains `trainer` with these events, and a viewer in this one
 * until both have ended.  Fills the watching part of *events.  Where no window can be had training
 * goes on without.  Returns what the job returned, else the failure of the script. */
hl_status hl_live_train(const hl_live_options *options, const hl_trainer *trainer,
                        hl_train_events *events, hl_status (*job)(void *ctx), void *ctx);

#endif /* HL_CLI_LIVE_VIEW_H */
