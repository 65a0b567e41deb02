#!/bin/bash
# SPDX-License-Identifier: MIT
# check_docs.sh HELIO -- documentation cannot rot: every subcommand and every option that the
# README and docs/ use exists, and every file they point at exists.
set -u
helio=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
bad=0
known=$("$helio" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
for page in README.md CONTRIBUTING.md docs/*.md; do
    [ -e "$page" ] || continue
    # Lines of code blocks that call helio: "helio CMD --a B" or "build/helio CMD --a B".
    while read -r line; do
        words=${line#*helio }
        command=${words%% *}
        [[ $command == --* ]] && continue
        if ! grep -qx -- "$command" <<<"$known"; then
            echo "$page: helio $command does not exist: $line"
            bad=1
            continue
        fi
        help=$("$helio" "$command" --help)
        for option in $(grep -oE -- '--[a-z][a-z-]*' <<<"${words%%#*}"); do
            grep -qE -- "(^|[ ,])$option( |\$)" <<<"$help" ||
                { echo "$page: helio $command has no option $option: $line"; bad=1; }
        done
    done < <(awk '/^```/ {code = !code; next} code && /(^|[ \/])helio [a-z]/' "$page")
    # Relative links.
    while read -r target; do
        [ -e "$(dirname "$page")/${target%%#*}" ] || { echo "$page: broken link $target"; bad=1; }
    done < <(grep -oE '\]\([^)#:]+(#[^)]*)?\)' "$page" | sed 's/^](//; s/)$//')
done
exit $bad
