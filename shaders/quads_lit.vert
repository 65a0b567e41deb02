/* SPDX-License-Identifier: MIT */
/* quads_lit.vert -- splats for their material. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define LIT
#include "quad.glsl"
