/* SPDX-License-Identifier: MIT */
/* cli/command.h -- what every subcommand shares: exit codes, common options, start and end.
 *
 *     int hl_cmd_info(int argc, char **argv)
 *     {
 *         info_options o = {.common = HL_COMMON_DEFAULTS, .limit = 10};
 *         int code;
 *         if (!hl_command_start(&spec, argc, argv, &o, &o.common, &code))
 *             return code;
 *         return hl_command_end(&spec, print_info(&o));
 *     }
 */
#ifndef HL_CLI_COMMAND_H
#define HL_CLI_COMMAND_H

#include "cli/options.h"
#include "core/timer.h"

typedef enum hl_exit {
    HL_EXIT_OK = 0,
    HL_EXIT_FAILED = 1,     /* the work failed; one sentence on stderr                     */
    HL_EXIT_USAGE = 2,      /* wrong command line                                          */
    HL_EXIT_ABSENT = 3,     /* a backend or device that was asked for by name is absent    */
    HL_EXIT_INTERRUPT = 130 /* stopped by a signal after saving                            */
} hl_exit;

typedef enum hl_backend_choice {
    HL_BACKEND_AUTO,
    HL_BACKEND_CPU,
    HL_BACKEND_CUDA,
    HL_BACKEND_VULKAN /* of commands that draw */
} hl_backend_choice;

typedef struct hl_common {
    int32_t backend; /* hl_backend_choice                    */
    int32_t threads; /* 0: one per processor                 */
    int64_t seed;
    const char *config; /* file that was read, NULL if none  */
    bool quiet;         /* nothing on stderr on success      */
    bool verbose;       /* debug messages too                */
    bool json;          /* one object on stdout              */
    bool json_progress; /* progress as JSON lines on stderr  */
    bool profile;       /* print time per stage at the end   */
    bool dry_run;       /* plans only: may name an absent device, where a command has it */
} hl_common;

/* clang-format off */
#define HL_COMMON_DEFAULTS {.backend = HL_BACKEND_AUTO, .seed = 42}

/* One common row: type T holds a member `common`. */
#define HL_COMMON_ROW(T, name, kind, field, type, min, max, words, help) \
    {name, kind, HL_OPT_AT(T, common.field, type), min, max, words, false, true, help}

/* For every command. */
#define HL_BASIC_OPTIONS(T)                                                                    \
    HL_COMMON_ROW(T, "--config", HL_OPTION_TEXT, config, const char *, 0, 0, "FILE",           \
                  "read options from a JSON file; the command line wins"),                     \
    HL_COMMON_ROW(T, "--quiet", HL_OPTION_FLAG, quiet, bool, 0, 1, NULL,                       \
                  "nothing on stderr unless the command fails"),                               \
    HL_COMMON_ROW(T, "--verbose", HL_OPTION_FLAG, verbose, bool, 0, 1, NULL,                   \
                  "say more on stderr"),                                                       \
    HL_COMMON_ROW(T, "--json", HL_OPTION_FLAG, json, bool, 0, 1, NULL,                         \
                  "print one JSON object on stdout")

/* For commands that compute: the basic ones and these.  words: the backends that there are. */
#define HL_COMMON_OPTIONS_ON(T, words)                                                         \
    HL_COMMON_ROW(T, "--backend", HL_OPTION_CHOICE, backend, int32_t, 0, 0, words,             \
                  "device to compute on"),                                                     \
    HL_COMMON_ROW(T, "--threads", HL_OPTION_INT, threads, int32_t, 0, 256, NULL,               \
                  "threads, 0 for one per processor; results do not depend on it"),            \
    HL_COMMON_ROW(T, "--seed", HL_OPTION_INT64, seed, int64_t, 0, 9007199254740992.0, NULL,    \
                  "seed of every random choice"),                                              \
    HL_COMMON_ROW(T, "--json-progress", HL_OPTION_FLAG, json_progress, bool, 0, 1, NULL,       \
                  "progress as JSON lines on stderr"),                                         \
    HL_COMMON_ROW(T, "--profile", HL_OPTION_FLAG, profile, bool, 0, 1, NULL,                   \
                  "print the time of each stage at the end"),                                  \
    HL_BASIC_OPTIONS(T)
#define HL_COMMON_OPTIONS(T) HL_COMMON_OPTIONS_ON(T, "auto|cpu|cuda")
/* clang-format on */

/* Parses, then puts the common options to work: threads, log and progress on stderr, SIGINT and
 * SIGTERM.  False where the command is to return *code at once (help printed, or an error). */
bool hl_command_start(const hl_command_spec *spec, int argc, char **argv, void *options,
                      const hl_common *common, int *code);

/* What --backend says, as hl_raster_create takes it. */
const char *hl_command_backend(const hl_common *common);

/* Ends the progress line, prints "helio NAME: sentence" where `status` is a failure; the exit
 * code that belongs to it. */
int hl_command_end(const hl_command_spec *spec, hl_status status);

/* One line per span on stderr: name, seconds, share, calls. */
void hl_command_print_spans(const hl_spans *spans);

/* Prints the tree as one indented object on stdout and destroys it. */
hl_status hl_command_print_json(hl_json **root);

/* A row of main's table. */
typedef struct hl_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* the words after the name; returns an exit code */
} hl_command;

int hl_commands_run(const hl_command *commands, int count, int argc, char **argv);

#endif /* HL_CLI_COMMAND_H */
