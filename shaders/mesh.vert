/* SPDX-License-Identifier: MIT */
/* mesh.vert -- vertices of a mesh with their material. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "mesh_vertex.glsl"
