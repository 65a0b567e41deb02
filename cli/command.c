/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include "cli/progress.h"
#include "core/build_info.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "raster/raster.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first signal asks for a clean stop; the second one ends the process at once. */
static void on_signal(int number)
{
    if (hl_interrupt_requested()) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    hl_interrupt_request();
    static const char text[] = "\nhelio: finishing this step; once more to stop at once\n";
    const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error with a sentence, not a death */
}

/* Says what is missing where there is no CUDA device for this build. */
static bool has_cuda(const char *command)
{
    char text[256];
    if (!hl_raster_has_backend("cuda"))
        fprintf(stderr, "helio %s: --backend cuda: this build has no CUDA backend; use cpu\n",
                command);
    else if (hl_raster_describe("cuda", text, sizeof text) != HL_OK)
        fprintf(stderr, "helio %s: %s; use cpu\n", command, hl_last_error());
    else
        return true;
    return false;
}

const char *hl_command_backend(const hl_common *common)
{
    /* Vulkan draws and does not rasterize with gradients: beside it the processor does. */
    static const char *const names[] = {"auto", "cpu", "cuda", "cpu"};
    return names[common->backend];
}

bool hl_command_start(const hl_command_spec *spec, int argc, char **argv, void *options,
                      const hl_common *common, int *code)
{
    bool help;
    if (hl_options_parse(spec, argc, argv, options, &help) != HL_OK) {
        fprintf(stderr, "helio %s: %s\n", spec->name, hl_last_error());
        *code = HL_EXIT_USAGE;
        return false;
    }
    if (help) {
        hl_options_print_help(spec, options);
        *code = HL_EXIT_OK;
        return false;
    }
    const bool plans = common->dry_run && hl_raster_has_backend("cuda");
    if (common->backend == HL_BACKEND_CUDA && !plans && !has_cuda(spec->name)) {
        *code = HL_EXIT_ABSENT;
        return false;
    }
    const hl_progress_style style = {
        .quiet = common->quiet, .verbose = common->verbose, .json = common->json_progress};
    hl_progress_install(&style);
    hl_parallel_set_threads(common->threads);
    catch_signals();
    return true;
}

int hl_command_end(const hl_command_spec *spec, hl_status status)
{
    hl_progress_finish();
    if (status == HL_OK && fflush(stdout) != 0)
        status = hl_fail(HL_E_IO, "standard output cannot be written");
    hl_parallel_shutdown();
    if (status == HL_OK)
        return HL_EXIT_OK;
    fprintf(stderr, "helio %s: %s\n", spec->name, hl_last_error());
    return status == HL_E_INTERRUPT ? HL_EXIT_INTERRUPT : HL_EXIT_FAILED;
}

void hl_command_print_spans(const hl_spans *spans)
{
    double total = 0;
    for (int32_t i = 0; i < spans->count; i++)
        total += spans->seconds[i];
    for (int32_t i = 0; i < spans->count; i++)
        fprintf(stderr, "%-24s %9.3f s %5.1f %% %8lld calls\n", spans->name[i], spans->seconds[i],
                total > 0 ? 100 * spans->seconds[i] / total : 0.0, (long long)spans->calls[i]);
}

hl_status hl_command_print_json(hl_json **root)
{
    char *text = NULL;
    const hl_status s = hl_json_print(*root, true, &text);
    hl_json_destroy(root);
    if (s != HL_OK)
        return s;
    printf("%s\n", text);
    hl_free(text);
    return HL_OK;
}

static void print_commands(const hl_command *commands, int count)
{
    printf("helio: photos to Gaussian splats\n\nusage: helio COMMAND [options]\n\n");
    for (int i = 0; i < count; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    printf("\nhelio COMMAND --help lists the options of a command; helio --version says which\n"
           "build this is.  Exit codes: 0 done, 1 failed, 2 wrong command line, 3 device absent,\n"
           "130 stopped by a signal.\n");
}

int hl_commands_run(const hl_command *commands, int count, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_commands(commands, count);
        return argc > 1 ? HL_EXIT_OK : HL_EXIT_USAGE;
    }
    if (strcmp(name, "--version") == 0) {
        printf("helio %s, commit %s, %s, %s\n", HL_BUILD_VERSION, HL_BUILD_COMMIT,
               HL_BUILD_COMPILER, HL_BUILD_TYPE);
        return HL_EXIT_OK;
    }
    for (int i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    fprintf(stderr, "helio: unknown command \"%s\"; helio --help lists them\n", name);
    return HL_EXIT_USAGE;
}
