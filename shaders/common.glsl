/* SPDX-License-Identifier: MIT */
/* common.glsl -- what every shader starts with. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_scalar_block_layout : require

/* The group's number in a dispatch folded into two dimensions (hl_vk_dispatch). */
#define GROUP_NUMBER (gl_WorkGroupID.x + gl_WorkGroupID.y * gl_NumWorkGroups.x)

const float ALPHA_MIN = 1.0 / 255.0; /* as raster/constants.h */
const float ALPHA_MAX = 0.99;
