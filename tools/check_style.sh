#!/bin/bash
# SPDX-License-Identifier: MIT
# check_style.sh [ROOT] -- what a reader would trip over and a compiler does not see.
# Prints one line per breach; exit 1 if there is one.
set -u
root=${1:-$(dirname "$0")/..}
tools=$(cd "$(dirname "$0")" && pwd)
. "$tools/files.sh"
cd "$root" || exit 2
bad=0
breach() {
    printf '%s\n' "$1"
    bad=1
}
mapfile -t text < <(list_files . | grep -v '^tests/fuzz/corpus/' |
    grep -E '\.(c|h|cu|cuh|cpp|glsl|sh|cmake|md|json|txt|in|py|yml)$|(^|/)(CMakeLists\.txt|\.clang-[a-z]+)$')
mapfile -t code < <(printf '%s\n' "${text[@]}" | grep -E '\.(c|h|cu|cuh)$')

report() { # report MESSAGE: one breach for each line of stdin
    while read -r line; do breach "$line: $1"; done
}

report 'tab' < <(grep -nP '\t' "${text[@]}" /dev/null | cut -d: -f1,2)
report 'trailing blank' < <(grep -nE ' +$' "${text[@]}" /dev/null | cut -d: -f1,2)
report 'carriage return' < <(grep -nP '\r' "${text[@]}" /dev/null | cut -d: -f1,2)
report 'invisible character' < <(LC_ALL=C.UTF-8 grep -nP \
    '[\x{00A0}\x{00AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}]' \
    "${text[@]}" /dev/null | cut -d: -f1,2)
report 'unfinished mark' < <(grep -nE '\b(TO''DO|FIX''ME|X''XX|HA''CK)\b' "${text[@]}" /dev/null |
    cut -d: -f1,2)

for f in "${text[@]}"; do
    [ -s "$f" ] || { breach "$f: empty file"; continue; }
    [ -z "$(tail -c1 "$f")" ] || breach "$f: no newline at the end"
    case $f in
    *.json | *.txt | *.in) [[ $f == *CMakeLists.txt || $f == *.h.in ]] || continue ;;
    esac
    head -n2 "$f" | grep -q 'SPDX-License-Identifier: MIT' || breach "$f: no SPDX line at the top"
done

for f in $(list_files . | grep -E '\.(cpp|cc|cxx|hpp)$'); do
    [ "$f" = viewer/ui_imgui.cpp ] || breach "$f: C++ outside viewer/ui_imgui.cpp"
done

[ ${#code[@]} -eq 0 ] || awk -f "$tools/style.awk" "${code[@]}" || bad=1

if command -v clang-format >/dev/null && [ ${#code[@]} -gt 0 ]; then
    report 'not clang-formatted' < <(clang-format --style=file --dry-run -Werror "${code[@]}" 2>&1 |
        sed -n 's/^\([^:]*:[0-9]*\):.*error:.*/\1/p' | sort -u | head -n 20)
fi

# Subjects of the commits about to land, or of the last one: "module: imperative summary".
if [ -e .git ] && git rev-parse -q --verify HEAD >/dev/null 2>&1; then
    while read -r hash subject; do
        [[ $subject =~ ^[a-z0-9_/,.\ -]+:\ [^\ ].*[^.]$ ]] && [ ${#subject} -le 72 ] ||
            breach "commit $hash: subject is not \"module: summary\" of at most 72 characters"
    done < <({
        git log --no-merges -n 1 --format='%h %s'
        git log --no-merges --format='%h %s' main..HEAD 2>/dev/null
    } | sort -u)
fi
exit $bad
