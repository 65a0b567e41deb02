# SPDX-License-Identifier: MIT
# Bad command lines end with 2, work that fails with 1, and one sentence each.
for bad in "--views 0" "--width 7" "--height 100000" "--samples 5" "--scene moon" "--points -1"; do
    code=0
    # shellcheck disable=SC2086
    "$HELIO" synth -o x $bad || code=$?
    [ $code -eq 2 ]
done
code=0
"$HELIO" synth --views 2 || code=$?
[ $code -eq 2 ]
touch file
code=0
"$HELIO" synth -o file/inside --scene turntable --views 1 --width 8 --height 8 --bounces 0 --quiet || code=$?
[ $code -eq 1 ]
[ ! -e x ]
