/* SPDX-License-Identifier: MIT */
/* quads_baked.frag -- materials of splats and the light that was baked on them. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define BAKED
#include "quads_lit.glsl"
