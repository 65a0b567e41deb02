/* SPDX-License-Identifier: MIT */
/* One sentence per thread, context in front, never longer than its buffer. */
#include "core/log.h"
#include "core/status.h"
#include "tests/check.h"

#include <pthread.h>
#include <string.h>

static void the_sentence_is_kept(void **state)
{
    (void)state;
    assert_int_equal(hl_fail(HL_E_IO, "%s: byte %d", "a.ply", 7), HL_E_IO);
    assert_string_equal(hl_last_error(), "a.ply: byte 7");
    assert_int_equal(hl_fail(HL_E_ARG, "other"), HL_E_ARG);
    assert_string_equal(hl_last_error(), "other");
}

static void context_goes_in_front(void **state)
{
    (void)state;
    (void)!hl_fail(HL_E_FORMAT, "bad count");
    assert_int_equal(hl_fail_context(HL_E_FORMAT, "reading %s", "x"), HL_E_FORMAT);
    assert_string_equal(hl_last_error(), "reading x: bad count");
}

static void a_sentence_may_quote_the_last_one(void **state)
{
    (void)state;
    (void)!hl_fail(HL_E_IO, "inner");
    (void)!hl_fail(HL_E_IO, "outer (%s)", hl_last_error());
    assert_string_equal(hl_last_error(), "outer (inner)");
}

static void hostile_names_cannot_break_the_line(void **state)
{
    (void)state;
    (void)!hl_fail(HL_E_FORMAT, "channel %s: caf\xc3\xa9", "R\n\x1b[2J\r\x7f");
    assert_string_equal(hl_last_error(), "channel R??[2J??: caf\xc3\xa9");
    (void)!hl_fail_context(HL_E_FORMAT, "a\tb\n");
    assert_string_equal(hl_last_error(), "a?b?: channel R??[2J??: caf\xc3\xa9");
}

static void long_sentences_are_cut(void **state)
{
    (void)state;
    char big[5000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    (void)!hl_fail(HL_E_IO, "%s", big);
    assert_int_equal(strlen(hl_last_error()), 1023);
    (void)!hl_fail_context(HL_E_IO, "%s", big);
    assert_int_equal(strlen(hl_last_error()), 1023);
}

static void *other_thread(void *ctx)
{
    char *seen = ctx;
    seen[0] = hl_last_error()[0];
    (void)!hl_fail(HL_E_IO, "of the other thread");
    return NULL;
}

static void threads_do_not_share_the_sentence(void **state)
{
    (void)state;
    (void)!hl_fail(HL_E_IO, "mine");
    pthread_t thread;
    char seen[1] = {'?'};
    assert_int_equal(pthread_create(&thread, NULL, other_thread, seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen[0], '\0');
    assert_string_equal(hl_last_error(), "mine");
}

static hl_status passes_up(hl_status s, int *after)
{
    HL_TRY(s);
    *after = 1;
    return HL_OK;
}

static void try_returns_failures_only(void **state)
{
    (void)state;
    int after = 0;
    assert_int_equal(passes_up(HL_E_IO, &after), HL_E_IO);
    assert_int_equal(after, 0);
    assert_int_equal(passes_up(HL_OK, &after), HL_OK);
    assert_int_equal(after, 1);
    assert_string_equal(hl_status_name(HL_E_FORMAT), "format");
}

typedef struct seen {
    int messages, progresses;
    char text[64];
} seen;

static void on_message(void *ctx, hl_log_level level, const char *text)
{
    seen *s = ctx;
    s->messages++;
    assert_int_equal(level, HL_LOG_WARN);
    assert_true(strlen(text) < sizeof s->text);
    memcpy(s->text, text, strlen(text) + 1);
}

static void on_progress(void *ctx, const hl_progress *p)
{
    seen *s = ctx;
    s->progresses += (int)p->done;
}

static void messages_reach_the_sink_and_only_it(void **state)
{
    (void)state;
    seen s = {0};
    const hl_log_sink sink = {&s, on_message, on_progress};
    const hl_progress p = {.stage = "test", .done = 3, .total = 4};
    hl_log(HL_LOG_WARN, "nobody hears %d", 1);
    hl_log_set_sink(&sink);
    hl_log(HL_LOG_WARN, "heard %d", 2);
    hl_log_progress(&p);
    hl_log_set_sink(NULL);
    hl_log(HL_LOG_WARN, "nobody again");
    hl_log_progress(&p);
    assert_int_equal(s.messages, 1);
    assert_int_equal(s.progresses, 3);
    assert_string_equal(s.text, "heard 2");
}

static void interrupts_stay_until_cleared(void **state)
{
    (void)state;
    assert_false(hl_interrupt_requested());
    hl_interrupt_request();
    hl_interrupt_request();
    assert_true(hl_interrupt_requested());
    hl_interrupt_clear();
    assert_false(hl_interrupt_requested());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sentence_is_kept),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(a_sentence_may_quote_the_last_one),
        cmocka_unit_test(hostile_names_cannot_break_the_line),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(threads_do_not_share_the_sentence),
        cmocka_unit_test(try_returns_failures_only),
        cmocka_unit_test(messages_reach_the_sink_and_only_it),
        cmocka_unit_test(interrupts_stay_until_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
