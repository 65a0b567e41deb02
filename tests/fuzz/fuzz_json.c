/* SPDX-License-Identifier: MIT */
/* Any bytes either parse or fail with a sentence; what parses prints and parses again. */
#include "core/json.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hl_json *root = NULL;
    if (hl_json_parse(&root, (const char *)data, size, "fuzz") != HL_OK) {
        if (root || !hl_last_error()[0])
            abort();
        return 0;
    }
    double numbers[4];
    if (hl_json_need_numbers(root, "m", numbers, 4, "fuzz") != HL_OK && !hl_last_error()[0])
        abort();
    char *text = NULL;
    if (hl_json_print(root, false, &text) == HL_OK) {
        hl_json *again = NULL;
        if (hl_json_parse(&again, text, strlen(text), "again") != HL_OK)
            abort();
        hl_json_destroy(&again);
        hl_free(text);
    }
    hl_json_destroy(&root);
    return 0;
}
