/* SPDX-License-Identifier: MIT */
#include "raster/train_config.h"

#include <math.h>

#define STEPS_USUAL 30000.0 /* of the published recipes */

void hl_train_config_init(hl_train_config *config)
{
    *config = (hl_train_config){.seed = 42};
#define X(type, name, value, least, most) config->name = (value);
    HL_TRAIN_FIELDS(X)
#undef X
}

static int32_t part(int32_t steps, double share)
{
    const double n = floor(steps * share + 0.5);
    return n < 1 ? 1 : (int32_t)n;
}

static int32_t clamp(int32_t x, int32_t least, int32_t most)
{
    return x < least ? least : (x > most ? most : x);
}

/* A shorter run has to take larger steps to get as far; all of them end small.  The exponents were
 * fitted to runs of 1,000 to 3,000 steps on photos; at 30,000 steps the rates are those of Kerbl et
 * al. 2023. */
static void set_rates(hl_train_config *c, int32_t steps)
{
    const double f = fmin(fmax(STEPS_USUAL / steps, 1), 60);
    c->lr_mean = (float)(1.6e-4 * pow(f, 0.85));
    c->lr_mean_end = c->lr_mean / 100;
    c->lr_sh_dc = (float)(2.5e-3 * pow(f, 0.4));
    c->lr_sh_rest = (float)(1.25e-4 * pow(f, 0.85));
    c->lr_opacity = (float)(0.025 * pow(f, 0.2));
    c->lr_scale = (float)(5e-3 * pow(f, 0.4));
    c->lr_quat = (float)(1e-3 * pow(f, 0.5));
    c->lr_end = 0.3f;
    c->init_opacity = (float)fmin(0.1 * pow(f, 0.33), 0.3);
}

void hl_train_config_preset(hl_train_config *config, hl_train_preset preset, int32_t iterations,
                            int32_t photos)
{
    const bool fast = preset == HL_TRAIN_FAST;
    const int32_t k = iterations > 0 ? iterations : (fast ? 10000 : 30000);
    config->iterations = k;
    config->densify = HL_DENSITY_BUDGET;
    config->cap = fast ? 1000000 : 3000000;
    config->full_from = part(k, fast ? 0.25 : 0.20);
    config->sh_every = fast ? part(k, 0.05) : clamp(k / 30, 1, 1000);
    config->refine_start = part(k, fast ? 0.05 : 0.02);
    config->refine_stop = part(k, 0.8);
    config->refine_every = clamp(photos * (fast ? 2 : 1), 100, 500);
    if (config->refine_every > k / 20) /* short runs still refine some sixteen times */
        config->refine_every = clamp(k / 20, 10, 500);
    set_rates(config, k);
}

void hl_train_config_recipe(hl_train_config *config, hl_density_kind kind)
{
    config->densify = (int32_t)kind;
    if (kind == HL_DENSITY_NONE)
        config->decay = config->opacity_reg = config->scale_reg = 0;
    if (kind != HL_DENSITY_ADC && kind != HL_DENSITY_MCMC)
        return;
    config->coarse_factor = 1;
    config->full_from = 0;
    config->sh_every = 1000;
    config->refine_start = 500;
    config->refine_every = 100;
    config->lr_mean = 1.6e-4f;
    config->lr_mean_end = 1.6e-6f;
    config->lr_sh_dc = 2.5e-3f;
    config->lr_sh_rest = 1.25e-4f;
    config->lr_scale = 5e-3f;
    config->lr_quat = 1e-3f;
    config->lr_end = 1;
    config->adam_mode = HL_ADAM_DENSE;
    config->ssim_weight = 0.2f;
    config->decay = 0;
    if (kind == HL_DENSITY_ADC) {
        config->refine_stop = 14900; /* the last one below 15,000 */
        config->lr_opacity = 0.025f;
        config->init_opacity = 0.1f;
        config->init_scale = 1;
        config->opacity_reg = config->scale_reg = 0;
        config->clone_scale = 0.01f;
        config->grad_threshold = 2e-4f;
        config->reset_every = 3000;
    } else {
        config->refine_stop = 24900; /* below 25,000 */
        config->lr_opacity = 0.05f;
        config->init_opacity = 0.5f;
        config->init_scale = 0.1f;
        config->opacity_reg = config->scale_reg = 0.01f;
        config->reg_until = 1;
        config->noise = 5e5f;
    }
}

void hl_train_config_settle(hl_train_config *c)
{
    c->densify = HL_DENSITY_NONE;
    c->sh_every = 1;
    c->coarse_factor = 1;
    c->geometry_from = 0;
    c->flatten = 0;
    c->lr_mean = 3e-5f;
    c->lr_mean_end = 1.6e-5f;
    c->lr_opacity = 8e-3f;
    c->lr_scale = 1.5e-3f;
    c->lr_quat = 5e-4f;
    c->lr_sh_dc = 1e-3f;
    c->lr_sh_rest = 1e-4f;
    c->opacity_reg = c->scale_reg = c->decay = 0;
}

hl_status hl_train_config_check(const hl_train_config *config)
{
#define X(type, name, value, least, most)                                          \
    if (!((double)config->name >= (least) && (double)config->name <= (most)))      \
        return hl_fail(HL_E_ARG, "training option %s: %g is not in %g..%g", #name, \
                       (double)config->name, (double)(least), (double)(most));
    HL_TRAIN_FIELDS(X)
#undef X
    return HL_OK;
}

static void add_number(hl_json *node, const char *key, double value)
{
    hl_json_add_number(node, key, value);
}

static void add_float(hl_json *node, const char *key, float value)
{
    hl_json_add_number(node, key, (double)value);
}

hl_json *hl_train_config_to_json(const hl_train_config *config, hl_json *parent, const char *key)
{
    hl_json *node = parent ? hl_json_add_object(parent, key) : hl_json_object();
    hl_json_add_number(node, "seed", (double)config->seed);
#define X(type, name, value, least, most) \
    _Generic(config->name, int32_t        \
             : add_number, float          \
             : add_float, bool            \
             : hl_json_add_bool)(node, #name, config->name);
    HL_TRAIN_FIELDS(X)
#undef X
    return node;
}

hl_status hl_train_config_from_json(hl_train_config *config, const hl_json *node, const char *name)
{
    hl_train_config c = *config;
    double v;
    bool found;
    HL_TRY(hl_json_take_number(node, "seed", 0, 9007199254740992.0, name, &v, &found));
    if (found)
        c.seed = (int64_t)v;
#define X(type, field, value, least, most)                                        \
    HL_TRY(hl_json_take_number(node, #field, (least), (most), name, &v, &found)); \
    if (found)                                                                    \
        c.field = (type)v;
    HL_TRAIN_FIELDS(X)
#undef X
    *config = c;
    return HL_OK;
}
