/* SPDX-License-Identifier: MIT */
#include "raster/density.h"

#include "raster/density/density_ops.h"

uint32_t hl_density_needs(const hl_density_config *config)
{
    switch (config->kind) {
    case HL_DENSITY_BUDGET:
        return HL_DENSITY_RADIUS | HL_DENSITY_WEIGHT | HL_DENSITY_FRAGMENTS |
               HL_DENSITY_GRAD_ALPHA | HL_DENSITY_GRAD_ALPHA_2;
    case HL_DENSITY_ADC:
        return HL_DENSITY_SEEN |
               (config->grad_absolute ? HL_DENSITY_GRAD_2D_ABS : HL_DENSITY_GRAD_2D);
    default:
        return 0;
    }
}

bool hl_density_due(const hl_density_config *config, int32_t step)
{
    if (config->kind == HL_DENSITY_ADC && config->white_background && step == config->start)
        return true;
    return config->kind != HL_DENSITY_NONE && config->every > 0 && step > config->start &&
           step <= config->stop && step % config->every == 0;
}

bool hl_density_collects(const hl_density_config *config, int32_t step)
{
    if (config->kind == HL_DENSITY_NONE || config->every <= 0)
        return false;
    /* the window before the first refinement counts too */
    return step >= config->start - config->every && step < config->stop;
}

hl_status hl_density_refine(const hl_density_config *config, const hl_density_state *state,
                            int32_t step, hl_density_report *report)
{
    hl_density_work work;
    *report = (hl_density_report){0};
    if (config->kind == HL_DENSITY_NONE)
        return HL_OK;
    HL_TRY(hl_density_work_init(&work, state->splats->capacity));
    hl_status s = HL_OK;
    if (config->kind == HL_DENSITY_BUDGET)
        s = hl_density_refine_budget(config, state, step, &work, report);
    else if (config->kind == HL_DENSITY_ADC)
        s = hl_density_refine_adc(config, state, step, &work, report);
    else
        s = hl_density_refine_mcmc(config, state, step, &work, report);
    if (s == HL_OK)
        s = hl_density_sort(state, &work);
    hl_density_work_release(&work);
    return s == HL_OK ? s : hl_fail_context(s, "refining after %d steps", step);
}
