/* SPDX-License-Identifier: MIT */
/* sfm/run/run_state.h -- what the stages of hl_sfm_run hand on. */
#ifndef HL_SFM_RUN_STATE_H
#define HL_SFM_RUN_STATE_H

#include "sfm/sfm.h"

/* A pair and its matches. */
typedef struct hl_run_pair {
    int32_t image_a, image_b;
    int32_t matched;
    int32_t *all;    /* (matched, 2) before the check of geometry, owned; NULL: let go        */
    uint8_t *inlier; /* (matched) likewise                                                    */
    int32_t count;   /* inliers                                                               */
    int32_t *match;  /* (count, 2), owned                                                     */
    hl_two_view view;
    bool has_matches; /* `all` stands: read, given or found */
    bool done;        /* all of it stands                   */
    bool fresh;       /* it is not on disk                  */
    bool again;       /* a second look was taken            */
    hl_status status;
    char sentence[256]; /* of a failure in another thread */
} hl_run_pair;

typedef struct hl_run {
    const hl_views *views;
    const hl_sfm_options *o;
    hl_features *features; /* (view_count) */
    hl_camera *cameras;    /* (camera_count) in the model to estimate */
    uint32_t *camera_free; /* (camera_count) */
    hl_camera_prior *prior;
    bool *focal_guessed; /* (camera_count) neither the user nor pairs say anything */
    int32_t pair_count;
    hl_run_pair *pairs;
    double focal_px;
    uint64_t (*keys)[2]; /* (view_count) hash of the features; NULL: matches are not kept */
    int pose_reading;    /* how known poses are to be read (hl_run_read_pose)              */
    bool given_pairs;    /* pairs and their matches came from a database                   */
    const hl_camera *look_cameras; /* (camera_count) of the model that is being added to */
} hl_run;

/* Fills pairs' numbers, matches and two-view geometry. */
hl_status hl_run_match(hl_run *run);

/* Features, and pairs with their matches, of options->database. */
hl_status hl_run_import(hl_run *run);
/* All of it into options->database_out, once pairs are matched. */
hl_status hl_run_export(const hl_run *run);

/* Known poses: which reading of them fits the matches; said in one line. */
hl_status hl_run_judge_poses(hl_run *run);
/* Bit 0 of `reading`: inverted; bit 1: y and z of the camera turned. */
void hl_run_read_pose(const hl_pose *given, int reading, hl_pose *out);

/* Matches on disk (options->cache).  A row is the pairs first .. end - 1, all of one image_a. */
hl_status hl_run_cache_start(hl_run *run);
/* Takes what the disk has of a row; pairs that are there have has_matches or done set. */
hl_status hl_run_cache_load(hl_run *run, int32_t first, int32_t end);
/* Keeps the pairs of a row that are done, and what else the file had; writes nothing where nothing
 * is fresh. */
hl_status hl_run_cache_save(hl_run *run, int32_t first, int32_t end);

/* `match` and `count` from `all`, `inlier` and `view`. */
hl_status hl_run_keep_inliers(hl_run_pair *pair);

/* Focal lengths from fundamental matrices; cameras get them.  A camera with pairs of its own by
 * their vote, the others by all pairs together; no change where pairs say nothing. */
hl_status hl_run_vote_focal(hl_run *run);

/* Motions of all verified pairs by the cameras as they are now. */
hl_status hl_run_motions(hl_run *run);

/* A second, closer look at pairs of photos that are not in the first model, with the cameras of
 * that model; *gained pairs have more matches than before.  Needs the descriptors. */
hl_status hl_run_look_again(hl_run *run, const hl_mapping *mapping, int32_t *gained);

/* Pixels of matches of a pair; a, b (count, 2). */
void hl_run_pixels(const hl_run *run, const hl_run_pair *pair, const int32_t *match, int32_t count,
                   double *a, double *b);
hl_two_view_options hl_run_geometry_options(const hl_run *run);

/* Largest agreement of the fundamental matrices (count, 9) of one camera with a focal length
 * between lo and hi; c (2) its principal point; weight (count).  0: none of them says anything. */
double hl_vote_focal(const double *f, const double *weight, int32_t count, const double c[2],
                     double lo, double hi);

#endif /* HL_SFM_RUN_STATE_H */
