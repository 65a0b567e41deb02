/* SPDX-License-Identifier: MIT */
/* The comparison rule is itself tested: a NaN-blind one once hid a NaN. */
#include "tests/check.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

/* Index of the element the rule complains about, -1 where it is content. */
static int worst(double got, double want, double atol, double rtol)
{
    const double g[3] = {0, got, 0}, w[3] = {0, want, 0};
    double excess;
    return (int)check_worst_f64(g, w, 3, atol, rtol, &excess);
}

static void equal_values_pass(void **state)
{
    (void)state;
    const float f[2] = {1, -2};
    const double d[2] = {1e300, 0};
    check_close(f, f, 2, 1e-7, 0);
    check_close(d, d, 2, 1e-7, 0);
}

static void tolerance_is_absolute_plus_relative(void **state)
{
    (void)state;
    assert_int_equal(worst(10.2, 10, 0.125, 0.01), -1); /* 0.2 <= 0.225 */
    assert_int_equal(worst(10.25, 10, 0.125, 0.01), 1); /* 0.25 > 0.225 */
    assert_int_equal(worst(-10.25, -10, 0.125, 0.01), 1);
    assert_int_equal(worst(0.2, 0, 0.125, 0.01), 1);
}

static void nan_and_infinity_fail_on_either_side(void **state)
{
    (void)state;
    assert_int_equal(worst(nan(""), 0, 1e9, 1), 1);
    assert_int_equal(worst(0, nan(""), 1e9, 1), 1);
    assert_int_equal(worst(nan(""), nan(""), 1e9, 1), 1);
    assert_int_equal(worst(HUGE_VAL, HUGE_VAL, 1e9, 1), 1);
    assert_int_equal(worst(0, -HUGE_VAL, 1e9, 1), 1);
}

static void the_worst_element_is_reported(void **state)
{
    (void)state;
    const double got[4] = {1, 5, 9, 2}, want[4] = {0, 0, 0, 0};
    double excess;
    assert_int_equal(check_worst_f64(got, want, 4, 0.5, 0, &excess), 2);
    assert_true(fabs(excess - 18) < 1e-12);
}

static void files_land_in_the_scratch_folder(void **state)
{
    (void)state;
    const char *path = hl_test_write("a.bin", "xyz", 3);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 3);
    assert_string_equal(path, hl_test_file("a.bin"));
}

static void absent_data_skips(void **state)
{
    (void)state;
    hl_test_data("no/such/file");
    fail_msg("hl_test_data returned for a file that is not there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_pass),
        cmocka_unit_test(tolerance_is_absolute_plus_relative),
        cmocka_unit_test(nan_and_infinity_fail_on_either_side),
        cmocka_unit_test(the_worst_element_is_reported),
        cmocka_unit_test(files_land_in_the_scratch_folder),
        cmocka_unit_test(absent_data_skips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
