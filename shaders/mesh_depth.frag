/* SPDX-License-Identifier: MIT */
/* mesh_depth.frag -- the depth alone. */
#version 460

void main()
{
}
