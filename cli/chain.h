/* SPDX-License-Identifier: MIT */
/* cli/chain.h -- commands that run other commands, as a user would type them.
 *
 *     hl_chain c;
 *     hl_chain_start(&c, "train", &options->common);
 *     hl_chain_add(&c, folder);
 *     hl_chain_number(&c, "--iterations", 700);
 *     code = hl_chain_run(&c, hl_cmd_train);
 */
#ifndef HL_CLI_CHAIN_H
#define HL_CLI_CHAIN_H

#include "cli/command.h"

#define HL_CHAIN_WORDS 48

typedef struct hl_chain {
    const char *name;
    const hl_common *common;
    int count;
    char *argv[HL_CHAIN_WORDS];
    char text[HL_CHAIN_WORDS][24]; /* numbers */
} hl_chain;

void hl_chain_start(hl_chain *chain, const char *name, const hl_common *common);

/* Words are borrowed until the run; those beyond HL_CHAIN_WORDS are dropped. */
void hl_chain_add(hl_chain *chain, const char *word);
/* Nothing where value is NULL. */
void hl_chain_option(hl_chain *chain, const char *name, const char *value);
void hl_chain_number(hl_chain *chain, const char *name, int64_t value);

/* Passes threads, seed and the manner of progress on; prints the line, then runs it.  With --json
 * neither the line nor the command's own report is printed.  Returns the command's exit code. */
int hl_chain_run(hl_chain *chain, int (*command)(int argc, char **argv));

#endif /* HL_CLI_CHAIN_H */
