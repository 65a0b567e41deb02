/* SPDX-License-Identifier: MIT */
/* lamps.glsl -- twin of hl_light_sample_at (relight/lights.h) and of hl_brdf under one direction. */

const uint LAMP_SUN = 0, LAMP_POINT = 1, LAMP_SPHERE = 2, LAMP_RECTANGLE = 3;
const uint LAMP_SAMPLES = 16; /* of a lamp with an area */

struct lamp_light {
    vec3 direction; /* unit, towards the lamp                     */
    vec3 color;     /* times n.i: its share of the irradiance     */
};

/* u in [0, 1)^2.  False where no light comes from there. */
bool lamp_sample(hl_gpu_lamp l, vec3 x, vec2 u, out lamp_light s)
{
    vec3 to = l.at - x;
    if (l.kind == LAMP_SUN) { /* its disc is seen as a point */
        s = lamp_light(l.at, l.color);
        return true;
    }
    const float d = length(to);
    if (l.kind == LAMP_POINT) {
        s = lamp_light(to / max(d, 1e-20), l.color / max(d * d, 1e-20));
        return d > 0;
    }
    if (l.kind == LAMP_SPHERE) { /* evenly over the cone under which it is seen */
        if (d <= l.radius)
            return false;
        const float sine = l.radius / d, height = sine * sine / (1 + sqrt(1 - sine * sine));
        const float z = 1 - height * u.x, r = sqrt(max(1 - z * z, 0)), phi = 2 * PI * u.y;
        s = lamp_light(frame_of(to / d) * vec3(r * cos(phi), r * sin(phi), z),
                       l.color * (2 * PI * height));
        return true;
    }
    const vec3 across = cross(l.edge_u, l.edge_v); /* a quarter of the area long */
    to += (2 * u.x - 1) * l.edge_u + (2 * u.y - 1) * l.edge_v;
    const float d2 = dot(to, to), facing = -dot(to, across);
    if (!(d2 > 0 && facing > 0))
        return false;
    s = lamp_light(to * inversesqrt(d2), l.color * (4 * facing * inversesqrt(d2) / d2));
    return true;
}

/* Of hl_brdf, n.i included. */
vec3 reflected(vec3 albedo, vec3 n, vec3 o, float roughness, float metal, lamp_light s)
{
    const vec3 i = s.direction, h = normalize(o + i);
    const float ni = dot(n, i), no = max(dot(n, o), 1e-3), nh = max(dot(n, h), 0);
    if (ni <= 0)
        return vec3(0);
    const float a = alpha_of(roughness), a2 = a * a, t = nh * nh * (a2 - 1) + 1;
    const float so = sqrt(a2 + (1 - a2) * no * no), si = sqrt(a2 + (1 - a2) * ni * ni);
    const float lobe = a2 / (PI * t * t) / (2 * (ni * so + no * si)) * ni;
    const vec3 f0 = mix(vec3(0.04), albedo, metal);
    const vec3 f = f0 + (1 - f0) * pow(1 - max(dot(o, h), 0), 5);
    return s.color * ((1 - metal) * albedo / PI * ni + lobe * f);
}
