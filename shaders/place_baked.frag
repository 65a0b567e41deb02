/* SPDX-License-Identifier: MIT */
/* place_baked.frag -- normal and depth of the mesh under the splats, and its baked light. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define BAKED
#include "place_material.glsl"
