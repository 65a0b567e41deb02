/* SPDX-License-Identifier: MIT */
/* resolve.comp -- the background behind what was blended, as an 8-bit picture. */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "shared.h"

layout(local_size_x = HL_GROUP_SIDE, local_size_y = HL_GROUP_SIDE) in;
layout(set = 0, binding = 0) uniform sampler2D radiance;
layout(set = 0, binding = 1, rgba8) uniform writeonly image2D picture;
layout(scalar, set = 0, binding = 2) uniform View { hl_gpu_view view; };

void main()
{
    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (at.x >= int(view.width) || at.y >= int(view.height))
        return;
    const vec4 c = texelFetch(radiance, at, 0);
    imageStore(picture, at, vec4(c.rgb + (1 - c.a) * view.background.rgb, 1));
}
