/* SPDX-License-Identifier: MIT */
/* splat.glsl -- a stored splat, unpacked (hl_gpu_pack_splat). */

mat3 rotation(vec4 q) /* columns, w first */
{
    const float w = q.x, x = q.y, y = q.z, z = q.w;
    return mat3(1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y),
                2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x),
                2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y));
}

mat3 splat_rotation(hl_gpu_splat s)
{
    return rotation(normalize(vec4(unpackSnorm2x16(s.quat.x), unpackSnorm2x16(s.quat.y))));
}

/* The half-axes of the ellipsoid as columns, `scale` times as long. */
mat3 splat_axes(hl_gpu_splat s, float scale)
{
    const vec2 low = unpackUnorm2x16(s.scale.x), high = unpackUnorm2x16(s.scale.y);
    const vec3 sigma = exp(vec3(low, high.x) * HL_SCALE_RANGE + HL_SCALE_LOW) * scale;
    return splat_rotation(s) * mat3(sigma.x, 0, 0, 0, sigma.y, 0, 0, 0, sigma.z);
}

float splat_opacity(hl_gpu_splat s)
{
    return unpackUnorm2x16(s.scale.y).y;
}
