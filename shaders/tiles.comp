/* SPDX-License-Identifier: MIT */
/* tiles.comp -- splats for their own colour. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "tile.glsl"
