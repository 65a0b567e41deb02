/* SPDX-License-Identifier: MIT */
/* quads_near_baked.frag -- the same with the light that was baked on the splats. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define BAKED
#define NEAR 5
#include "quads_lit.glsl"
