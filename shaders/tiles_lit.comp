/* SPDX-License-Identifier: MIT */
/* tiles_lit.comp -- splats for their material. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define LIT
#include "tile.glsl"
