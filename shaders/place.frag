/* SPDX-License-Identifier: MIT */
/* place.frag -- normal and depth of the mesh under the splats. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "place_material.glsl"
