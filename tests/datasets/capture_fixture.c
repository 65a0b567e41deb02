/* SPDX-License-Identifier: MIT */
#include "tests/datasets/capture_fixture.h"

#include "core/file.h"
#include "core/image.h"
#include "core/log.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

enum { LINES = 64, LINE_BYTES = 1024 };

static char lines[LINES][LINE_BYTES];
static int line_count;

static void make_parent(const char *path)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    *slash = 0;
    check_ok(hl_file_make_folder(folder));
}

void fixture_picture(const char *name, int32_t width, int32_t height, int32_t channels,
                     uint8_t value)
{
    hl_image8 image;
    const char *path = hl_test_file(name);
    make_parent(path);
    check_ok(hl_image8_create(&image, width, height, channels));
    memset(image.data, value, (size_t)width * (size_t)height * (size_t)channels);
    check_ok(hl_image8_save(&image, path));
    hl_image8_release(&image);
}

void fixture_text(const char *name, const char *text)
{
    make_parent(hl_test_file(name));
    hl_test_write(name, text, strlen(text));
}

void fixture_colmap(const char *folder, int count)
{
    char name[256], images[4096] = "";
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        used += (size_t)snprintf(images + used, sizeof images - used,
                                 "%d 1 0 0 0 %d 0 0 1 %d.png\n\n", i + 1, i, i);
        snprintf(name, sizeof name, "%s/images/%d.png", folder, i);
        fixture_picture(name, 8, 6, 3, (uint8_t)(10 * i));
    }
    snprintf(name, sizeof name, "%s/sparse/0/images.txt", folder);
    fixture_text(name, images);
    snprintf(name, sizeof name, "%s/sparse/0/cameras.txt", folder);
    fixture_text(name, "1 PINHOLE 8 6 7 7.5 4 3\n");
    snprintf(name, sizeof name, "%s/sparse/0/points3D.txt", folder);
    fixture_text(name, "1 0 0 4 255 0 0 0.1\n2 1 0.5 5 0 255 9 0.1\n");
}

static void keep(void *ctx, hl_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    if (line_count < LINES)
        snprintf(lines[line_count++], LINE_BYTES, "%s", text);
}

void fixture_log_install(void)
{
    static const hl_log_sink sink = {.message = keep};
    hl_log_set_sink(&sink);
}

const char *fixture_log_find(const char *part)
{
    for (int i = line_count - 1; i >= 0; i--)
        if (strstr(lines[i], part))
            return lines[i];
    return NULL;
}

void fixture_log_clear(void)
{
    line_count = 0;
}
