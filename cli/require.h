/* SPDX-License-Identifier: MIT */
/* cli/require.h -- conditions on metrics, as in --require "nvs.psnr>=30,nvs.ssim>=0.9". */
#ifndef HL_CLI_REQUIRE_H
#define HL_CLI_REQUIRE_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct hl_require_metric {
    const char *name;
    double value;       /* NaN: not computed */
    const char *reason; /* why not */
} hl_require_metric;

/* HL_E_ARG for text that cannot be read or a metric that was not computed; HL_E_FORMAT, naming the
 * first, where a condition is not met.  read_only: the values are not there yet, the text alone is
 * judged. */
hl_status hl_require(const char *text, const hl_require_metric *metrics, int32_t count,
                     bool read_only);

#endif /* HL_CLI_REQUIRE_H */
