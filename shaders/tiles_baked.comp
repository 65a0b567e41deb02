/* SPDX-License-Identifier: MIT */
/* tiles_baked.comp -- splats for their material and the light that was baked on them. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define LIT
#define BAKED
#include "tile.glsl"
