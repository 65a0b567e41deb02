/* SPDX-License-Identifier: MIT */
/* The option table: what it accepts, what it refuses and with which sentence, and config files. */
#include "cli/command.h"
#include "core/memory.h"
#include "tests/check.h"

#include <string.h>

typedef struct options {
    hl_common common;
    const char *data, *extra, *out;
    int32_t iterations, densify;
    int64_t big;
    float rate;
    double ratio;
    bool eval;
} options;

static const hl_option rows[] = {
    HL_ARG(options, "DATA", data, "posed images"),
    HL_ARG_OPTIONAL(options, "EXTRA", extra, "more"),
    HL_OPT_OUT(options, out, "FOLDER", "where results go"),
    HL_OPT_INT(options, "--iterations", iterations, 1, 30000, "steps"),
    HL_OPT_CHOICE(options, "--densify", densify, "adc|mcmc|none", "how splats are added"),
    HL_OPT_INT64(options, "--big-number", big, -10, 1e15, "large"),
    HL_OPT_FLOAT(options, "--rate", rate, 0, 1, "speed"),
    HL_OPT_DOUBLE(options, "--ratio", ratio, -1, 1, "ratio"),
    HL_OPT_FLAG(options, "--eval", eval, "hold out every eighth image"),
    HL_COMMON_OPTIONS(options),
};

/* "mcmc" stands for a preset: it implies a rate. */
static void prepare(void *p)
{
    options *o = p;
    o->rate = o->densify == 1 ? 0.75f : 0.25f;
}

static const hl_command_spec plain = {"train", "trains", rows, HL_ROWS(rows), NULL, NULL};
static const hl_command_spec preset = {"train", "trains", rows, HL_ROWS(rows), prepare, NULL};

static options parsed;

/* Parses the words of one line, split at spaces, over fresh defaults. */
static hl_status parse(const hl_command_spec *spec, const char *line)
{
    static char buffer[1024];
    char *argv[32];
    int argc = 0;
    strncpy(buffer, line, sizeof buffer - 1);
    for (char *at = buffer; *at && argc < 32;) {
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    parsed = (options){.common = HL_COMMON_DEFAULTS, .iterations = 100, .rate = 0.5f, .ratio = 1};
    bool help;
    return hl_options_parse(spec, argc, argv, &parsed, &help);
}

static void every_kind_is_read(void **state)
{
    (void)state;
    check_ok(parse(&plain, "in -o out --iterations 7 --densify mcmc --big-number=1000000000000 "
                           "--rate 0.125 --ratio -0.5 --eval --threads 3 --seed 9 more"));
    assert_string_equal(parsed.data, "in");
    assert_string_equal(parsed.extra, "more");
    assert_string_equal(parsed.out, "out");
    assert_int_equal(parsed.iterations, 7);
    assert_int_equal(parsed.densify, 1);
    assert_true(parsed.big == 1000000000000);
    assert_true(parsed.rate == 0.125f);
    assert_true(parsed.ratio == -0.5);
    assert_true(parsed.eval);
    assert_int_equal(parsed.common.threads, 3);
    assert_true(parsed.common.seed == 9);
}

static void defaults_stay_and_the_last_value_wins(void **state)
{
    (void)state;
    check_ok(parse(&plain, "in --out out"));
    assert_int_equal(parsed.iterations, 100);
    assert_false(parsed.eval);
    assert_null(parsed.extra);
    assert_true(parsed.common.seed == 42);
    check_ok(parse(&plain, "in --out a -o b --eval --eval=false --iterations 3 --iterations=4"));
    assert_string_equal(parsed.out, "b");
    assert_int_equal(parsed.iterations, 4);
    assert_false(parsed.eval);
}

static void dashes_end_the_options(void **state)
{
    (void)state;
    check_ok(parse(&plain, "-o out -- --in --help"));
    assert_string_equal(parsed.data, "--in");
    assert_string_equal(parsed.extra, "--help");
    check_ok(parse(&plain, "-o out -"));
    assert_string_equal(parsed.data, "-");
}

static void bad_values_name_option_and_range(void **state)
{
    (void)state;
    check_fails(parse(&plain, "in -o o --iterations 0"),
                "--iterations: expected a whole number in 1..30000, found \"0\"");
    check_fails(parse(&plain, "in -o o --iterations 30001"), "1..30000");
    check_fails(parse(&plain, "in -o o --iterations 5.0"), "found \"5.0\"");
    check_fails(parse(&plain, "in -o o --iterations 99999999999999999999"), "1..30000");
    check_fails(parse(&plain, "in -o o --big-number -11"), "-10..1000000000000000");
    check_fails(parse(&plain, "in -o o --rate nan"), "--rate: expected a number in 0..1");
    check_fails(parse(&plain, "in -o o --rate inf"), "found \"inf\"");
    check_fails(parse(&plain, "in -o o --rate 1.5"), "found \"1.5\"");
    check_fails(parse(&plain, "in -o o --rate 1e"), "found \"1e\"");
    check_fails(parse(&plain, "in -o o --ratio 1e999"), "-1..1");
    check_fails(parse(&plain, "in -o o --densify mcm"), "expected one of adc|mcmc|none");
    check_fails(parse(&plain, "in -o o --densify adc|mcmc"), "found \"adc|mcmc\"");
    check_fails(parse(&plain, "in -o o --eval=1"), "--eval: expected true or false");
    check_fails(parse(&plain, "in -o="), "unknown option");
    check_fails(parse(&plain, "in --out="), "--out: expected a value");
}

static void bad_usage_is_refused(void **state)
{
    (void)state;
    check_fails(parse(&plain, "-o out"), "DATA is missing");
    check_fails(parse(&plain, "in"), "-o / --out is missing");
    check_fails(parse(&plain, "in more stray -o out"), "unexpected \"stray\"");
    check_fails(parse(&plain, "in -o out --iter 5"), "unknown option --iter;");
    check_fails(parse(&plain, "in -o out --rate"), "--rate: needs a value");
    check_fails(parse(&plain, "in -o --eval"), "--out: needs a value");
    check_fails(parse(&plain, "in -o out -q"), "unknown option -q");
}

static void a_preset_loses_to_what_was_given(void **state)
{
    (void)state;
    check_ok(parse(&preset, "in -o out --densify mcmc"));
    assert_true(parsed.rate == 0.75f);
    check_ok(parse(&preset, "in -o out --rate 0.125 --densify mcmc"));
    assert_true(parsed.rate == 0.125f);
    check_ok(parse(&preset, "in -o out"));
    assert_true(parsed.rate == 0.25f);
}

static const char *config_line(const char *json, const char *rest)
{
    static char line[1024];
    const char *path = hl_test_write("config.json", json, strlen(json));
    assert_true(strlen(path) + strlen(rest) + 20 < sizeof line);
    memset(line, 0, sizeof line);
    memcpy(line, "--config ", 9);
    memcpy(line + 9, path, strlen(path));
    line[9 + strlen(path)] = ' ';
    memcpy(line + 10 + strlen(path), rest, strlen(rest));
    return line;
}

static void the_command_line_wins_over_the_config(void **state)
{
    (void)state;
    check_ok(parse(&plain, config_line("{\"data\": \"in\", \"out\": \"o\", \"iterations\": 9,"
                                       " \"eval\": true, \"densify\": \"none\", \"version\": 1}",
                                       "--iterations 11")));
    assert_string_equal(parsed.data, "in");
    assert_int_equal(parsed.iterations, 11);
    assert_int_equal(parsed.densify, 2);
    assert_true(parsed.eval);
    check_ok(parse(&preset, config_line("{\"data\": \"in\", \"out\": \"o\", \"rate\": 0.5}",
                                        "--densify mcmc")));
    assert_true(parsed.rate == 0.5f);
}

static void bad_configs_are_refused(void **state)
{
    (void)state;
    const char *rest = "in -o out";
    check_fails(parse(&plain, "in -o out --config no/such.json"), "no/such.json");
    check_fails(parse(&plain, config_line("[1]", rest)), "expected a JSON object");
    check_fails(parse(&plain, config_line("{\"iter\": 1}", rest)), "no option \"iter\"");
    check_fails(parse(&plain, config_line("{\"iterations\": 0}", rest)), "1..30000");
    check_fails(parse(&plain, config_line("{\"iterations\": 1.5}", rest)), "found \"1.5\"");
    check_fails(parse(&plain, config_line("{\"iterations\": null}", rest)), "wrong kind");
    check_fails(parse(&plain, config_line("{\"out\": 5}", rest)), "wrong kind");
    check_fails(parse(&plain, config_line("{\"eval\": 1}", rest)), "true or false");
    check_fails(parse(&plain, config_line("{\"command\": \"synth\"}", rest)), "helio synth");
    check_fails(parse(&plain, config_line("{\"rate\": 1e999}", rest)), "config.json");
}

static void written_options_read_back_the_same(void **state)
{
    (void)state;
    check_ok(parse(&plain, "in -o out --iterations 7 --densify mcmc --rate 0.1 --ratio 0.3 --eval "
                           "--big-number 12345678901234 --quiet"));
    const options first = parsed;
    hl_json *root = hl_options_to_json(&plain, &parsed);
    char *text;
    check_ok(hl_json_print(root, true, &text));
    const char *line = config_line(text, "");
    hl_free(text);
    hl_json_destroy(&root);
    check_ok(parse(&plain, line));
    assert_string_equal(parsed.data, "in");
    assert_string_equal(parsed.out, "out");
    assert_null(parsed.extra);
    assert_int_equal(parsed.iterations, first.iterations);
    assert_int_equal(parsed.densify, first.densify);
    assert_true(parsed.rate == first.rate);
    assert_true(parsed.ratio == first.ratio);
    assert_true(parsed.big == first.big);
    assert_true(parsed.eval && parsed.common.quiet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(defaults_stay_and_the_last_value_wins),
        cmocka_unit_test(dashes_end_the_options),
        cmocka_unit_test(bad_values_name_option_and_range),
        cmocka_unit_test(bad_usage_is_refused),
        cmocka_unit_test(a_preset_loses_to_what_was_given),
        cmocka_unit_test(the_command_line_wins_over_the_config),
        cmocka_unit_test(bad_configs_are_refused),
        cmocka_unit_test(written_options_read_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
