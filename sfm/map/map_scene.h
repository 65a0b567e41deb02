/* SPDX-License-Identifier: MIT */
/* sfm/map/map_scene.h -- the growing model: poses, points and which feature sees which point.
 *
 * A track is a list through its features: point.head, then next[feature].  `seen[f]` counts the
 * neighbours of feature f that hold a point: what the choice of the next photo reads.
 */
#ifndef HL_SFM_MAP_SCENE_H
#define HL_SFM_MAP_SCENE_H

#include "core/camera_model.h"
#include "sfm/mapper.h"
#include "sfm/tracks.h"

#include <stddef.h>

#define HL_MAP_NONE (-1)

typedef struct hl_map_point {
    double x[3];
    int32_t head;   /* first feature of the track, HL_MAP_NONE: deleted */
    int32_t length; /* features in the track                            */
} hl_map_point;

typedef struct hl_map_scene {
    const hl_map_input *in;
    hl_map_options o; /* defaults filled in */
    hl_track_graph graph;

    hl_camera *cameras; /* (camera_count) */
    hl_pose *poses;     /* (image_count)  */
    bool *registered;   /* (image_count)  */
    bool *done;         /* (image_count) in a finished model: left alone */
    int32_t *order;     /* (registered_count) photos in the order of joining */
    int32_t registered_count;

    int32_t *point_of; /* (feature_count) HL_MAP_NONE: none */
    int32_t *next;     /* (feature_count) */
    int32_t *seen;     /* (feature_count) */
    hl_map_point *points;
    int32_t point_count, point_capacity; /* deleted ones included */
    int32_t live_points;
    int64_t sight_count;

    hl_map_fate *fates;
    int32_t *tries;    /* (image_count) failed registrations       */
    int32_t *tried_at; /* (image_count) registered_count back then */
} hl_map_scene;

hl_status hl_map_scene_create(hl_map_scene *s, const hl_map_input *input,
                              const hl_map_options *options);
void hl_map_scene_release(hl_map_scene *s);

/* Takes every pose and point away; finished photos stay finished.  Cameras start anew. */
void hl_map_scene_clear(hl_map_scene *s);

void hl_map_register(hl_map_scene *s, int32_t image, const hl_pose *pose);
/* Takes the photo and its sights out again. */
void hl_map_unregister(hl_map_scene *s, int32_t image);

/* A point with no sights yet; its number, HL_MAP_NONE when out of memory. */
int32_t hl_map_add_point(hl_map_scene *s, const double x[3]);
void hl_map_add_sight(hl_map_scene *s, int32_t point, int32_t feature);
/* A track left with fewer than two sights is deleted. */
void hl_map_remove_sight(hl_map_scene *s, int32_t feature);
void hl_map_delete_point(hl_map_scene *s, int32_t point);
/* Moves the sights of `from` into `into`; `from` is deleted. */
void hl_map_merge_points(hl_map_scene *s, int32_t into, int32_t from);
bool hl_map_track_has_image(const hl_map_scene *s, int32_t point, int32_t image);

static inline const hl_camera *hl_map_camera(const hl_map_scene *s, int32_t image)
{
    return &s->cameras[s->in->images[image].camera];
}

static inline void hl_map_pixel(const hl_map_scene *s, int32_t feature, double px[2])
{
    const hl_map_image *image = &s->in->images[s->graph.image_of[feature]];
    const size_t k = (size_t)hl_track_keypoint(&s->graph, feature);
    px[0] = (double)image->xy[2 * k];
    px[1] = (double)image->xy[2 * k + 1];
}

static inline double hl_map_sigma(const hl_map_scene *s, int32_t feature)
{
    const hl_map_image *image = &s->in->images[s->graph.image_of[feature]];
    return image->sigma ? (double)image->sigma[hl_track_keypoint(&s->graph, feature)] : 1;
}

/* Squared reprojection error of a point in the photo of a feature, pixels; HUGE_VAL behind. */
double hl_map_error2(const hl_map_scene *s, int32_t feature, const double x[3]);

/* Unit ray of a feature in the world, from the camera centre; false outside the lens. */
bool hl_map_ray(const hl_map_scene *s, int32_t feature, double ray[3]);
void hl_map_center(const hl_map_scene *s, int32_t image, double center[3]);

/* Largest angle between the rays from the camera centres of a track to its point, degrees. */
double hl_map_track_angle(const hl_map_scene *s, int32_t point);

#endif /* HL_SFM_MAP_SCENE_H */
