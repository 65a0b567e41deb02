# SPDX-License-Identifier: MIT
# One capture by one thread and by three: the same bytes, and the files that docs/formats.md lists.
small="--scene turntable --views 9 --width 48 --height 36 --samples 4 --bounces 0 --points 50"
# shellcheck disable=SC2086
"$HELIO" synth -o one $small --threads 1 --quiet
# shellcheck disable=SC2086
"$HELIO" synth -o three $small --threads 3 --quiet --json >report.json
diff -r one three
(cd one && find . -name '*0003*' -o -type f ! -name '*_0*' | LC_ALL=C sort)
grep -q '"views":.*9' report.json
grep -q '"points":.*50' report.json
