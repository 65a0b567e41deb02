/* SPDX-License-Identifier: MIT */
/* quads_lit.glsl -- materials blended front to back, as colour is: they are linear, colour is not,
 * and the two never share a target.  With NEAR the splats near the mesh under them are blended by
 * themselves too. */
#include "common.glsl"

layout(location = 0) flat in vec4 color;
layout(location = 1) flat in vec3 conic;
layout(location = 2) flat in vec3 center;
layout(location = 3) flat in vec3 albedo;
layout(location = 4) flat in vec3 normal;
layout(location = 5) flat in vec2 finish;
#ifdef BAKED
layout(location = 6) flat in vec3 sky;
layout(location = 7) flat in vec3 bounce;
layout(location = 3) out vec4 out_sky;
layout(location = 4) out vec4 out_bounce;
#endif
#ifdef NEAR
#include "shared.h"
layout(scalar, set = 0, binding = 2) uniform View { hl_gpu_view view; };
layout(set = 0, binding = 5) uniform sampler2D places;
layout(location = NEAR) out vec4 near_albedo;
layout(location = NEAR + 1) out vec4 near_finish; /* roughness, metal */
#include "near.glsl"
#endif
layout(location = 0) out vec4 out_albedo;
layout(location = 1) out vec4 out_normal;
layout(location = 2) out vec4 out_finish; /* roughness, metal, depth */

void main()
{
    const vec2 d = gl_FragCoord.xy - center.xy;
    const float q = conic.x * d.x * d.x + 2 * conic.y * d.x * d.y + conic.z * d.y * d.y;
    float alpha = color.a * exp(-0.5 * q);
    if (!(alpha >= ALPHA_MIN))
        discard;
    alpha = min(alpha, ALPHA_MAX);
    out_albedo = vec4(albedo, 1) * alpha;
    out_normal = vec4(normal, 1) * alpha;
    out_finish = vec4(finish, center.z, 1) * alpha;
#ifdef BAKED
    out_sky = vec4(sky, 1) * alpha;
    out_bounce = vec4(bounce, 1) * alpha;
#endif
#ifdef NEAR
    const bool counts = near_mesh(texelFetch(places, ivec2(gl_FragCoord.xy), 0), center.z);
    near_albedo = counts ? out_albedo : vec4(0);
    near_finish = counts ? vec4(finish, 0, 1) * alpha : vec4(0);
#endif
}
