/* SPDX-License-Identifier: MIT */
/* Ray hits and normals against implicit functions written here, and first hits against marching.
 *
 * The oracle knows each solid only as f(x) < 0 inside, a formula per form; hits must lie on f = 0,
 * normals along its numeric gradient, and no earlier sign change may exist along the ray. */
#define HL_REAL double

#include "core/rng.h"
#include "datasets/synth/synth_shape.h"
#include "tests/check.h"

#include <math.h>

enum { RAYS = 400, MARCH = 4000, FORMS = 6 };

static hl_synth_shape shape_of(int k)
{
    static const double center[3] = {0.3, -0.2, 0.5};
    static const struct {
        hl_synth_form form;
        double size[3], rounding;
    } t[FORMS] = {{HL_SYNTH_ELLIPSOID, {0.5, 0.8, 0.3}, 0}, {HL_SYNTH_BOX, {0.4, 0.7, 0.2}, 0},
                  {HL_SYNTH_BOX, {0.4, 0.6, 0.3}, 0.12},    {HL_SYNTH_FRUSTUM, {0.6, 0.2, 0.5}, 0},
                  {HL_SYNTH_FRUSTUM, {0.5, 0.0, 0.4}, 0},   {HL_SYNTH_TORUS, {0.6, 0.22, 0}, 0}};
    hl_synth_shape s = hl_synth_shape_make(t[k].form, center, t[k].size, t[k].rounding);
    hl_synth_shape_turn(&s, 0.7, -0.4);
    return s;
}

/* Distance of |x| beyond a box, per axis. */
static double beyond(double x, double half)
{
    return fabs(x) > half ? fabs(x) - half : 0;
}

/* Negative inside, zero on the surface, smooth nearly everywhere; not the code's formula. */
static double implicit(const hl_synth_shape *s, const double p[3])
{
    const double *a = s->size;
    switch (s->form) {
    case HL_SYNTH_ELLIPSOID:
        return pow(p[0] / a[0], 2) + pow(p[1] / a[1], 2) + pow(p[2] / a[2], 2) - 1;
    case HL_SYNTH_BOX:
        if (s->rounding > 0) { /* Minkowski sum of a smaller box and a ball */
            const double r = s->rounding, x = beyond(p[0], a[0] - r), y = beyond(p[1], a[1] - r),
                         z = beyond(p[2], a[2] - r);
            return x * x + y * y + z * z - r * r;
        }
        return fmax(fabs(p[0]) - a[0], fmax(fabs(p[1]) - a[1], fabs(p[2]) - a[2]));
    case HL_SYNTH_FRUSTUM: {
        const double half = (p[2] + a[2]) / (2 * a[2]), r = a[0] * (1 - half) + a[1] * half;
        return fmax(hypot(p[0], p[1]) - r, fabs(p[2]) - a[2]);
    }
    case HL_SYNTH_TORUS: { /* the quartic */
        const double q = p[0] * p[0] + p[1] * p[1] + p[2] * p[2] + a[0] * a[0] - a[1] * a[1];
        return q * q - 4 * a[0] * a[0] * (p[0] * p[0] + p[1] * p[1]);
    }
    }
    return 1;
}

static double implicit_world(const hl_synth_shape *s, const double world[3])
{
    double p[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            p[i] += s->axes[3 * j + i] * (world[j] - s->center[j]);
    return implicit(s, p);
}

static hl_synth_ray random_ray(hl_rng *rng, bool inside, const hl_synth_shape *s)
{
    hl_synth_ray r;
    double aim[3], n = 0;
    for (int i = 0; i < 3; i++) {
        r.origin[i] = s->center[i] + (inside ? 0.05 : 3) * (2 * hl_rng_uniform(rng) - 1);
        aim[i] = s->center[i] + 0.8 * (2 * hl_rng_uniform(rng) - 1);
    }
    if (!inside) /* always from outside the bounding sphere */
        r.origin[0] = s->center[0] + (r.origin[0] < s->center[0] ? -2 : 2);
    for (int i = 0; i < 3; i++) {
        r.dir[i] = aim[i] - r.origin[i];
        n += r.dir[i] * r.dir[i];
    }
    for (int i = 0; i < 3; i++)
        r.dir[i] /= sqrt(n);
    return r;
}

static void at(const hl_synth_ray *r, double t, double p[3])
{
    for (int i = 0; i < 3; i++)
        p[i] = r->origin[i] + t * r->dir[i];
}

/* First sign change of f by small steps, then bisection; < 0: none found. */
static double marched(const hl_synth_shape *s, const hl_synth_ray *r)
{
    const double far = 6;
    double p[3], low = 0;
    at(r, 0, p);
    const bool start = implicit_world(s, p) < 0;
    for (int i = 1; i <= MARCH; i++) {
        double high = far * i / MARCH;
        at(r, high, p);
        if ((implicit_world(s, p) < 0) == start) {
            low = high;
            continue;
        }
        for (int k = 0; k < 60; k++) {
            const double mid = (low + high) / 2;
            at(r, mid, p);
            if ((implicit_world(s, p) < 0) == start)
                low = mid;
            else
                high = mid;
        }
        return low;
    }
    return -1;
}

static bool cast(const hl_synth_shape *s, const hl_synth_ray *r, double *t)
{
    return hl_synth_shape_near(s, r, 1e-9, 100) && hl_synth_shape_hit(s, r, 1e-9, 100, t);
}

static void first_hits_are_those_of_marching(void **state)
{
    (void)state;
    for (int k = 0; k < FORMS; k++) {
        const hl_synth_shape s = shape_of(k);
        hl_rng rng = hl_rng_at(1, 0, (uint64_t)k, HL_RNG_TEST);
        int hits = 0, disputed = 0;
        for (int i = 0; i < RAYS; i++) {
            const hl_synth_ray r = random_ray(&rng, false, &s);
            const double want = marched(&s, &r);
            double t = -1;
            const bool hit = cast(&s, &r, &t);
            hits += hit;
            if (hit != (want >= 0))
                disputed++; /* a chord shorter than the marching step */
            else if (hit)
                assert_true(fabs(t - want) < 1e-8);
        }
        assert_true(hits > RAYS / 10 && hits < RAYS);
        assert_true(disputed <= RAYS / 100);
    }
}

static void rays_from_inside_find_the_way_out(void **state)
{
    (void)state;
    for (int k = 0; k < FORMS - 1; k++) { /* the torus's middle is outside it */
        const hl_synth_shape s = shape_of(k);
        hl_rng rng = hl_rng_at(2, 0, (uint64_t)k, HL_RNG_TEST);
        for (int i = 0; i < RAYS / 4; i++) {
            const hl_synth_ray r = random_ray(&rng, true, &s);
            double t = -1;
            assert_true(cast(&s, &r, &t));
            assert_true(fabs(t - marched(&s, &r)) < 1e-8);
        }
    }
}

static void normals_follow_the_gradient(void **state)
{
    (void)state;
    for (int k = 0; k < FORMS; k++) {
        const hl_synth_shape s = shape_of(k);
        hl_rng rng = hl_rng_at(3, 0, (uint64_t)k, HL_RNG_TEST);
        for (int i = 0; i < RAYS; i++) {
            const hl_synth_ray r = random_ray(&rng, false, &s);
            double t, p[3], local[3], n[3], g[3], length = 0, cosine = 0, h = 1e-6;
            if (!cast(&s, &r, &t))
                continue;
            at(&r, t, p);
            hl_synth_to_local(&s, p, local);
            assert_true(fabs(implicit(&s, local)) < 1e-8);
            hl_synth_shape_normal(&s, local, n);
            for (int j = 0; j < 3; j++) {
                double up[3] = {local[0], local[1], local[2]}, down[3] = {up[0], up[1], up[2]};
                up[j] += h;
                down[j] -= h;
                g[j] = implicit(&s, up) - implicit(&s, down);
                length += g[j] * g[j];
            }
            for (int j = 0; j < 3; j++)
                cosine += n[j] * g[j] / sqrt(length);
            assert_true(cosine > 1 - 1e-6);
        }
    }
}

static void charts_and_points_are_inverses(void **state)
{
    (void)state;
    for (int k = 0; k < FORMS; k++) {
        const hl_synth_shape s = shape_of(k);
        hl_rng rng = hl_rng_at(4, 0, (uint64_t)k, HL_RNG_TEST);
        int checked = 0;
        for (int i = 0; i < RAYS; i++) {
            const hl_synth_ray r = random_ray(&rng, false, &s);
            double t, p[3], local[3], back[3];
            if (!cast(&s, &r, &t))
                continue;
            at(&r, t, p);
            hl_synth_to_local(&s, p, local);
            const hl_synth_chart c = hl_synth_chart_of(&s, local);
            assert_true(c.u >= 0 && c.u <= 1 && c.v >= 0 && c.v <= 1);
            assert_true(c.index >= 0 && c.index < hl_synth_chart_count(&s));
            hl_synth_chart_point(&s, &c, back);
            check_close(back, local, 3, 1e-6, 0);
            checked++;
        }
        assert_true(checked > RAYS / 10);
    }
}

static void limits_of_a_ray_are_kept(void **state)
{
    (void)state;
    for (int k = 0; k < FORMS; k++) {
        const hl_synth_shape s = shape_of(k);
        hl_rng rng = hl_rng_at(5, 0, (uint64_t)k, HL_RNG_TEST);
        for (int i = 0; i < RAYS / 4; i++) {
            const hl_synth_ray r = random_ray(&rng, false, &s);
            double t, second;
            if (!cast(&s, &r, &t))
                continue;
            assert_false(hl_synth_shape_hit(&s, &r, 1e-9, t - 1e-6, &second));
            if (hl_synth_shape_hit(&s, &r, t + 1e-6, 100, &second))
                assert_true(second > t + 1e-6);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_hits_are_those_of_marching),
        cmocka_unit_test(rays_from_inside_find_the_way_out),
        cmocka_unit_test(normals_follow_the_gradient),
        cmocka_unit_test(charts_and_points_are_inverses),
        cmocka_unit_test(limits_of_a_ray_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
