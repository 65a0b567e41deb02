/* SPDX-License-Identifier: MIT */
/* tiles_near.comp -- splats for their material, and those near the mesh under them. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define LIT
#define NEAR 10
#include "tile.glsl"
