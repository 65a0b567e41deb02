/* SPDX-License-Identifier: MIT */
/* cli/relight_fit.h -- helio relight OUT --fit: materials and light from the photos of a capture.
 *
 * Writes OUT/scene.helio (splats, mesh, materials, light and the state of the solve) and
 * OUT/relight/light.hdr; with `maps`, predictions of the test views as helio eval --protocol reads
 * them.
 */
#ifndef HL_CLI_RELIGHT_FIT_H
#define HL_CLI_RELIGHT_FIT_H

#include "core/status.h"
#include "relight/fit.h"

typedef struct hl_relight_fit_options {
    const char *scene; /* OUT of helio train                                                 */
    const char *mesh;  /* NULL: OUT/mesh/scene.glb                                           */
    const char *data;  /* NULL: the one in config.json                                       */
    const char *light; /* picture of the light to start from, NULL                           */
    const char *maps;  /* folder for maps of the test views, NULL: none                      */
    const char *envs;  /* folder of .hdr and .exr: the maps are relit under each, NULL       */
    int32_t max_side_px, samples, denoise;
    bool scale_by_truth; /* albedo scaled by the capture's albedo.png before relighting      */
    bool resume, json;
    hl_fit_config config;
} hl_relight_fit_options;

/* Errors: those of the files, of hl_fit_create; HL_E_INTERRUPT after saving. */
hl_status hl_relight_fit(const hl_relight_fit_options *options);

#endif /* HL_CLI_RELIGHT_FIT_H */
