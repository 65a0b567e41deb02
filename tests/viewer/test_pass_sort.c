/* SPDX-License-Identifier: MIT */
/* The radix sort of the device against qsort: exact order, stable, for every awkward count. */
#include "core/memory.h"
#include "shaders/shared.h"
#include "tests/viewer/gpu.h"
#include "viewer/pass_sort.h"

#include <stdlib.h>
#include <string.h>

typedef struct item {
    uint32_t key, value;
} item;

static int by_key_then_value(const void *a, const void *b)
{
    const item *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

typedef enum key_pattern { RANDOM, EQUAL, FEW, ALL_ONES, DESCENDING } key_pattern;

static uint32_t key_of(key_pattern pattern, uint32_t i, hl_rng *rng)
{
    switch (pattern) {
    case EQUAL:
        return 7;
    case FEW:
        return hl_rng_u32(rng) & 0x01000100;
    case ALL_ONES:
        return i % 3 ? HL_KEY_CULLED : i;
    case DESCENDING:
        return UINT32_MAX - i * 4099;
    default:
        return hl_rng_u32(rng);
    }
}

static void sort_on_device(hl_vk *vk, uint32_t *keys, uint32_t *values, uint32_t count)
{
    const uint64_t groups = (count + HL_RADIX_KEYS - 1) / HL_RADIX_KEYS;
    hl_vk_buffer k[2] = {0}, v[2] = {0}, counts = {0}, totals = {0};
    hl_pass_sort pass = {0};
    for (int i = 0; i < 2; i++) {
        check_ok(hl_vk_buffer_create(vk, &k[i], (uint64_t)count * 4, HL_VK_DEVICE));
        check_ok(hl_vk_buffer_create(vk, &v[i], (uint64_t)count * 4, HL_VK_DEVICE));
    }
    check_ok(hl_vk_buffer_create(vk, &counts, groups * HL_RADIX_BINS * 4, HL_VK_DEVICE));
    check_ok(hl_vk_buffer_create(vk, &totals, (uint64_t)HL_RADIX_BINS * 4, HL_VK_DEVICE));
    check_ok(hl_pass_sort_create(vk, &pass));
    check_ok(hl_vk_upload(vk, &k[0], 0, keys, (uint64_t)count * 4));
    check_ok(hl_vk_upload(vk, &v[0], 0, values, (uint64_t)count * 4));
    check_ok(hl_vk_begin(vk));
    check_ok(hl_pass_sort_record(vk, &pass, k, v, &counts, &totals, count, 32));
    check_ok(hl_vk_submit(vk, VK_NULL_HANDLE, VK_NULL_HANDLE));
    check_ok(hl_vk_download(vk, &k[0], keys, (uint64_t)count * 4));
    check_ok(hl_vk_download(vk, &v[0], values, (uint64_t)count * 4));
    hl_pass_sort_release(vk, &pass);
    for (int i = 0; i < 2; i++) {
        hl_vk_buffer_release(vk, &k[i]);
        hl_vk_buffer_release(vk, &v[i]);
    }
    hl_vk_buffer_release(vk, &counts);
    hl_vk_buffer_release(vk, &totals);
}

static void sorts_as_qsort(hl_vk *vk, uint32_t count, key_pattern pattern)
{
    item *want = hl_alloc(count, sizeof *want);
    uint32_t *keys = hl_alloc(count, 4), *values = hl_alloc(count, 4);
    assert_non_null(want);
    assert_non_null(keys);
    assert_non_null(values);
    for (uint32_t i = 0; i < count; i++) {
        hl_rng rng = hl_rng_at(count, 0, i, HL_RNG_TEST);
        keys[i] = key_of(pattern, i, &rng);
        values[i] = i;
        want[i] = (item){keys[i], i};
    }
    qsort(want, count, sizeof *want, by_key_then_value);
    sort_on_device(vk, keys, values, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(keys[i], want[i].key);
        assert_int_equal(values[i], want[i].value);
    }
    hl_free(want);
    hl_free(keys);
    hl_free(values);
}

static void every_count_is_sorted(void **state)
{
    (void)state;
    const uint32_t counts[] = {0, 1, 2, 255, 256, 4095, 4096, 4097, 65536, 1000003};
    hl_vk *vk = gpu_open();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        sorts_as_qsort(vk, counts[i], RANDOM);
    gpu_close(&vk);
}

static void every_pattern_is_sorted(void **state)
{
    (void)state;
    hl_vk *vk = gpu_open();
    for (int p = EQUAL; p <= DESCENDING; p++)
        sorts_as_qsort(vk, 10007, (key_pattern)p);
    gpu_close(&vk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_count_is_sorted),
                                       cmocka_unit_test(every_pattern_is_sorted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
