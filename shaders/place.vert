/* SPDX-License-Identifier: MIT */
/* place.vert -- the mesh under the splats. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "place_vertex.glsl"
