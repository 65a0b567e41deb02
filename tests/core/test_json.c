/* SPDX-License-Identifier: MIT */
/* JSON: values, refusals with file and key, exact round trips of numbers. */
#include "core/json.h"
#include "core/memory.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

static hl_json *parse(const char *text)
{
    hl_json *root = NULL;
    check_ok(hl_json_parse(&root, text, strlen(text), "t.json"));
    return root;
}

static void values_and_defaults(void **state)
{
    (void)state;
    hl_json *r = parse("{\"n\": 2.5, \"t\": \"hi\", \"b\": true, \"z\": null, \"a\": [1, 2, 3]}");
    assert_true(hl_json_number(r, "n", 0) == 2.5);
    assert_true(hl_json_number(r, "t", 7) == 7);
    assert_true(hl_json_number(r, "absent", 8) == 8);
    assert_string_equal(hl_json_text(r, "t", ""), "hi");
    assert_string_equal(hl_json_text(r, "n", "other"), "other");
    assert_true(hl_json_bool(r, "b", false));
    assert_true(hl_json_bool(r, "n", true));
    assert_true(hl_json_is_null(hl_json_find(r, "z")));
    const hl_json *a = hl_json_find(r, "a");
    assert_int_equal(hl_json_count(a), 3);
    assert_true(hl_json_value(hl_json_at(a, 1)) == 2);
    assert_null(hl_json_at(a, 3));
    double sum = 0;
    for (const hl_json *n = hl_json_first(a); n; n = hl_json_next(n))
        sum += hl_json_value(n);
    assert_true(sum == 6);
    assert_string_equal(hl_json_key(a), "a");
    assert_string_equal(hl_json_key(hl_json_first(a)), "");
    hl_json_destroy(&r);
    assert_null(r);
}

static void null_nodes_are_harmless(void **state)
{
    (void)state;
    assert_null(hl_json_find(NULL, "x"));
    assert_null(hl_json_at(NULL, 0));
    assert_null(hl_json_first(NULL));
    assert_null(hl_json_next(NULL));
    assert_int_equal(hl_json_count(NULL), 0);
    assert_true(hl_json_value(NULL) == 0);
    assert_null(hl_json_value_text(NULL));
    assert_false(hl_json_is_object(NULL) || hl_json_is_array(NULL) || hl_json_is_number(NULL));
    hl_json_add_number(NULL, "x", 1);
    assert_null(hl_json_add_object(NULL, "x"));
    char *text = NULL;
    check_fails(hl_json_print(NULL, true, &text), "out of memory");
}

static void broken_text_is_refused_with_its_place(void **state)
{
    (void)state;
    const char *bad[] = {"",      "{",      "[1,", "{\"a\" 1}", "[1] x", "{\"a\": tru}",
                         "\"abc", "[1, 2}", "nul", "{\"a\":}",  "[,]",   "{1: 2}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hl_json *root = NULL;
        check_fails(hl_json_parse(&root, bad[i], strlen(bad[i]), "b.json"), "b.json: ");
        assert_null(root);
    }
    hl_json *root = NULL;
    const char *lines = "{\n \"a\": 1,\n \"b\": oops\n}";
    check_fails(hl_json_parse(&root, lines, strlen(lines), "b.json"), "line 3");
    check_fails(hl_json_load(&root, "/no/such.json"), "/no/such.json");
    check_fails(hl_json_load(&root, hl_test_write("empty.json", "", 0)), "empty file");
}

/* Depth without limit would overflow the stack of a recursive parser. */
static void deep_nesting_is_refused(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    char *text = hl_alloc(DEPTH, 1);
    memset(text, '[', DEPTH);
    hl_json *root = NULL;
    check_fails(hl_json_parse(&root, text, DEPTH, "deep.json"), "deep.json");
    hl_free(text);
}

static void needed_values_name_file_and_key(void **state)
{
    (void)state;
    hl_json *r = parse("{\"n\": 1, \"t\": \"x\", \"m\": [[1, 2], [3, 4]], \"big\": 1e999,"
                       " \"mixed\": [1, \"2\"]}");
    double n = -1, m[4] = {-1, -1, -1, -1};
    const char *t = NULL;
    check_ok(hl_json_need_number(r, "n", &n, "f"));
    assert_true(n == 1);
    check_ok(hl_json_need_text(r, "t", &t, "f"));
    assert_string_equal(t, "x");
    check_ok(hl_json_need_numbers(r, "m", m, 4, "f"));
    assert_true(m[0] == 1 && m[1] == 2 && m[2] == 3 && m[3] == 4);
    n = m[0] = -1;
    check_fails(hl_json_need_number(r, "t", &n, "f.json"), "f.json: t: expected a number");
    check_fails(hl_json_need_number(r, "no", &n, "f.json"), "found nothing");
    check_fails(hl_json_need_number(r, "big", &n, "f.json"), "big: expected a number");
    check_fails(hl_json_need_text(r, "n", &t, "f.json"), "n: expected text, found a number");
    check_fails(hl_json_need_numbers(r, "m", m, 3, "f.json"), "expected 3 numbers, found 4");
    check_fails(hl_json_need_numbers(r, "m", m, 5, "f.json"), "expected 5 numbers, found 4");
    check_fails(hl_json_need_numbers(r, "mixed", m, 2, "f.json"), "another kind");
    check_fails(hl_json_need_numbers(r, "n", m, 1, "f.json"), "found a number");
    assert_true(n == -1 && m[0] == -1);
    hl_json_destroy(&r);
}

static void what_is_built_reads_back(void **state)
{
    (void)state;
    const double numbers[] = {0,      -0.1,   1.0 / 3,      1e-300, 1.7976931348623157e308,
                              1e15,   123456, (double)0.1f, 5e-324, 9007199254740993.0,
                              -1e-10, 42,     2147483648.0};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    hl_json *root = hl_json_object();
    hl_json *list = hl_json_add_array(root, "numbers");
    for (int i = 0; i < COUNT; i++)
        hl_json_add_number(list, NULL, numbers[i]);
    hl_json_add_text(root, "text", "quote \" slash \\ line\n tab\t \xc3\xa9 \x01");
    hl_json_add_text(root, "none", NULL);
    hl_json_add_number(root, "nan", nan(""));
    hl_json_add_bool(hl_json_add_object(root, "o"), "yes", true);
    hl_json_add_null(root, "null");
    const char *path = hl_test_file("built.json");
    check_ok(hl_json_save(root, path));
    hl_json_destroy(&root);

    check_ok(hl_json_load(&root, path));
    double back[COUNT];
    check_ok(hl_json_need_numbers(root, "numbers", back, COUNT, path));
    for (int i = 0; i < COUNT; i++)
        assert_true(back[i] == numbers[i]);
    assert_string_equal(hl_json_text(root, "text", ""),
                        "quote \" slash \\ line\n tab\t \xc3\xa9 \x01");
    assert_true(hl_json_is_null(hl_json_find(root, "none")));
    assert_true(hl_json_is_null(hl_json_find(root, "nan")));
    assert_true(hl_json_is_null(hl_json_find(root, "null")));
    assert_true(hl_json_bool(hl_json_find(root, "o"), "yes", false));
    hl_json_destroy(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_defaults),
        cmocka_unit_test(null_nodes_are_harmless),
        cmocka_unit_test(broken_text_is_refused_with_its_place),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(needed_values_name_file_and_key),
        cmocka_unit_test(what_is_built_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
