/* SPDX-License-Identifier: MIT */
/* env.glsl -- directions and texels of an equirectangular map (relight/environment.h), and
 * sampling of GGX. */

const float PI = 3.14159265358979;

vec2 env_uv(vec3 d)
{
    return vec2(0.5 - atan(d.y, d.x) / (2 * PI), 0.5 - asin(clamp(d.z, -1, 1)) / PI);
}

vec3 env_direction(vec2 uv)
{
    const float phi = (0.5 - uv.x) * 2 * PI, height = (0.5 - uv.y) * PI;
    return vec3(cos(height) * cos(phi), cos(height) * sin(phi), sin(height));
}

/* Point i of n of the Hammersley set. */
vec2 hammersley(uint i, uint n)
{
    return vec2((float(i) + 0.5) / float(n), float(bitfieldReverse(i)) * 2.3283064365386963e-10);
}

mat3 frame_of(vec3 n) /* columns t, b, n */
{
    const vec3 t = normalize(abs(n.z) < 0.9 ? cross(vec3(0, 0, 1), n) : cross(vec3(1, 0, 0), n));
    return mat3(t, cross(n, t), n);
}

float alpha_of(float roughness) /* as hl_brdf_alpha2, without the square */
{
    const float r = max(roughness, 0.08);
    return r * r;
}
