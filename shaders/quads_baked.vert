/* SPDX-License-Identifier: MIT */
/* quads_baked.vert -- splats for their material and their baked light. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define LIT
#define BAKED
#include "quad.glsl"
