/* SPDX-License-Identifier: MIT */
/* tiles_near_baked.comp -- the same with the light that was baked on them. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define LIT
#define BAKED
#define NEAR 13
#include "tile.glsl"
