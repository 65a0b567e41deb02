/* SPDX-License-Identifier: MIT */
/* The examples of FIPS 180-4 (NIST's published values). */
#include "core/sha256.h"
#include "tests/check.h"

#include <string.h>

static void check_text(const char *message, size_t count, size_t piece, const char *want)
{
    hl_sha256 hash;
    char got[HL_SHA256_TEXT];
    hl_sha256_init(&hash);
    for (size_t at = 0; at < count; at += piece)
        hl_sha256_add(&hash, message + at, count - at < piece ? count - at : piece);
    hl_sha256_end(&hash, got);
    assert_string_equal(got, want);
}

static void published_examples(void **state)
{
    (void)state;
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    check_text("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_text("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t piece = 1; piece <= 56; piece += 11)
        check_text(two, 56, piece,
                   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_letters(void **state)
{
    (void)state;
    static char letters[1000000];
    memset(letters, 'a', sizeof letters);
    check_text(letters, sizeof letters, 997,
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void files_are_their_bytes(void **state)
{
    (void)state;
    hl_sha256 hash;
    char got[HL_SHA256_TEXT];
    hl_sha256_init(&hash);
    check_ok(hl_sha256_add_file(&hash, hl_test_write("a", "ab", 2)));
    check_ok(hl_sha256_add_file(&hash, hl_test_write("b", "c", 1)));
    check_fails(hl_sha256_add_file(&hash, hl_test_file("absent")), "cannot open");
    hl_sha256_end(&hash, got);
    assert_string_equal(got, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(a_million_letters),
        cmocka_unit_test(files_are_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
