/* SPDX-License-Identifier: MIT */
/* The photo source: right pixels, bounded memory, the same bytes whatever the cache and the
 * threads do, failures where they belong. */
#include "core/camera_model.h"
#include "core/file.h"
#include "core/rng.h"
#include "core/status.h"
#include "datasets/dataset.h"
#include "datasets/photos.h"
#include "tests/check.h"
#include "tests/datasets/capture_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VIEWS = 24 };

/* VIEWS pictures of 32 x 20 pixels, all different. */
static hl_views scratch_views(const char *folder, int32_t channels)
{
    hl_views v;
    for (int i = 0; i < VIEWS; i++) {
        hl_image8 image;
        char name[64];
        snprintf(name, sizeof name, "%s/%02d.png", folder, i);
        fixture_picture(name, 1, 1, 3, 0); /* makes the folder */
        check_ok(hl_image8_create(&image, 32, 20, channels));
        for (size_t k = 0; k < (size_t)(32 * 20 * channels); k++)
            image.data[k] = (uint8_t)hl_rng_mix((uint64_t)i * 100000 + k);
        check_ok(hl_image8_save(&image, hl_test_file(name)));
        hl_image8_release(&image);
    }
    check_ok(hl_dataset_load(&v, hl_test_file(folder), NULL));
    return v;
}

static uint64_t digest(const hl_photo *photo)
{
    uint64_t h = 1;
    const hl_image8 *images[2] = {photo->image, photo->mask};
    for (int i = 0; i < 2; i++)
        for (int32_t k = 0;
             images[i] && k < images[i]->width * images[i]->height * images[i]->channels; k++)
            h = hl_rng_mix(h ^ images[i]->data[k]);
    return h;
}

static void half_size_is_the_mean_of_four(void **state)
{
    (void)state;
    hl_views v;
    hl_photos *photos = NULL;
    check_ok(hl_dataset_load(&v, hl_test_data("photos/fox_colmap"), NULL));
    const hl_photos_options o = {.max_side_px = 480};
    check_ok(hl_photos_create(&photos, &v, &o));
    const hl_camera *camera = hl_photos_camera(photos, 3);
    assert_int_equal(camera->width, 269);
    assert_int_equal(camera->height, 480);
    check_close(camera->params,
                ((double[]){v.cameras[0].params[0] / 2, v.cameras[0].params[1] / 2, 134.5, 240}), 4,
                1e-9, 0);
    hl_photo photo;
    hl_image8 full;
    check_ok(hl_photos_acquire(photos, 3, &photo));
    check_ok(hl_image8_load(&full, v.views[3].image_path, 0));
    assert_int_equal(photo.image->channels, 3);
    assert_null(photo.mask);
    for (int y = 0; y < 480; y++)
        for (int x = 0; x < 269; x++)
            for (int c = 0; c < 3; c++) {
                const uint8_t *p = full.data + 3 * (2 * y * 538 + 2 * x) + c;
                const int sum = p[0] + p[3] + p[3 * 538] + p[3 * 538 + 3];
                assert_int_equal(photo.image->data[3 * (y * 269 + x) + c], (sum + 2) / 4);
            }
    hl_photos_release(photos, 3);
    hl_image8_release(&full);
    hl_photos_destroy(&photos);
    assert_null(photos);
    hl_views_release(&v);
}

/* Runs two epochs over all views; checks each picture and returns the statistics. */
static hl_photos_stats two_epochs(const hl_views *v, const hl_photos_options *o,
                                  const uint64_t want[VIEWS], bool planned)
{
    hl_photos *photos = NULL;
    hl_photos_stats stats;
    int32_t order[2 * VIEWS];
    for (int k = 0; k < 2 * VIEWS; k++)
        order[k] = (k * 7 + k / VIEWS * 5) % VIEWS;
    check_ok(hl_photos_create(&photos, v, o));
    if (planned)
        check_ok(hl_photos_prefetch(photos, order, 2 * VIEWS));
    for (int k = 0; k < 2 * VIEWS; k++) {
        hl_photo photo;
        check_ok(hl_photos_acquire(photos, order[k], &photo));
        assert_true(digest(&photo) == want[order[k]]);
        hl_photos_release(photos, order[k]);
    }
    hl_photos_statistics(photos, &stats);
    hl_photos_destroy(&photos);
    return stats;
}

static void cache_and_threads_do_not_show(void **state)
{
    (void)state;
    hl_views v = scratch_views("plain", 3);
    const uint64_t bytes = 16 * 10 * 3;
    uint64_t want[VIEWS];
    hl_photos *photos = NULL;
    hl_photos_options o = {.max_side_px = 16, .loaders = 1};
    check_ok(hl_photos_create(&photos, &v, &o));
    assert_int_equal(hl_photos_total_bytes(photos), VIEWS * bytes);
    for (int i = 0; i < VIEWS; i++) {
        hl_photo photo;
        check_ok(hl_photos_acquire(photos, i, &photo));
        want[i] = digest(&photo);
        hl_photos_release(photos, i);
    }
    hl_photos_destroy(&photos);
    for (int loaders = 1; loaders <= 7; loaders += 3)
        for (int planned = 0; planned < 2; planned++)
            for (uint64_t fit = 1; fit <= VIEWS; fit += 7) {
                o = (hl_photos_options){
                    .max_side_px = 16, .loaders = loaders, .cache_bytes = fit * bytes, .ahead = 5};
                const hl_photos_stats stats = two_epochs(&v, &o, want, planned);
                assert_true(stats.peak_bytes <= (fit + 1) * bytes);
                assert_true(stats.loads >= VIEWS);
                if (fit >= VIEWS)
                    assert_int_equal(stats.loads, VIEWS);
            }
    o = (hl_photos_options){.max_side_px = 16}; /* all fit: each is decoded once */
    assert_int_equal(two_epochs(&v, &o, want, true).loads, VIEWS);
    hl_views_release(&v);
}

/* With one loader and room for half, farthest-next-use keeps what LRU would throw away: a cyclic
 * order of N views in a cache of N / 2 must not miss every time. */
static void eviction_looks_ahead(void **state)
{
    (void)state;
    hl_views v = scratch_views("cyclic", 3);
    const hl_photos_options o = {.loaders = 1, .cache_bytes = VIEWS / 2 * 32 * 20 * 3, .ahead = 1};
    hl_photos *photos = NULL;
    hl_photos_stats stats;
    int32_t order[4 * VIEWS];
    for (int k = 0; k < 4 * VIEWS; k++)
        order[k] = k % VIEWS;
    check_ok(hl_photos_create(&photos, &v, &o));
    check_ok(hl_photos_prefetch(photos, order, 4 * VIEWS));
    for (int k = 0; k < 4 * VIEWS; k++) {
        hl_photo photo;
        check_ok(hl_photos_acquire(photos, order[k], &photo));
        hl_photos_release(photos, order[k]);
    }
    hl_photos_statistics(photos, &stats);
    print_message("cyclic order: %d of %d acquires were loads\n", (int)stats.loads, 4 * VIEWS);
    assert_true(stats.loads <= 3 * VIEWS);
    assert_true(stats.peak_bytes <= o.cache_bytes + 32 * 20 * 3);
    hl_photos_destroy(&photos);
    hl_views_release(&v);
}

static void alpha_and_masks(void **state)
{
    (void)state;
    hl_views v;
    hl_photos *photos = NULL;
    hl_photo photo;
    fixture_picture("a/0.png", 8, 6, 4, 90);
    fixture_picture("a/1.png", 8, 6, 3, 70);
    hl_image8 mask;
    check_ok(hl_image8_create(&mask, 4, 3, 1)); /* half the photo's size: left half counts */
    for (int i = 0; i < 12; i++)
        mask.data[i] = i % 4 < 2 ? 200 : 100;
    check_ok(hl_file_make_folder(hl_test_file("a/masks")));
    check_ok(hl_image8_save(&mask, hl_test_file("a/masks/0.png")));
    hl_image8_release(&mask);
    for (int inverted = 0; inverted < 2; inverted++) {
        const hl_dataset_options o = {.invert_masks = inverted != 0};
        check_ok(hl_dataset_load(&v, hl_test_file("a"), &o));
        check_ok(hl_photos_create(&photos, &v, NULL));
        check_ok(hl_photos_acquire(photos, 0, &photo));
        assert_int_equal(photo.image->channels, 4);
        assert_int_equal(photo.image->data[3], 90);
        assert_int_equal(photo.mask->channels, 1);
        for (int i = 0; i < 48; i++)
            assert_int_equal(photo.mask->data[i], (i % 8 < 4) != (inverted != 0) ? 255 : 0);
        hl_photos_release(photos, 0);
        check_ok(hl_photos_acquire(photos, 1, &photo)); /* no alpha of its own: opaque */
        assert_int_equal(photo.image->channels, 4);
        assert_int_equal(photo.image->data[0], 70);
        assert_int_equal(photo.image->data[3], 255);
        assert_null(photo.mask);
        hl_photos_release(photos, 1);
        hl_photos_destroy(&photos);
        hl_views_release(&v);
    }
    fixture_picture("a/masks/0.png", 6, 6, 1, 255);
    check_ok(hl_dataset_load(&v, hl_test_file("a"), NULL));
    check_ok(hl_photos_create(&photos, &v, NULL));
    check_fails(hl_photos_acquire(photos, 0, &photo),
                "a mask of 6 x 6 pixels for a photo of 8 x 6");
    hl_photos_destroy(&photos);
    hl_views_release(&v);
}

static void undistorted_once(void **state)
{
    (void)state;
    hl_views v;
    hl_photos_stats stats;
    uint64_t first[3];
    const hl_dataset_options few = {.max_views = 3};
    check_ok(hl_dataset_load(&v, hl_test_data("photos/fox"), &few));
    const hl_photos_options o = {.max_side_px = 200,
                                 .undistorted_folder = hl_test_file("cache/undistorted")};
    for (int run = 0; run < 2; run++) {
        hl_photos *photos = NULL;
        check_ok(hl_photos_create(&photos, &v, &o));
        assert_int_equal(hl_photos_camera(photos, 0)->model, HL_CAMERA_PINHOLE);
        assert_int_equal(hl_photos_camera(photos, 0)->height, 200);
        for (int i = 0; i < 3; i++) {
            hl_photo photo;
            check_ok(hl_photos_acquire(photos, i, &photo));
            assert_int_equal(photo.image->height, 200);
            if (run == 0)
                first[i] = digest(&photo);
            assert_true(digest(&photo) == first[i]);
            hl_photos_release(photos, i);
        }
        hl_photos_statistics(photos, &stats);
        assert_int_equal(stats.loads, 3);
        assert_int_equal(stats.from_disk, run == 0 ? 0 : 3);
        hl_photos_destroy(&photos);
    }
    hl_file_list files;
    check_ok(hl_file_list_folder(&files, hl_test_file("cache/undistorted")));
    assert_int_equal(files.count, 3);
    hl_file_list_release(&files);
    hl_views_release(&v);
}

static void failures_surface_in_acquire(void **state)
{
    (void)state;
    hl_views v = scratch_views("fails", 3);
    hl_photos *photos = NULL;
    hl_photo photo;
    fixture_text("fails/05.png", "gone bad since");
    fixture_picture("fails/06.png", 30, 20, 3, 1);
    const int32_t order[4] = {5, 6, 5, 0}, wrong[1] = {VIEWS};
    check_ok(hl_photos_create(&photos, &v, NULL));
    check_ok(hl_photos_prefetch(photos, order, 4));
    check_fails(hl_photos_acquire(photos, 5, &photo), "05.png");
    check_fails(hl_photos_acquire(photos, 6, &photo),
                "30 x 20 pixels, but 32 x 20 when the capture was read");
    check_fails(hl_photos_acquire(photos, 5, &photo), "05.png"); /* and again */
    check_ok(hl_photos_acquire(photos, 0, &photo));              /* the others go on */
    hl_photos_release(photos, 0);
    check_fails(hl_photos_prefetch(photos, wrong, 1), "view 24 in the plan, expected 0..23");
    check_fails(hl_photos_acquire(photos, -1, &photo), "view -1");
    hl_photos_destroy(&photos);
    hl_photos_destroy(&photos); /* twice is fine */
    const hl_photos_options bad = {.max_side_px = -1};
    check_fails(hl_photos_create(&photos, &v, &bad), "max_side_px -1");
    fixture_text("a-file", "x");
    const hl_photos_options file = {.undistorted_folder = hl_test_file("a-file")};
    check_fails(hl_photos_create(&photos, &v, &file), "a-file: cannot list the folder");
    hl_views_release(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_size_is_the_mean_of_four),
        cmocka_unit_test(cache_and_threads_do_not_show),
        cmocka_unit_test(eviction_looks_ahead),
        cmocka_unit_test(alpha_and_masks),
        cmocka_unit_test(undistorted_once),
        cmocka_unit_test(failures_surface_in_acquire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
