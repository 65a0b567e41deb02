/* SPDX-License-Identifier: MIT */
/* place_baked.vert -- the mesh under the splats, with the light that was baked on it. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define BAKED
#include "place_vertex.glsl"
