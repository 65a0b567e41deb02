# SPDX-License-Identifier: MIT
# Sourced by the lints: list_files ROOT prints the paths of the tree below ROOT, one a line and
# relative to it; what git ignores is left out.
list_files() {
    if [ -e "$1/.git" ] && command -v git >/dev/null; then
        git -C "$1" ls-files --cached --others --exclude-standard | while read -r f; do
            [ -e "$1/$f" ] && printf '%s\n' "$f"
        done
    else
        (cd "$1" && find . -type f -not -path './build*' | sed 's|^\./||')
    fi | LC_ALL=C sort -u
}
