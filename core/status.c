/* SPDX-License-Identifier: MIT */
#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_BYTES = 1024 };

static _Thread_local char sentence[SENTENCE_BYTES];

/* One sentence on one line, whatever names a hostile file put into it. */
static void blank_controls(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

/* In brackets: the name is also a macro where the analyzer reads core/status.h. */
hl_status(hl_fail)(hl_status status, const char *format, ...)
{
    char text[SENTENCE_BYTES]; /* the arguments may point into `sentence` */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    blank_controls(text);
    memcpy(sentence, text, sizeof text);
    return status;
}

hl_status(hl_fail_context)(hl_status status, const char *format, ...)
{
    char context[SENTENCE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    blank_controls(context);

    const size_t head = strlen(context), tail = strlen(sentence), room = sizeof sentence - 1;
    if (head + 2 >= room) {
        memcpy(sentence, context, sizeof sentence);
        return status;
    }
    const size_t kept = tail < room - head - 2 ? tail : room - head - 2;
    memmove(sentence + head + 2, sentence, kept);
    memcpy(sentence, context, head);
    memcpy(sentence + head, ": ", 2);
    sentence[head + 2 + kept] = 0;
    return status;
}

const char *hl_last_error(void)
{
    return sentence;
}

const char *hl_status_name(hl_status status)
{
    switch (status) {
    case HL_OK:
        return "ok";
    case HL_E_ARG:
        return "argument";
    case HL_E_MEMORY:
        return "memory";
    case HL_E_IO:
        return "io";
    case HL_E_FORMAT:
        return "format";
    case HL_E_BACKEND:
        return "backend";
    case HL_E_INTERRUPT:
        return "interrupted";
    }
    return "unknown";
}
