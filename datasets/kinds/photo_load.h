/* SPDX-License-Identifier: MIT */
/* datasets/kinds/photo_load.h -- one photo from file to target picture: the part of
 * datasets/photos.h that knows nothing of threads and caches. */
#ifndef HL_DATASETS_PHOTO_LOAD_H
#define HL_DATASETS_PHOTO_LOAD_H

#include "core/views.h"
#include "datasets/undistort.h"

#include <pthread.h>

/* Undistorted pictures on disk, shared by the loaders. */
typedef struct hl_photo_disk {
    char *folder; /* NULL: no disk cache */
    uint64_t limit, used;
    pthread_mutex_t lock; /* of used and of writing */
} hl_photo_disk;

/* The last map that a loader made; captures mostly have one camera. */
typedef struct hl_photo_map {
    hl_camera from, to;
    hl_remap map;
} hl_photo_map;

/* State of one loader thread. */
typedef struct hl_photo_loader {
    hl_photo_map image_map, mask_map;
} hl_photo_loader;

typedef struct hl_photo_job {
    const hl_view *view;
    const hl_camera *camera;   /* of the file              */
    const hl_camera *straight; /* PINHOLE, before resizing */
    const hl_camera *target;   /* PINHOLE, of the result   */
    bool distorted;
    bool with_alpha;
    bool mask_inverted;
    hl_photo_disk *disk;
} hl_photo_job;

/* *mask stays empty where the view has none.  *from_disk: the picture came from the disk cache. */
hl_status hl_photo_load(hl_image8 *image, hl_image8 *mask, const hl_photo_job *job,
                        hl_photo_loader *loader, bool *from_disk);

void hl_photo_loader_release(hl_photo_loader *loader);

/* Counts what is in the folder, which need not be there yet.  folder may be NULL. */
hl_status hl_photo_disk_open(hl_photo_disk *disk, const char *folder, uint64_t limit);
void hl_photo_disk_close(hl_photo_disk *disk);

/* Looks for the job's undistorted picture; *key is its name either way. */
bool hl_photo_disk_find(const hl_photo_job *job, char key[64], hl_image8 *image);
/* Keeps it if there is room; a failure is logged, not returned. */
void hl_photo_disk_keep(const hl_photo_job *job, const char key[64], const hl_image8 *image);

#endif /* HL_DATASETS_PHOTO_LOAD_H */
