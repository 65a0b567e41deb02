/* SPDX-License-Identifier: MIT */
/* Signals and exit codes: the first signal asks, the second one ends the process. */
#include "cli/command.h"
#include "core/log.h"
#include "tests/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct options {
    hl_common common;
} options;

static const hl_option rows[] = {HL_COMMON_OPTIONS(options)};
static const hl_command_spec spec = {"probe", "tests signals", rows, HL_ROWS(rows), NULL, NULL};

static void start(void)
{
    options o = {.common = HL_COMMON_DEFAULTS};
    int code = -1;
    if (!hl_command_start(&spec, 0, NULL, &o, &o.common, &code))
        _exit(99);
}

/* Runs `body` in a child process without stderr; its wait status. */
static int in_child(void (*body)(void))
{
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(98);
        body();
        _exit(97);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void one_signal(void)
{
    start();
    if (hl_interrupt_requested())
        _exit(96);
    raise(SIGINT);
    const hl_status s =
        hl_interrupt_requested() ? hl_fail(HL_E_INTERRUPT, "stopped; saved") : HL_OK;
    _exit(hl_command_end(&spec, s));
}

static void two_signals(void)
{
    start();
    raise(SIGTERM);
    raise(SIGTERM);
}

static void closed_pipe(void)
{
    int ends[2];
    if (pipe(ends) != 0 || close(ends[0]) != 0 || dup2(ends[1], STDOUT_FILENO) < 0)
        _exit(95);
    start();
    printf("result\n");
    _exit(hl_command_end(&spec, HL_OK));
}

static void failure(void)
{
    start();
    _exit(hl_command_end(&spec, hl_fail(HL_E_IO, "no such file")));
}

static void success(void)
{
    start();
    _exit(hl_command_end(&spec, HL_OK));
}

static void first_signal_asks_and_ends_with_130(void **state)
{
    (void)state;
    const int status = in_child(one_signal);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
}

static void second_signal_ends_at_once(void **state)
{
    (void)state;
    const int status = in_child(two_signals);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void results_that_cannot_be_written_are_a_failure(void **state)
{
    (void)state;
    const int status = in_child(closed_pipe);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

static void statuses_become_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(WEXITSTATUS(in_child(failure)), 1);
    assert_int_equal(WEXITSTATUS(in_child(success)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_signal_asks_and_ends_with_130),
        cmocka_unit_test(second_signal_ends_at_once),
        cmocka_unit_test(results_that_cannot_be_written_are_a_failure),
        cmocka_unit_test(statuses_become_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
