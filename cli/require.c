/* SPDX-License-Identifier: MIT */
#include "cli/require.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct condition {
    const hl_require_metric *metric;
    bool least; /* >=, else <= */
    double bound;
} condition;

/* One "nvs.psnr>=30"; *text moves behind it.  false: it cannot be read. */
static bool read_condition(const char **text, const hl_require_metric *metrics, int32_t count,
                           condition *c)
{
    for (int32_t i = 0; i < count; i++) {
        const size_t length = strlen(metrics[i].name);
        const char *op = *text + length;
        if (strncmp(*text, metrics[i].name, length) != 0 || (*op != '<' && *op != '>') ||
            op[1] != '=')
            continue;
        char *end;
        *c = (condition){.metric = &metrics[i], .least = *op == '>', .bound = strtod(op + 2, &end)};
        if (end == op + 2 || (*end && *end != ','))
            return false;
        *text = end + (*end == ',');
        return true;
    }
    return false;
}

static hl_status refuse(const char *text, const hl_require_metric *metrics, int32_t count)
{
    char names[512] = "";
    size_t used = 0;
    for (int32_t i = 0; i < count && used < sizeof names; i++) {
        const char *between = i == 0 ? "" : (i == count - 1 ? " or " : ", ");
        const int n = snprintf(names + used, sizeof names - used, "%s%s", between, metrics[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
    return hl_fail(HL_E_ARG, "--require: expected %s, >= or <= and a number, found \"%s\"", names,
                   text);
}

static hl_status judge(const condition *c)
{
    const hl_require_metric *m = c->metric;
    if (isnan(m->value))
        return hl_fail(HL_E_ARG, "--require: %s was not computed: %s", m->name, m->reason);
    if (c->least ? m->value >= c->bound : m->value <= c->bound)
        return HL_OK;
    return hl_fail(HL_E_FORMAT, "--require: %s is %.6g, expected %s %g", m->name, m->value,
                   c->least ? ">=" : "<=", c->bound);
}

hl_status hl_require(const char *text, const hl_require_metric *metrics, int32_t count,
                     bool read_only)
{
    while (*text) {
        condition c;
        if (!read_condition(&text, metrics, count, &c))
            return refuse(text, metrics, count);
        if (!read_only)
            HL_TRY(judge(&c));
    }
    return HL_OK;
}
