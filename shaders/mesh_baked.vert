/* SPDX-License-Identifier: MIT */
/* mesh_baked.vert -- the same with the light that was baked on them. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define BAKED
#include "mesh_vertex.glsl"
