/* SPDX-License-Identifier: MIT */
/* The .helio container: what goes in comes out, and damage of any kind is a sentence. */
#include "core/file.h"
#include "core/helio_file.h"
#include "core/io/codec.h"
#include "core/memory.h"
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROWS = 500, COLUMNS = 3 };

static float noise[ROWS * COLUMNS]; /* does not compress */
static float flat[ROWS * COLUMNS];  /* compresses */
static const uint64_t state64[2] = {0x0123456789abcdefu, 42};

static int fill(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        x = x * 1664525u + 1013904223u;
        memcpy(&noise[i], &x, sizeof x);
        flat[i] = (float)(i % 7);
    }
    return 0;
}

static hl_status save(const char *path)
{
    hl_helio_writer *w = NULL;
    HL_TRY(hl_helio_writer_create(&w, path));
    hl_json_add_number(hl_helio_writer_json(w), "step", 700);
    hl_status s = hl_helio_writer_add(w, "NOIS", HL_HELIO_F32, ROWS, COLUMNS, noise, true);
    if (s == HL_OK)
        s = hl_helio_writer_add(w, "FLAT", HL_HELIO_F32, ROWS, COLUMNS, flat, true);
    if (s == HL_OK)
        s = hl_helio_writer_add(w, "RNG ", HL_HELIO_U64, 2, 1, state64, false);
    if (s == HL_OK)
        s = hl_helio_writer_add(w, "NONE", HL_HELIO_U8, 0, 1, NULL, true);
    if (s != HL_OK) {
        hl_helio_writer_abort(&w);
        return s;
    }
    s = hl_helio_writer_commit(&w);
    assert_null(w);
    return s;
}

static hl_status load(const char *path)
{
    hl_helio_reader *r = NULL;
    HL_TRY(hl_helio_reader_create(&r, path));
    const void *data;
    hl_status s = hl_helio_reader_data(r, "NOIS", HL_HELIO_F32, ROWS, COLUMNS, &data);
    if (s == HL_OK)
        assert_memory_equal(data, noise, sizeof noise);
    if (s == HL_OK)
        s = hl_helio_reader_data(r, "FLAT", HL_HELIO_F32, -1, COLUMNS, &data);
    if (s == HL_OK) {
        assert_memory_equal(data, flat, sizeof flat);
        assert_int_equal((uintptr_t)data % HL_ALIGN, 0);
    }
    hl_helio_reader_destroy(&r);
    return s;
}

static void content_survives(void **state)
{
    (void)state;
    const char *path = hl_test_file("a.helio");
    check_ok(save(path));
    check_ok(load(path));

    hl_helio_reader *r = NULL;
    check_ok(hl_helio_reader_create(&r, path));
    assert_true(hl_json_number(hl_helio_reader_json(r), "step", 0) == 700.0);
    assert_int_equal(hl_helio_reader_count(r), 4);
    const hl_helio_chunk *c = hl_helio_reader_chunk(r, 1);
    assert_string_equal(c->fourcc, "FLAT");
    assert_int_equal(c->rows, ROWS);
    assert_int_equal(c->columns, COLUMNS);
    assert_int_equal(c->bytes, sizeof flat);
    if (hl_zstd_available())
        assert_true(c->bytes_file < c->bytes / 4);
    assert_int_equal(hl_helio_reader_find(r, "NOIS")->bytes_file, sizeof noise);
    assert_null(hl_helio_reader_find(r, "XXXX"));

    const void *data;
    check_ok(hl_helio_reader_data(r, "RNG ", HL_HELIO_U64, 2, 1, &data));
    assert_memory_equal(data, state64, sizeof state64);
    assert_int_equal((uintptr_t)data % HL_ALIGN, 0);
    check_fails(hl_helio_reader_data(r, "XXXX", HL_HELIO_U8, 1, 1, &data), "XXXX is missing");
    check_fails(hl_helio_reader_data(r, "FLAT", HL_HELIO_I32, -1, COLUMNS, &data), "expected i32");
    check_fails(hl_helio_reader_data(r, "FLAT", HL_HELIO_F32, ROWS + 1, COLUMNS, &data),
                "expected (501, 3)");
    check_fails(hl_helio_reader_data(r, "FLAT", HL_HELIO_F32, ROWS, 1, &data), "shape (500, 3)");
    check_fails(hl_helio_reader_data(r, "FLAT", HL_HELIO_TYPES, ROWS, COLUMNS, &data), "type f32");
    hl_helio_reader_destroy(&r);
    assert_null(r);
}

static void same_content_gives_same_bytes(void **state)
{
    (void)state;
    const char *a = hl_test_file("b1.helio"), *b = hl_test_file("b2.helio");
    check_ok(save(a));
    check_ok(save(b));
    hl_file_map x, y;
    check_ok(hl_file_map_open(&x, a));
    check_ok(hl_file_map_open(&y, b));
    assert_int_equal(x.size, y.size);
    assert_int_equal(x.size % 64, 0);
    assert_memory_equal(x.bytes, y.bytes, x.size);
    hl_file_map_close(&x);
    hl_file_map_close(&y);
}

static void compressed_data_may_change_after_add(void **state)
{
    (void)state;
    const char *path = hl_test_file("c.helio");
    unsigned char bytes[256];
    hl_helio_writer *w = NULL;
    check_ok(hl_helio_writer_create(&w, path));
    memset(bytes, 7, sizeof bytes); /* packs */
    check_ok(hl_helio_writer_add(w, "PACK", HL_HELIO_U8, 256, 1, bytes, true));
    for (int i = 0; i < 256; i++) /* does not */
        bytes[i] = (unsigned char)(i * 167 + i * i);
    check_ok(hl_helio_writer_add(w, "KEPT", HL_HELIO_U8, 256, 1, bytes, true));
    memset(bytes, 0, sizeof bytes);
    check_ok(hl_helio_writer_commit(&w));

    hl_helio_reader *r = NULL;
    check_ok(hl_helio_reader_create(&r, path));
    const void *data;
    check_ok(hl_helio_reader_data(r, "PACK", HL_HELIO_U8, 256, 1, &data));
    assert_int_equal(((const unsigned char *)data)[255], 7);
    check_ok(hl_helio_reader_data(r, "KEPT", HL_HELIO_U8, 256, 1, &data));
    assert_int_equal(((const unsigned char *)data)[3], (3 * 167 + 9) & 255);
    hl_helio_reader_destroy(&r);
}

static void wrong_chunks_are_refused(void **state)
{
    (void)state;
    hl_helio_writer *w = NULL;
    check_ok(hl_helio_writer_create(&w, hl_test_file("d.helio")));
    check_fails(hl_helio_writer_add(w, "JSON", HL_HELIO_U8, 1, 1, "x", false), "\"JSON\"");
    check_fails(hl_helio_writer_add(w, "ABC", HL_HELIO_U8, 1, 1, "x", false), "\"ABC\"");
    check_fails(hl_helio_writer_add(w, "ABCDE", HL_HELIO_U8, 1, 1, "x", false), "\"ABCDE\"");
    assert_int_equal(hl_helio_writer_add(w, "A\nBC", HL_HELIO_U8, 1, 1, "x", false), HL_E_ARG);
    check_fails(hl_helio_writer_add(w, "HUGE", HL_HELIO_F64, INT64_MAX, 2, "x", false), "shape");
    check_ok(hl_helio_writer_add(w, "SAME", HL_HELIO_U8, 1, 1, "x", false));
    check_fails(hl_helio_writer_add(w, "SAME", HL_HELIO_U8, 1, 1, "x", false), "there already");
    hl_helio_writer_abort(&w);
    assert_null(w);
    assert_false(hl_file_exists(hl_test_file("d.helio")));
}

static unsigned char *slurp(const char *path, size_t *size)
{
    hl_file_map map;
    check_ok(hl_file_map_open(&map, path));
    unsigned char *copy = malloc(map.size);
    assert_non_null(copy);
    memcpy(copy, map.bytes, map.size);
    *size = map.size;
    hl_file_map_close(&map);
    return copy;
}

static void every_truncation_is_found(void **state)
{
    (void)state;
    size_t size;
    check_ok(save(hl_test_file("e.helio")));
    unsigned char *bytes = slurp(hl_test_file("e.helio"), &size);
    for (size_t k = 0; k < 64; k++) {
        const char *cut = hl_test_write("cut.helio", bytes, size * k / 64);
        check_fails(load(cut), "cut.helio: ");
    }
    free(bytes);
}

/* One changed byte anywhere in a header or payload is found; padding does not matter. */
static void every_flipped_byte_is_found(void **state)
{
    (void)state;
    size_t size;
    check_ok(save(hl_test_file("f.helio")));
    unsigned char *bytes = slurp(hl_test_file("f.helio"), &size);
    int found = 0, tried = 0;
    for (size_t at = 0; at < size; at += at < 512 ? 1 : 37) {
        bytes[at] ^= 0x10;
        const char *bad = hl_test_write("bad.helio", bytes, size);
        tried++;
        if (load(bad) != HL_OK) {
            found++;
            assert_non_null(strstr(hl_last_error(), "bad.helio: "));
        } else {
            const unsigned char old = bytes[at] ^ 0x10;
            assert_int_equal(old, 0);
        }
        bytes[at] ^= 0x10;
    }
    assert_true(found > tried / 2);
    free(bytes);
}

static void other_files_are_named(void **state)
{
    (void)state;
    check_fails(load(hl_test_file("absent.helio")), "cannot open");
    check_fails(load(hl_test_write("0.helio", "", 0)), "0 bytes");
    char text[200] = "ply\nformat ascii 1.0\n";
    check_fails(load(hl_test_write("1.helio", text, sizeof text)), "expected \"HLIO\"");
    check_fails(load(hl_test_dir()), "not a regular file");
    check_ok(save(hl_test_file("is.helio")));
    assert_true(hl_helio_is_file(hl_test_file("is.helio")));
    assert_false(hl_helio_is_file(hl_test_file("1.helio")));
    assert_false(hl_helio_is_file(hl_test_file("0.helio")));
    assert_false(hl_helio_is_file(hl_test_file("absent.helio")));
}

static void failing_allocations_leave_nothing(void **state)
{
    (void)state;
    const char *path = hl_test_file("g.helio");
    check_ok(save(path));
    size_t size, after;
    unsigned char *before = slurp(path, &size);
    int failures = 0;
    for (uint64_t n = 1; n < 1000; n++) {
        hl_alloc_fail_at(n);
        const hl_status s = save(path);
        hl_alloc_fail_at(0);
        if (s == HL_OK)
            break;
        assert_int_equal(s, HL_E_MEMORY);
        failures++;
        unsigned char *now = slurp(path, &after);
        assert_int_equal(after, size);
        assert_memory_equal(now, before, size);
        free(now);
    }
    assert_true(failures > 3);
    failures = 0;
    for (uint64_t n = 1; n < 1000; n++) {
        hl_alloc_fail_at(n);
        const hl_status s = load(path);
        hl_alloc_fail_at(0);
        if (s == HL_OK)
            break;
        assert_int_equal(s, HL_E_MEMORY);
        failures++;
    }
    assert_true(failures >= 3);
    free(before);
    hl_file_list names;
    check_ok(hl_file_list_folder(&names, hl_test_dir()));
    for (int32_t i = 0; i < names.count; i++)
        assert_null(strstr(names.names[i], ".tmp-"));
    hl_file_list_release(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_survives),
        cmocka_unit_test(same_content_gives_same_bytes),
        cmocka_unit_test(compressed_data_may_change_after_add),
        cmocka_unit_test(wrong_chunks_are_refused),
        cmocka_unit_test(every_truncation_is_found),
        cmocka_unit_test(every_flipped_byte_is_found),
        cmocka_unit_test(other_files_are_named),
        cmocka_unit_test(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
