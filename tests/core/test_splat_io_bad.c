/* SPDX-License-Identifier: MIT */
/* Damaged, hostile and unlucky: every splat format answers with a status and one sentence, and
 * a save that fails leaves the old file and nothing else. */
#include "core/io/bytes.h"
#include "core/io/codec.h"
#include "core/memory.h"
#include "core/splat_io.h"
#include "tests/core/splat_scene.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

enum { COUNT = 40, FORMATS = 6 };

static hl_arena arena;
static hl_splats scene;

typedef struct format {
    const char *name;
    hl_splat_save_options options;
} format;

static const format formats[FORMATS] = {
    {"x.ply", {.plain = true}},    {"x.splat", {.plain = true}},  {"2.spz", {.spz_version = 2}},
    {"3.spz", {.spz_version = 3}}, {"4.spz", {.spz_version = 4}}, {"x.helio", {.plain = true}},
};

static int start(void **state)
{
    (void)state;
    hl_arena_init(&arena, 0, 0);
    scene_fill(&scene, &arena, COUNT, 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hl_arena_release(&arena);
    return 0;
}

static hl_status load(const char *path)
{
    hl_splats s;
    hl_splat_info info;
    return hl_splats_load(&s, &arena, path, &info);
}

static unsigned char *saved(int f, size_t *size)
{
    check_ok(hl_splats_save(&scene, hl_test_file(formats[f].name), &formats[f].options));
    return file_bytes(hl_test_file(formats[f].name), size);
}

static void every_truncation_is_found(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        size_t size;
        unsigned char *bytes = saved(f, &size);
        for (size_t k = 0; k < 17; k++) {
            /* .splat has no header: a cut between rows cannot be seen. */
            size_t cut = k < 16 ? size * k / 16 : size - 1;
            if (f == 1 && cut && cut % 32 == 0)
                cut--;
            char name[32];
            snprintf(name, sizeof name, "cut_%s", formats[f].name);
            check_fails(load(hl_test_write(name, bytes, cut)), "cut_");
        }
        free(bytes);
    }
}

/* Changed bytes load or fail with a sentence; the sanitizers watch. */
static void changed_bytes_never_crash(void **state)
{
    (void)state;
    int failed = 0;
    for (int f = 0; f < FORMATS; f++) {
        size_t size;
        unsigned char *bytes = saved(f, &size);
        for (uint64_t n = 0; n < 120; n++) {
            hl_rng rng = hl_rng_at(11, (uint64_t)f, n, HL_RNG_TEST);
            const size_t front = n % 2 && size > 400 ? 400 : size;
            const size_t at = hl_rng_below(&rng, (uint32_t)front);
            const unsigned char old = bytes[at];
            bytes[at] = (unsigned char)hl_rng_u32(&rng);
            const hl_arena_mark mark = hl_arena_save(&arena);
            if (load(hl_test_write("changed", bytes, size)) != HL_OK) {
                failed++;
                assert_non_null(strstr(hl_last_error(), "changed"));
                assert_null(strchr(hl_last_error(), '\n'));
            }
            hl_arena_rewind(&arena, mark);
            bytes[at] = old;
        }
        free(bytes);
    }
    assert_true(failed > 100);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const unsigned char png[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    check_fails(load(hl_test_file("absent.ply")), "cannot open");
    check_fails(load(hl_test_dir()), "not a regular file");
    check_fails(load(hl_test_write("empty.ply", "", 0)), "the file is empty");
    check_fails(load(hl_test_write("p.png", png, sizeof png)), "found \".PNG....\"");
    check_fails(load(hl_test_write("a.splat", png, sizeof png)), "16 bytes");
    unsigned char noise[3200];
    memset(noise, 0x7f, sizeof noise); /* huge floats */
    check_fails(load(hl_test_write("b.splat", noise, sizeof noise)), "not positions and scales");
    check_fails(load(hl_test_write("c.bin", noise, sizeof noise)), "expected a ply, spz");
    check_fails(load(hl_test_write("d.spz", "\x1f\x8b", 2)), "truncated");
    check_fails(load(hl_test_write("e.spz", "NGSP", 4)), "a header has 16");
}

/* A legacy header of SPZ followed by zeros, packed by gzip. */
static const char *gzip_spz(uint32_t magic, uint32_t version, uint32_t count, int degree,
                            size_t bytes)
{
    unsigned char *raw = calloc(bytes, 1);
    assert_non_null(raw);
    hl_put_le32(raw, magic);
    hl_put_le32(raw + 4, version);
    hl_put_le32(raw + 8, count);
    raw[12] = (unsigned char)degree;
    raw[13] = 12;
    hl_bytes packed;
    check_ok(hl_gzip_pack(&packed, raw, bytes));
    const char *path = hl_test_write("g.spz", packed.bytes, packed.count);
    hl_free(packed.bytes);
    free(raw);
    return path;
}

static void gzip_claims_are_held_against_the_file(void **state)
{
    (void)state;
    const uint32_t magic = 0x5053474e;
    const size_t splat = 9 + 1 + 3 + 3 + 4;
    check_fails(load(gzip_spz(magic, 3, 4000000000u, 3, 1000)), "4000000000 splats claimed");
    check_fails(load(gzip_spz(magic, 3, 1000, 0, 16 + 999 * splat)), "truncated: 1000 splats");
    check_fails(load(gzip_spz(magic, 3, 1, 5, 1000)), "SH degree 5");
    check_fails(load(gzip_spz(magic, 4, 1, 0, 1000)), "version 4 inside gzip");
    check_fails(load(gzip_spz(magic, 5, 1, 0, 1000)), "version 5, expected 1 to 4");
    check_fails(load(gzip_spz(magic, 0, 1, 0, 1000)), "version 0, expected 1 to 4");
    check_fails(load(gzip_spz(0x12345678, 3, 1, 0, 1000)), "magic number");
    check_fails(load(gzip_spz(magic, 3, 1, 0, 15)), "a header has 16");
    /* A bomb: one splat and 4 MiB of zeros behind it are not unpacked. */
    const uint64_t before = hl_alloc_count();
    check_ok(load(gzip_spz(magic, 3, 1, 0, (size_t)4 << 20)));
    assert_true(hl_alloc_count() - before < 20);
    check_ok(load(gzip_spz(magic, 1, 1, 4, 16 + 17 - 1 + 72 + 6)));
}

static void zstd_claims_are_held_against_the_file(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = saved(4, &size);
    static const struct {
        size_t at;
        uint32_t value;
        const char *sentence;
    } cases[] = {
        {4, 5, "version 5"},
        {8, 0xffffffffu, "splats claimed"},
        {8, COUNT + 1, "expected 369"},
        {12, 0x00000c07, "SH degree 7"},
        {12, 0x0600ff01, "255 fractional bits"},
        {12, 0x05000c01, "5 streams, expected 6"},
        {12, 0x07000c01, "7 streams"},
        {16, 31, "table of contents at byte 31"},
        {16, 0xfffffff0u, "table of contents"},
        {32, 0x7fffffff, "stream 0 at byte"},
        {36, 0x7fffffff, "stream 0 at byte"},
        {32, 3, "zstd"},
        {40, 359, "stream 0 of 359 bytes, expected 360"},
        {44, 1, "expected 360"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char old[4];
        memcpy(old, bytes + cases[i].at, 4);
        hl_put_le32(bytes + cases[i].at, cases[i].value);
        check_fails(load(hl_test_write("z.spz", bytes, size)), cases[i].sentence);
        memcpy(bytes + cases[i].at, old, 4);
    }
    check_ok(load(hl_test_write("z.spz", bytes, size)));
    free(bytes);

    /* A frame that unpacks to more than its stream is not let out of its place. */
    unsigned char bomb[4096] = {0}, zeros[1000] = {0};
    hl_put_le32(bomb, 0x5053474e);
    hl_put_le32(bomb + 4, 4);
    hl_put_le32(bomb + 8, 1);
    bomb[15] = 5;
    hl_put_le32(bomb + 16, 32);
    hl_bytes packed;
    check_ok(hl_zstd_pack(&packed, zeros, sizeof zeros));
    hl_put_le64(bomb + 32, packed.count);
    hl_put_le64(bomb + 40, 9);
    memcpy(bomb + 112, packed.bytes, packed.count);
    hl_free(packed.bytes);
    check_fails(load(hl_test_write("bomb.spz", bomb, sizeof bomb)), "expected to hold 9");
}

static void unknown_extensions_are_skipped(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = saved(4, &size);
    unsigned char longer[8192] = {0};
    assert_true(size + 20 < sizeof longer);
    memcpy(longer, bytes, 32);
    longer[14] |= 2;
    hl_put_le32(longer + 16, 32 + 12);
    hl_put_le32(longer + 32, 0xadbe0002);
    hl_put_le32(longer + 36, 4);
    memcpy(longer + 44, bytes + 32, size - 32);
    hl_splats s;
    hl_splat_info info;
    check_ok(hl_splats_load(&s, &arena, hl_test_write("x.spz", longer, size + 12), &info));
    assert_string_equal(info.warnings, "SPZ extension adbe0002 of 4 bytes was skipped");
    assert_int_equal(s.count, COUNT);
    hl_put_le32(longer + 36, 4000);
    check_ok(hl_splats_load(&s, &arena, hl_test_write("x.spz", longer, size + 12), &info));
    assert_string_equal(info.warnings, "SPZ extension adbe0002 is cut off");
    free(bytes);
}

/* Compressed PLY with a header that lies about its chunks, words or SH. */
static void compressed_ply_is_checked(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = file_bytes(hl_test_data("splats/torus/torus.compressed.ply"), &size);
    bytes[size] = 0;
    static const struct {
        const char *from, *to, *sentence;
    } cases[] = {
        {"element chunk 8", "element chunk 7", "7 chunks for 2000 splats, expected 8"},
        {"element vertex 2000", "element vertex 1999", "rows of 45 columns, expected 1999"},
        {"element sh 2000", "element sh 9999", "truncated"},
        {"float min_y", "float mim_y", "lacks min_y"},
        {"uint packed_scale", "uint packed_scalf", "expected uint packed_scale"},
        {"uint packed_color", " int packed_color", "expected uint packed_color"},
        {"uchar f_rest_7", "uchar f_rest_q", "expected uchar f_rest_7"},
        {"binary_little_endian", "ascii               ", "expected binary_little_endian"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t n = strlen(cases[i].from);
        unsigned char *at = bytes;
        while (memcmp(at, cases[i].from, n) != 0)
            at++;
        memcpy(at, cases[i].to, n);
        const char *path = hl_test_write("lies.ply", bytes, size);
        const hl_status s = load(path);
        memcpy(at, cases[i].from, n);
        if (s == HL_OK || !strstr(hl_last_error(), "lies.ply"))
            print_error("case %zu: %s\n", i, hl_last_error());
        check_fails(s, i == 2 ? "expected" : cases[i].sentence);
    }
    for (size_t k = 0; k < 16; k++)
        check_fails(load(hl_test_write("cut.ply", bytes, size * k / 16)), "cut.ply");
    free(bytes);
}

static void count_temporaries(int want)
{
    hl_file_list names;
    int found = 0;
    check_ok(hl_file_list_folder(&names, hl_test_dir()));
    for (int32_t i = 0; i < names.count; i++)
        found += strstr(names.names[i], ".tmp-") != NULL;
    hl_file_list_release(&names);
    assert_int_equal(found, want);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (int f = 0; f < FORMATS; f++) {
        size_t size, after;
        unsigned char *before = saved(f, &size);
        const char *path = hl_test_file(formats[f].name);
        tight = old;
        tight.rlim_cur = size / 2;
        void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        const hl_status s = hl_splats_save(&scene, path, &formats[f].options);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        signal(SIGXFSZ, handler);
        assert_int_equal(s, HL_E_IO);
        assert_non_null(strstr(hl_last_error(), "not saved"));
        unsigned char *now = file_bytes(path, &after);
        assert_int_equal(after, size);
        assert_memory_equal(now, before, size);
        free(now);
        free(before);
        count_temporaries(0);
    }
    check_fails(hl_splats_save(&scene, hl_test_file("no/such/folder/a.ply"), NULL), "cannot write");
    check_fails(hl_splats_save(&scene, hl_test_file("a.obj"), NULL), "expected a name that ends");
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        size_t size;
        free(saved(f, &size));
        const char *path = hl_test_file(formats[f].name);
        int failures = 0;
        hl_status s = HL_E_MEMORY;
        for (uint64_t n = 1; s != HL_OK && n < 200; n++) {
            hl_arena fresh;
            hl_splats got;
            hl_arena_init(&fresh, 0, 0);
            hl_alloc_fail_at(n);
            s = hl_splats_load(&got, &fresh, path, NULL);
            hl_alloc_fail_at(0);
            if (s != HL_OK) {
                assert_int_equal(s, HL_E_MEMORY);
                assert_int_equal(fresh.used, 0);
                failures++;
            }
            hl_arena_release(&fresh);
        }
        assert_int_equal(s, HL_OK);
        assert_true(failures >= 2);
        s = HL_E_MEMORY;
        for (uint64_t n = 1; s != HL_OK && n < 200; n++) {
            hl_alloc_fail_at(n);
            s = hl_splats_save(&scene, path, &formats[f].options);
            hl_alloc_fail_at(0);
            if (s != HL_OK)
                assert_int_equal(s, HL_E_MEMORY);
            check_ok(load(path));
        }
        assert_int_equal(s, HL_OK);
        count_temporaries(0);
    }
}

int main(void)
{
    if (!hl_zstd_available())
        return 77; /* SPZ 4 runs through all of them */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_truncation_is_found, start, stop),
        cmocka_unit_test_setup_teardown(changed_bytes_never_crash, start, stop),
        cmocka_unit_test_setup_teardown(other_files_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(gzip_claims_are_held_against_the_file, start, stop),
        cmocka_unit_test_setup_teardown(zstd_claims_are_held_against_the_file, start, stop),
        cmocka_unit_test_setup_teardown(unknown_extensions_are_skipped, start, stop),
        cmocka_unit_test_setup_teardown(compressed_ply_is_checked, start, stop),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_old_file, start, stop),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_survived, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
