/* SPDX-License-Identifier: MIT */
#include "cli/chain.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void hl_chain_start(hl_chain *chain, const char *name, const hl_common *common)
{
    *chain = (hl_chain){.name = name, .common = common};
}

void hl_chain_add(hl_chain *chain, const char *word)
{
    union {
        const char *constant;
        char *plain; /* argv is not const by tradition; commands do not write to it */
    } both = {word};
    if (chain->count < HL_CHAIN_WORDS)
        chain->argv[chain->count++] = both.plain;
}

void hl_chain_option(hl_chain *chain, const char *name, const char *value)
{
    if (!value)
        return;
    hl_chain_add(chain, name);
    hl_chain_add(chain, value);
}

void hl_chain_number(hl_chain *chain, const char *name, int64_t value)
{
    hl_chain_add(chain, name);
    if (chain->count == HL_CHAIN_WORDS)
        return;
    snprintf(chain->text[chain->count], sizeof chain->text[0], "%lld", (long long)value);
    hl_chain_add(chain, chain->text[chain->count]);
}

/* stdout to nowhere; what to give to unmute. */
static int mute(void)
{
    fflush(stdout);
    const int nowhere = open("/dev/null", O_WRONLY), saved = dup(STDOUT_FILENO);
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        close(nowhere);
    }
    return saved;
}

static void unmute(int saved)
{
    fflush(stdout);
    if (saved >= 0) {
        dup2(saved, STDOUT_FILENO);
        close(saved);
    }
}

int hl_chain_run(hl_chain *chain, int (*command)(int argc, char **argv))
{
    const hl_common *c = chain->common;
    hl_chain_number(chain, "--threads", c->threads);
    hl_chain_number(chain, "--seed", c->seed);
    if (c->quiet)
        hl_chain_add(chain, "--quiet");
    if (c->json_progress)
        hl_chain_add(chain, "--json-progress");
    if (!c->json) {
        printf("$ helio %s", chain->name);
        for (int i = 0; i < chain->count; i++)
            printf(" %s", chain->argv[i]);
        printf("\n");
        fflush(stdout);
        return command(chain->count, chain->argv);
    }
    const int saved = mute();
    const int code = command(chain->count, chain->argv);
    unmute(saved);
    return code;
}
