/* SPDX-License-Identifier: MIT */
/* quads.vert -- splats for their own colour. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "quad.glsl"
