/* SPDX-License-Identifier: MIT */
/* baked.glsl -- colours as hl_bake_pack packs them. */

vec3 baked_color(uint bits)
{
    return vec3(uvec3(bits, bits >> 9, bits >> 18) & 511u) * exp2(float(bits >> 27) - 24.0);
}
