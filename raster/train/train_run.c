/* SPDX-License-Identifier: MIT */
/* raster/train/train_run.c -- the loop around hl_trainer_step: records, evaluations, saves. */
#include "core/log.h"
#include "core/memory.h"
#include "raster/train/trainer_device.h"

#include <math.h>

enum { RECORD_EVERY = 100 };

static hl_status make_record(hl_trainer *t, const hl_train_events *events, double start)
{
    const hl_train_sums *s = &t->sums;
    const double n = s->count > 0 ? s->count : 1;
    const hl_train_record record = {.step = t->step,
                                    .loss = s->loss / n,
                                    .l1 = s->l1 / n,
                                    .ssim = s->ssim / n,
                                    .psnr = -10 * log10(fmax(s->mse / n, 1e-10)),
                                    .splats = t->splats.count,
                                    .born = (int32_t)s->born,
                                    .removed = (int32_t)s->removed,
                                    .seconds = hl_wall_seconds() - start};
    t->sums = (hl_train_sums){.count = 0};
    return events->record ? events->record(events->ctx, &record) : HL_OK;
}

static hl_status make_eval(hl_trainer *t, const hl_train_events *events)
{
    const int32_t n = t->scene.test_count;
    if (!events->eval || n < 1)
        return HL_OK;
    hl_train_score mean, *scores = hl_alloc((size_t)n, sizeof *scores);
    if (!scores)
        return HL_E_MEMORY;
    hl_status s = hl_trainer_eval(t, &mean, scores);
    if (s == HL_OK)
        s = events->eval(events->ctx, t->step, &mean, scores, n);
    hl_free(scores);
    return s;
}

static bool falls_on(int32_t step, int32_t every)
{
    return every > 0 && step % every == 0;
}

/* Record, evaluation and save that are due after a step. */
static hl_status report(hl_trainer *t, const hl_train_events *events, bool last, double start)
{
    const int32_t record_every = events->record_every > 0 ? events->record_every : RECORD_EVERY;
    const bool eval = events->eval_every > 0 && (falls_on(t->step, events->eval_every) || last);
    const bool save = events->save && (falls_on(t->step, events->save_every) || last);
    if (falls_on(t->step, record_every) || eval || save || last)
        HL_TRY(hl_train_device_settle(t, eval || save || last));
    if (falls_on(t->step, record_every) || last)
        HL_TRY(make_record(t, events, start));
    if (eval)
        HL_TRY(make_eval(t, events));
    if (save)
        HL_TRY(events->save(events->ctx, t->step));
    return HL_OK;
}

static void show_progress(const hl_trainer *t, const hl_train_events *events, int32_t until)
{
    const double n = t->sums.count;
    const int32_t every = events->save_every;
    const int32_t next = every > 0 ? (t->step / every + 1) * every : until;
    const hl_progress progress = {.stage = "train",
                                  .done = t->step,
                                  .total = until,
                                  .loss = n > 0 ? t->sums.loss / n : (double)NAN,
                                  .splats = t->splats.count,
                                  .next_save = next < until ? next : until};
    hl_log_progress(&progress);
}

hl_status hl_trainer_run(hl_trainer *t, int32_t until, const hl_train_events *events)
{
    const double start = hl_wall_seconds();
    if (until <= 0 || until > t->config.iterations)
        until = t->config.iterations;
    while (t->step < until) {
        HL_TRY(hl_trainer_step(t));
        show_progress(t, events, until);
        const bool last = t->step == until;
        if (hl_interrupt_requested() && !last) {
            HL_TRY(hl_train_device_settle(t, true));
            if (events->save)
                HL_TRY(events->save(events->ctx, t->step));
            return hl_fail(HL_E_INTERRUPT, "stopped after %d of %d steps", t->step,
                           t->config.iterations);
        }
        HL_TRY(report(t, events, last, start));
        if (events->wants_splats && events->wants_splats(events->watcher, t->step)) {
            HL_TRY(hl_train_device_settle(t, true));
            events->splats(events->watcher, t);
        }
    }
    return HL_OK;
}
