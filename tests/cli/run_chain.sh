# SPDX-License-Identifier: MIT
# helio run: one command from photos to scores, as text and as JSON; a failure of a step ends it.
"$HELIO" synth -o s --scene turntable --views 9 --width 96 --height 72 --samples 1 --bounces 0 \
    --quiet >/dev/null
"$HELIO" run s -o out --poses s --iterations 3 --quiet >text
grep -c '^\$ helio' text
ls out/sfm/sparse/0 out/sfm/report.json out/eval.json out/sheets
"$HELIO" run s -o json --poses s --iterations 3 --quiet --json >run.json
grep -q '"schema":.*helio.run/1' run.json
grep -q '"eval":.*json/eval.json' run.json
mkdir one && cp s/images/"$(ls s/images | head -1)" one/
code=0
"$HELIO" run one -o bad --quiet >/dev/null || code=$?
[ $code -eq 1 ] && [ ! -e bad/config.json ]
code=0
"$HELIO" run nowhere -o bad --quiet || code=$?
[ $code -eq 1 ]
