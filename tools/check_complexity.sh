#!/bin/bash
# SPDX-License-Identifier: MIT
# check_complexity.sh [ROOT] -- no function above cyclomatic 20 or 120 lines (pmccabe); prints
# the ten most complex ones.  Exit 77 where pmccabe is absent.
set -u
root=${1:-$(dirname "$0")/..}
. "$(dirname "$0")/files.sh"
cd "$root" || exit 2
command -v pmccabe >/dev/null || { echo 'skipped: pmccabe is absent (apt: pmccabe)'; exit 77; }

# Columns of pmccabe: cyclomatic (a switch counts once), traditional, statements, line, lines, place.
list_files . | grep -E '\.(c|h)$' | xargs -r pmccabe 2>/dev/null | sort -rn | awk '
    NR <= 10 { printf "cyclomatic %2d, %3d lines: %s %s\n", $1, $5, $6, $7 }
    $1 > 20 { printf "%s %s: cyclomatic %d, limit 20\n", $6, $7, $1; bad = 1 }
    $5 > 120 { printf "%s %s: %d lines, limit 120\n", $6, $7, $5; bad = 1 }
    END { exit bad }'
