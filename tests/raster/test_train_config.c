/* SPDX-License-Identifier: MIT */
/* tests/raster/test_train_config.c -- the table of knobs: JSON and back, presets, ranges. */
#include "raster/train_config.h"
#include "tests/check.h"

#include <string.h>

static void json_round_trip(void **state)
{
    (void)state;
    hl_train_config c, d;
    memset(&c, 0, sizeof c); /* padding too: the structs are compared as bytes */
    memset(&d, 0, sizeof d);
    hl_train_config_init(&c);
    d = c;
    hl_train_config_preset(&c, HL_TRAIN_QUALITY, 1234, 50);
    c.lr_mean = 0.1f; /* not a binary fraction */
    c.pose = true;
    c.seed = 9007199254740991;
    hl_json *json = hl_train_config_to_json(&c, NULL, NULL);
    char *text;
    check_ok(hl_json_print(json, true, &text));
    hl_json *again;
    check_ok(hl_json_parse(&again, text, strlen(text), "config.json"));
    check_ok(hl_train_config_from_json(&d, again, "config.json"));
    assert_true(d.seed == c.seed);
#define X(type, name, value, least, most) assert_true(d.name == c.name);
    HL_TRAIN_FIELDS(X)
#undef X
    hl_free(text);
    hl_json_destroy(&json);
    hl_json_destroy(&again);
}

static hl_status parse(hl_train_config *c, const char *text)
{
    hl_json *json;
    check_ok(hl_json_parse(&json, text, strlen(text), "x.json"));
    const hl_status s = hl_train_config_from_json(c, json, "x.json");
    hl_json_destroy(&json);
    return s;
}

static void bad_values_are_named(void **state)
{
    (void)state;
    hl_train_config c;
    hl_train_config_init(&c);
    check_fails(parse(&c, "{\"cap\": 0}"), "x.json: cap: 0 is not in 1..");
    check_fails(parse(&c, "{\"pose\": \"yes\"}"), "x.json: pose: expected a number or true");
    check_fails(parse(&c, "{\"ssim_weight\": null}"), "ssim_weight");
    check_ok(parse(&c, "{\"pose\": true, \"unknown\": 3}"));
    assert_true(c.pose);
    c.sh_degree = 4;
    check_fails(hl_train_config_check(&c), "sh_degree: 4 is not in 0..3");
}

static void schedules_stretch_with_the_steps(void **state)
{
    (void)state;
    hl_train_config c;
    for (int32_t k = 1; k <= 100000; k = 3 * k + 7) {
        hl_train_config_init(&c);
        hl_train_config_preset(&c, HL_TRAIN_FAST, k, 44);
        check_ok(hl_train_config_check(&c));
        assert_int_equal(c.iterations, k);
        assert_true(c.refine_stop <= k && c.full_from <= k);
    }
    hl_train_config_recipe(&c, HL_DENSITY_MCMC);
    assert_true(c.densify == HL_DENSITY_MCMC && c.refine_start == 500 && c.coarse_factor == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_round_trip),
        cmocka_unit_test(bad_values_are_named),
        cmocka_unit_test(schedules_stretch_with_the_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
