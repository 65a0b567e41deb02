/* SPDX-License-Identifier: MIT */
/* The warp operations of raster/cuda/lanes.h against sums written out, and the arithmetic of
 * capacities and launches. */
#include "raster/cuda/gpu_plan.h"
#include "raster/cuda/lanes.h"
#include "tests/check.h"

static void sixteen_sums_at_once(void **state)
{
    (void)state;
    hl_lane_f v[HL_FOLD_VALUES];
    float want[HL_FOLD_VALUES] = {0};
    for (int k = 0; k < HL_FOLD_VALUES; k++)
        for (int l = 0; l < HL_LANES; l++) {
            v[k][l] = (float)((k + 1) * 1000 + l * l * (k % 3 + 1)); /* exact in float */
            want[k] += v[k][l];
        }
    hl_warp_fold16(v);
    for (int l = 0; l < HL_LANES; l++)
        assert_true(v[0][l] == want[l / 2]);
}

static void scan_and_ballot(void **state)
{
    (void)state;
    hl_lane_u in, out;
    hl_lane_i odd;
    for (int l = 0; l < HL_LANES; l++) {
        in[l] = (uint32_t)(3 * l + 1);
        odd[l] = l % 2 ? -7 : 0;
    }
    assert_int_equal(hl_warp_scan(in, out), 3 * 31 * 16 + 32);
    for (int l = 0; l < HL_LANES; l++)
        assert_int_equal(out[l], 3 * l * (l - 1) / 2 + l);
    assert_true(hl_warp_ballot(odd) == 0xaaaaaaaau);
    assert_int_equal(hl_warp_of(in, 5), 16);
}

static void largest_of_bits(void **state)
{
    (void)state;
    uint64_t best = 0;
    const float weight[3] = {0.25f, 0.75f, 0.5f};
    for (uint32_t k = 0; k < 3; k++)
        hl_gpu_max_u64(&best, (uint64_t)hl_gpu_bits(weight[k]) << 32 | (0xffffffffu - k));
    assert_true(hl_gpu_from_bits((uint32_t)(best >> 32)) == 0.75f);
    assert_true(0xffffffffu - (uint32_t)best == 1);
}

static void key_bits(void **state)
{
    (void)state;
    for (int64_t tiles = 1; tiles < 5000; tiles++) {
        const int bits = hl_gpu_plan_bits(tiles);
        /* the last key is a tile that does not exist, and one bit less would not do */
        assert_true(((int64_t)1 << bits) - 1 >= tiles);
        assert_true(bits == 1 || ((int64_t)1 << (bits - 1)) - 1 < tiles);
    }
    assert_int_equal(hl_gpu_plan_bits((int64_t)2048 * 1024), 22);
}

static void capacities(void **state)
{
    (void)state;
    assert_int_equal(hl_gpu_plan_capacity(1000, 1, 1 << 30), 1251);
    assert_int_equal(hl_gpu_plan_capacity(1000, 4096, 1 << 30), 4096);
    assert_int_equal(hl_gpu_plan_capacity(1000, 1, 1100), 1100);
    assert_int_equal(hl_gpu_plan_capacity(INT32_MAX, 1, INT32_MAX), INT32_MAX);
    assert_int_equal(hl_gpu_plan_blocks(0, 256), 0);
    assert_int_equal(hl_gpu_plan_blocks(1, 256), 1);
    assert_int_equal(hl_gpu_plan_blocks(257, 256), 2);
    assert_int_equal(hl_gpu_plan_blocks((int64_t)INT32_MAX * 2, 32), 134217728);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_sums_at_once), cmocka_unit_test(scan_and_ballot),
        cmocka_unit_test(largest_of_bits),      cmocka_unit_test(key_bits),
        cmocka_unit_test(capacities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
