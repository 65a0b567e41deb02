# SPDX-License-Identifier: MIT
# Every command has a help text with a usage line, and a summary in helio --help.
commands=$("$HELIO" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ -n "$commands" ]
for command in $commands; do
    "$HELIO" "$command" --help >help
    grep -q "^helio $command: ." help || echo "$command: no summary"
    grep -q "^usage: helio $command" help || echo "$command: no usage line"
    "$HELIO" "$command" -h >short
    cmp help short
    awk -v c="$command" 'length($0) > 100 {print c ": longer than 100 columns: " $0}' help
    # Every option says its type, range and default.
    awk -v c="$command" '
        function flush() {
            if (row != "" && row !~ /(default .*|required)\)$/) print c ": no default: " row
            row = ""
        }
        /^  (-o, )?--/ { flush(); row = $0; next }
        /^   +/ { if (row != "") row = row " " $0; next }
        { flush() }
        END { flush() }' help
done
