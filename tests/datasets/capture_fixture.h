/* SPDX-License-Identifier: MIT */
/* Tiny captures for the tests of datasets/, written to the scratch folder. */
#ifndef HL_TESTS_CAPTURE_FIXTURE_H
#define HL_TESTS_CAPTURE_FIXTURE_H

#include <stdint.h>

/* Writes a picture of one colour to hl_test_file(name), with the folders that it needs. */
void fixture_picture(const char *name, int32_t width, int32_t height, int32_t channels,
                     uint8_t value);

/* Writes a text to hl_test_file(name), with the folders that it needs. */
void fixture_text(const char *name, const char *text);

/* A COLMAP text model in `folder`/sparse/0 with `count` pictures images/0.png, ...: one PINHOLE
 * camera of 8 x 6 pixels, identity rotations, eyes at (-i, 0, 0), two points. */
void fixture_colmap(const char *folder, int count);

/* The last message of core/log.h that holds `part`, or NULL.  Install first. */
void fixture_log_install(void);
const char *fixture_log_find(const char *part);
void fixture_log_clear(void);

#endif /* HL_TESTS_CAPTURE_FIXTURE_H */
