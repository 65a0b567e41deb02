/* SPDX-License-Identifier: MIT */
/* Focal length from Exif: blocks written here byte by byte, in both orders; values that no camera
 * has, and blocks that point out of themselves. */
#include "core/exif.h"
#include "core/rng.h"
#include "core/status.h"
#include "tests/check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SIZE_MAX_BYTES = 600, IFD = 8, SUB = 100, VALUES = 300 };

typedef struct block {
    unsigned char bytes[SIZE_MAX_BYTES]; /* a JPEG: SOI, one APP1 segment, SOS */
    bool big;
    int entries, sub_entries, values;
} block;

static unsigned char *tiff(block *b)
{
    return b->bytes + 12;
}

static void put(block *b, size_t at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        tiff(b)[at + (size_t)(b->big ? bytes - 1 - i : i)] = (unsigned char)(value >> (8 * i));
}

static void entry(block *b, bool sub, uint32_t tag, uint32_t type, uint32_t count)
{
    const size_t folder = sub ? (size_t)SUB : (size_t)IFD;
    int *entries = sub ? &b->sub_entries : &b->entries;
    const size_t at = folder + 2 + 12 * (size_t)(*entries)++;
    put(b, folder, (uint32_t)*entries, 2);
    put(b, at, tag, 2);
    put(b, at + 2, type, 2);
    put(b, at + 4, count, 4);
}

static size_t value_at(const block *b, bool sub)
{
    const size_t used = (size_t)(sub ? b->sub_entries : b->entries) - 1;
    return (sub ? (size_t)SUB : (size_t)IFD) + 2 + 12 * used + 8;
}

static void add_short(block *b, uint32_t tag, uint32_t value)
{
    entry(b, true, tag, 3, 1);
    put(b, value_at(b, true), value, 2);
}

static void add_ratio(block *b, uint32_t tag, uint32_t above, uint32_t below)
{
    entry(b, true, tag, 5, 1);
    put(b, value_at(b, true), (uint32_t)b->values, 4);
    put(b, (size_t)b->values, above, 4);
    put(b, (size_t)b->values + 4, below, 4);
    b->values += 8;
}

static void add_text(block *b, uint32_t tag, const char *text)
{
    const uint32_t count = (uint32_t)strlen(text) + 1;
    entry(b, false, tag, 2, count);
    if (count <= 4) { /* four bytes fit the entry itself */
        memcpy(tiff(b) + value_at(b, false), text, count);
        return;
    }
    put(b, value_at(b, false), (uint32_t)b->values, 4);
    memcpy(tiff(b) + b->values, text, count);
    b->values += (int)count + 1;
}

static block start(bool big)
{
    block b = {.big = big, .values = VALUES};
    const unsigned char head[12] = {
        0xff, 0xd8, 0xff, 0xe1, (SIZE_MAX_BYTES - 6) >> 8, (SIZE_MAX_BYTES - 6) & 0xff, 'E', 'x',
        'i',  'f',  0,    0};
    memcpy(b.bytes, head, sizeof head);
    b.bytes[SIZE_MAX_BYTES - 2] = 0xff;
    b.bytes[SIZE_MAX_BYTES - 1] = 0xda;
    memcpy(tiff(&b), big ? "MM" : "II", 2);
    put(&b, 2, 42, 2);
    put(&b, 4, IFD, 4);
    entry(&b, false, 0x8769, 4, 1);
    put(&b, value_at(&b, false), SUB, 4);
    return b;
}

static hl_exif parse(const block *b)
{
    hl_exif exif;
    hl_exif_parse(&exif, b->bytes, sizeof b->bytes);
    return exif;
}

static void film_equivalent_is_by_the_diagonal(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        block b = start(big);
        add_text(&b, 0x010f, "ACME Corp  ");
        add_text(&b, 0x0110, "X-1");
        add_short(&b, 0xa405, 28);
        const hl_exif e = parse(&b);
        assert_string_equal(e.make, "ACME Corp");
        assert_string_equal(e.model, "X-1");
        const double got[3] = {hl_exif_focal_px(&e, 3600, 2400), hl_exif_focal_px(&e, 2400, 3600),
                               hl_exif_focal_px(&e, 4000, 3000)};
        const double want[3] = {2800, 2800, 28 * 5000 / 43.2666153}; /* 36 x 24 mm, 3:2 and 4:3 */
        check_close(got, want, 3, 1e-3, 0);
    }
}

static void sensor_density_serves_resized_pictures(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        block b = start(big);
        add_ratio(&b, 0x920a, 500, 10);         /* 50 mm */
        add_ratio(&b, 0xa20e, 4000 * 254, 236); /* 4000 pixels on 23.6 mm, per inch */
        add_short(&b, 0xa210, 2);
        add_short(&b, 0xa002, 4000);
        add_short(&b, 0xa003, 3000);
        const hl_exif e = parse(&b);
        const double got[2] = {hl_exif_focal_px(&e, 4000, 3000), hl_exif_focal_px(&e, 750, 1000)};
        const double want[2] = {50 * 4000 / 23.6, 50 * 1000 / 23.6};
        check_close(got, want, 2, 1e-6, 1e-6);
    }
}

static void impossible_values_count_as_absent(void **state)
{
    (void)state;
    block b = start(false);
    add_short(&b, 0xa405, 1); /* as some cameras write for "unknown" */
    hl_exif e = parse(&b);
    assert_true(hl_exif_focal_px(&e, 4000, 3000) == 0);
    b = start(true);
    add_short(&b, 0xa405, 60000);
    e = parse(&b);
    assert_true(hl_exif_focal_px(&e, 4000, 3000) == 0);
    b = start(false);
    add_ratio(&b, 0x920a, 50, 0);
    add_ratio(&b, 0xa20e, 0, 0);
    e = parse(&b);
    assert_true(e.focal_mm == 0 && e.density_per_mm == 0);
    assert_true(hl_exif_focal_px(&e, 4000, 3000) == 0);
}

/* Each byte of a valid block replaced by extremes, and random blocks: no crash under the
 * sanitizers, and never a focal length out of bounds. */
static void damaged_blocks_are_harmless(void **state)
{
    (void)state;
    block good = start(true);
    add_text(&good, 0x010f, "ACME Corporation of cameras");
    add_short(&good, 0xa405, 28);
    add_ratio(&good, 0x920a, 500, 10);
    for (size_t at = 0; at < 200; at++)
        for (int v = 0; v < 3; v++) {
            block b = good;
            b.bytes[at] = (unsigned char)(v == 0 ? 0 : v == 1 ? 0xff : 0x80);
            const hl_exif e = parse(&b);
            const double f = hl_exif_focal_px(&e, 4000, 3000);
            assert_true(f == 0 || (f >= 1200 && f <= 80000));
            assert_true(strlen(e.make) < sizeof e.make);
        }
    for (uint64_t n = 0; n < 2000; n++) {
        block b = good;
        for (size_t at = 20; at < sizeof b.bytes; at++)
            if (hl_rng_mix(n * 1000 + at) % 4 == 0)
                b.bytes[at] = (unsigned char)hl_rng_mix(n * 7777 + at);
        hl_exif e;
        hl_exif_parse(&e, b.bytes, 30 + n % (sizeof b.bytes - 30));
        const double f = hl_exif_focal_px(&e, 4000, 3000);
        assert_true(f == 0 || (f >= 1200 && f <= 80000));
    }
}

static void files_without_a_block_say_nothing(void **state)
{
    (void)state;
    hl_exif e;
    check_ok(hl_exif_load(&e, hl_test_write("a.jpg", "", 0)));
    assert_true(hl_exif_focal_px(&e, 10, 10) == 0);
    check_ok(hl_exif_load(&e, hl_test_write("a.jpg", "\xff\xd8\xff\xda", 4)));
    assert_true(hl_exif_focal_px(&e, 10, 10) == 0);
    check_fails(hl_exif_load(&e, hl_test_file("gone.jpg")), "gone.jpg");
    block b = start(false);
    add_short(&b, 0xa405, 35);
    check_ok(hl_exif_load(&e, hl_test_write("b.jpg", b.bytes, sizeof b.bytes)));
    assert_true(e.focal_35mm == 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(film_equivalent_is_by_the_diagonal),
        cmocka_unit_test(sensor_density_serves_resized_pictures),
        cmocka_unit_test(impossible_values_count_as_absent),
        cmocka_unit_test(damaged_blocks_are_harmless),
        cmocka_unit_test(files_without_a_block_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
