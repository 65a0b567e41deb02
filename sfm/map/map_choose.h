/* SPDX-License-Identifier: MIT */
/* sfm/map/map_choose.h -- HL_MAPPER_AUTO: which mapper, and whether its outcome can be trusted. */
#ifndef HL_SFM_MAP_CHOOSE_H
#define HL_SFM_MAP_CHOOSE_H

#include "sfm/mapper.h"

/* As hl_mapper_run. */
hl_status hl_map_choose(hl_mapping *mapping, const hl_map_input *input,
                        const hl_map_options *options);

/* Nothing is known of the focal lengths of more than half of the cameras. */
bool hl_map_mostly_guessed(const hl_map_input *input);

#endif /* HL_SFM_MAP_CHOOSE_H */
