/* SPDX-License-Identifier: MIT */
#include "relight/fit.h"

#include <math.h>
#include <string.h>

void hl_fit_config_init(hl_fit_config *config)
{
    memset(config, 0, sizeof *config);
    config->seed = 42;
#define X(type, name, value, least, most) config->name = (type)(value);
    HL_FIT_FIELDS(X)
#undef X
}

static hl_status check_field(const char *name, double value, double least, double most)
{
    if (value >= least && value <= most)
        return HL_OK;
    return hl_fail(HL_E_ARG, "fit: %s is %g, expected %g..%g", name, value, least, most);
}

hl_status hl_fit_config_check(const hl_fit_config *config)
{
#define X(type, name, value, least, most) \
    HL_TRY(check_field(#name, (double)config->name, least, most));
    HL_FIT_FIELDS(X)
#undef X
    return HL_OK;
}

hl_status hl_fit_config_from_json(hl_fit_config *config, const hl_json *node, const char *name)
{
    hl_fit_config c = *config;
    double v;
    bool found;
#define X(type, field, value, least, most)                                        \
    HL_TRY(hl_json_take_number(node, #field, (least), (most), name, &v, &found)); \
    if (found)                                                                    \
        c.field = (type)v;
    HL_FIT_FIELDS(X)
#undef X
    *config = c;
    return HL_OK;
}
