/* SPDX-License-Identifier: MIT */
/* quads_near.frag -- materials of splats, and of those near the mesh under them. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define NEAR 3
#include "quads_lit.glsl"
