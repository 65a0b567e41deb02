/* SPDX-License-Identifier: MIT */
/* sfm/geom/two_view_models.h -- E, F and H as models for hl_ransac, with their refinements. */
#ifndef HL_SFM_GEOM_TWO_VIEW_MODELS_H
#define HL_SFM_GEOM_TWO_VIEW_MODELS_H

#include "sfm/ransac.h"

/* ctx of the models; scratch holds count ints and 5 * count doubles for the refinements. */
typedef struct hl_point_pairs {
    int32_t count;
    const double *a, *b; /* (count, 2) */
    double *scratch;     /* (5 * count) */
} hl_point_pairs;

hl_ransac_model hl_model_essential(hl_point_pairs *pairs);
hl_ransac_model hl_model_fundamental(hl_point_pairs *pairs);
hl_ransac_model hl_model_homography(hl_point_pairs *pairs);

#endif /* HL_SFM_GEOM_TWO_VIEW_MODELS_H */
