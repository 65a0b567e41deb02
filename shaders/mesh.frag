/* SPDX-License-Identifier: MIT */
/* mesh.frag -- the material of a mesh. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "mesh_material.glsl"
