/* SPDX-License-Identifier: MIT */
/* Compression behind its door: exact sizes, no more than the room, damage found. */
#include "core/io/codec.h"
#include "core/memory.h"
#include "tests/check.h"

#include <string.h>

enum { COUNT = 5000 };

static unsigned char text[COUNT], out[COUNT + 1];

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++)
        text[i] = (unsigned char)("helio"[i % 5] + i / 700);
    return 0;
}

static void crc32_is_the_standard_one(void **state)
{
    (void)state;
    assert_int_equal(hl_crc32("123456789", 9),
                     0xcbf43926u); /* the check value of the CRC catalogue */
    assert_int_equal(hl_crc32("", 0), 0);
}

static void gzip_gives_back_what_it_got(void **state)
{
    (void)state;
    hl_bytes packed;
    size_t count = 0;
    int more = -1;
    check_ok(hl_gzip_pack(&packed, text, COUNT));
    assert_true(packed.count < COUNT / 4);
    assert_int_equal(packed.bytes[0], 0x1f);
    assert_int_equal(packed.bytes[1], 0x8b);
    check_ok(hl_gzip_unpack(out, COUNT, &count, &more, packed.bytes, packed.count, "x"));
    assert_int_equal(count, COUNT);
    assert_int_equal(more, 0);
    assert_memory_equal(out, text, COUNT);
    /* One byte of room less, and far less. */
    for (size_t room = 16; room < COUNT; room += COUNT - 17) {
        memset(out, 0xee, sizeof out);
        check_ok(hl_gzip_unpack(out, room, &count, &more, packed.bytes, packed.count, "x"));
        assert_int_equal(count, room);
        assert_int_equal(more, 1);
        assert_memory_equal(out, text, room);
        assert_int_equal(out[room], 0xee);
    }
    /* More room than content. */
    check_ok(hl_gzip_unpack(out, COUNT + 1, &count, &more, packed.bytes, packed.count, "x"));
    assert_int_equal(count, COUNT);
    assert_int_equal(more, 0);
    for (size_t cut = 0; cut < packed.count; cut++)
        check_fails(hl_gzip_unpack(out, COUNT, &count, &more, packed.bytes, cut, "x"), "truncated");
    packed.bytes[packed.count - 6] ^= 0xff; /* its checksum */
    check_fails(hl_gzip_unpack(out, COUNT, &count, &more, packed.bytes, packed.count, "x"),
                "damaged");
    hl_free(packed.bytes);
}

static void gzip_of_nothing(void **state)
{
    (void)state;
    hl_bytes packed;
    size_t count = 1;
    int more = 1;
    check_ok(hl_gzip_pack(&packed, text, 0));
    check_ok(hl_gzip_unpack(out, 4, &count, &more, packed.bytes, packed.count, "x"));
    assert_int_equal(count, 0);
    assert_int_equal(more, 0);
    hl_free(packed.bytes);
}

static void zstd_wants_the_exact_size(void **state)
{
    (void)state;
    hl_bytes packed;
    if (!hl_zstd_available()) {
        check_fails(hl_zstd_pack(&packed, text, COUNT), "built without zstd");
        check_fails(hl_zstd_unpack(out, 1, text, 1, "x"), "built without zstd");
        return;
    }
    check_ok(hl_zstd_pack(&packed, text, COUNT));
    check_ok(hl_zstd_unpack(out, COUNT, packed.bytes, packed.count, "x"));
    assert_memory_equal(out, text, COUNT);
    check_fails(hl_zstd_unpack(out, COUNT - 1, packed.bytes, packed.count, "x"), "hold 4999");
    check_fails(hl_zstd_unpack(out, COUNT + 1, packed.bytes, packed.count, "x"),
                "holds 5000 bytes, expected 5001");
    for (size_t cut = 1; cut < packed.count; cut++)
        check_fails(hl_zstd_unpack(out, COUNT, packed.bytes, cut, "x"), "x: ");
    hl_free(packed.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_is_the_standard_one),
        cmocka_unit_test(gzip_gives_back_what_it_got),
        cmocka_unit_test(gzip_of_nothing),
        cmocka_unit_test(zstd_wants_the_exact_size),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
