/* SPDX-License-Identifier: MIT */
/* Rotation averaging on graphs whose rotations are known: exact edges, wrong edges, noise, parts
 * that do not hang together, bad input. */
#define HL_REAL double
#include "core/rng.h"
#include "core/se3.h"
#include "sfm/global.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

enum { PHOTOS = 40, EDGES_MOST = PHOTOS * PHOTOS / 2 };
#define DEGREES (180 / 3.14159265358979323846)

typedef struct graph {
    double truth[PHOTOS][9];
    hl_turn_edge edges[EDGES_MOST];
    bool wrong[EDGES_MOST];
    int32_t edge_count;
} graph;

static void random_turn(hl_rng *rng, double least, double most, double r[9])
{
    double axis[3];
    for (int k = 0; k < 3; k++)
        axis[k] = hl_rng_normal(rng);
    hl_normalize3(axis, axis);
    const double angle = least + (most - least) * hl_rng_uniform(rng);
    for (int k = 0; k < 3; k++)
        axis[k] *= angle;
    hl_so3_exp(axis, r);
}

/* Photos joined with the `reach` next ones around a ring; a share of the edges wrong by
 * 0.4 to 3.1 rad, the others off by up to `noise` rad. */
static void make(graph *g, int32_t reach, double outliers, double noise, uint64_t seed)
{
    memset(g, 0, sizeof *g);
    for (int32_t i = 0; i < PHOTOS; i++) {
        hl_rng rng = hl_rng_at(seed, 0, (uint64_t)i, HL_RNG_TEST);
        random_turn(&rng, 0, 3.1, g->truth[i]);
    }
    for (int32_t i = 0; i < PHOTOS; i++)
        for (int32_t k = 1; k <= reach; k++) {
            const int32_t j = (i + k) % PHOTOS;
            hl_turn_edge *e = &g->edges[g->edge_count];
            hl_rng rng = hl_rng_at(seed, 1, (uint64_t)g->edge_count, HL_RNG_TEST);
            double inv[9], none[3], off[9], exact[9];
            const double zero[3] = {0};
            g->wrong[g->edge_count] = hl_rng_uniform(&rng) < outliers;
            if (g->wrong[g->edge_count])
                random_turn(&rng, 0.4, 3.1, off);
            else
                random_turn(&rng, 0, noise, off);
            hl_se3_inverse(g->truth[i], zero, inv, none);
            hl_matmul3(g->truth[j], inv, exact);
            hl_matmul3(off, exact, e->b_from_a);
            e->a = i;
            e->b = j;
            e->weight = 1 + hl_rng_uniform(&rng);
            g->edge_count++;
        }
}

/* Largest angle of R_i truth_i^T against that of the photo `root`, degrees. */
static double worst(const graph *g, const double *r, const bool *has, int32_t root)
{
    const double zero[3] = {0};
    double inv[9], none[3], frame[9], most = 0;
    hl_se3_inverse(r + 9 * root, zero, inv, none);
    hl_matmul3(inv, g->truth[root], frame); /* world of the truth to world of r */
    for (int32_t i = 0; i < PHOTOS; i++) {
        double turned[9], delta[9], w[3];
        if (!has[i])
            continue;
        hl_matmul3(r + 9 * i, frame, turned);
        hl_se3_inverse(g->truth[i], zero, inv, none);
        hl_matmul3(turned, inv, delta);
        hl_so3_log(delta, w);
        most = fmax(most, hl_length3(w));
    }
    return most * DEGREES;
}

static double error_of(const graph *g, bool *kept)
{
    static double r[PHOTOS][9];
    bool has[PHOTOS];
    check_ok(hl_rotations_average(&r[0][0], has, kept, PHOTOS, g->edges, g->edge_count));
    for (int32_t i = 0; i < PHOTOS; i++)
        assert_true(has[i]);
    return worst(g, &r[0][0], has, 0);
}

static void exact_edges_give_exact_rotations(void **state)
{
    (void)state;
    static graph g;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        make(&g, seed == 1 ? 1 : 5, 0, 0, seed); /* a bare ring, then a band */
        assert_true(error_of(&g, NULL) < 1e-6);
    }
}

static void a_third_of_wrong_edges_changes_nothing(void **state)
{
    (void)state;
    static graph g;
    static bool kept[EDGES_MOST];
    for (uint64_t seed = 1; seed <= 8; seed++) {
        make(&g, 8, 0.3, 0, seed);
        assert_true(error_of(&g, kept) < 1e-6);
        for (int32_t e = 0; e < g.edge_count; e++)
            if (!g.wrong[e])
                assert_true(kept[e]);
    }
}

/* With m edges a photo the noise of a rotation is some sqrt(1 / m) of that of an edge. */
static void noise_is_averaged(void **state)
{
    (void)state;
    static graph g;
    make(&g, 16, 0.2, 2 / DEGREES, 5);
    const double error = error_of(&g, NULL);
    assert_true(error > 0.01 && error < 1.2);
}

static void the_largest_part_is_taken(void **state)
{
    (void)state;
    static graph g;
    double r[PHOTOS][9];
    bool has[PHOTOS], kept[EDGES_MOST];
    make(&g, 4, 0, 0, 2);
    int32_t n = 0; /* cut between 0..24 and 25..39 */
    for (int32_t e = 0; e < g.edge_count; e++)
        if ((g.edges[e].a < 25) == (g.edges[e].b < 25))
            g.edges[n++] = g.edges[e];
    g.edge_count = n;
    check_ok(hl_rotations_average(&r[0][0], has, kept, PHOTOS, g.edges, g.edge_count));
    for (int32_t i = 0; i < PHOTOS; i++)
        assert_int_equal(has[i], i < 25);
    for (int32_t e = 0; e < n; e++)
        assert_int_equal(kept[e], g.edges[e].a < 25);
    assert_true(worst(&g, &r[0][0], has, 3) < 1e-6);
}

static void nothing_to_average_is_no_error(void **state)
{
    (void)state;
    double r[9 * 3];
    bool has[3] = {true, true, true};
    check_ok(hl_rotations_average(r, has, NULL, 3, NULL, 0));
    assert_false(has[0] || has[1] || has[2]);
}

static void bad_input_gets_a_sentence(void **state)
{
    (void)state;
    double r[9 * 3];
    bool has[3];
    hl_turn_edge edge = {.a = 0, .b = 3, .b_from_a = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .weight = 1};
    check_fails(hl_rotations_average(r, has, NULL, 3, &edge, 1), "photos 0 and 3 of 3");
    edge.b = 0;
    check_fails(hl_rotations_average(r, has, NULL, 3, &edge, 1), "photos 0 and 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_edges_give_exact_rotations),
        cmocka_unit_test(a_third_of_wrong_edges_changes_nothing),
        cmocka_unit_test(noise_is_averaged),
        cmocka_unit_test(the_largest_part_is_taken),
        cmocka_unit_test(nothing_to_average_is_no_error),
        cmocka_unit_test(bad_input_gets_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
