/* SPDX-License-Identifier: MIT */
/* mesh_baked.frag -- the material of a mesh and the light that was baked on it. */
#version 460
#extension GL_GOOGLE_include_directive : require
#define BAKED
#include "mesh_material.glsl"
