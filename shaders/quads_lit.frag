/* SPDX-License-Identifier: MIT */
/* quads_lit.frag -- materials of splats. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "quads_lit.glsl"
