# SPDX-License-Identifier: MIT
# A capture with ground truth, scored against itself and against itself with one map exchanged.
"$HELIO" synth -o truth --layout tensoir --views 9 --width 48 --height 48 --samples 1 --points 0 --quiet >/dev/null
cp -r truth maps
rm -r maps/train_*
"$HELIO" eval maps --protocol helio --data truth -o self --sheet --quiet \
    --require 'relight.psnr>=100,albedo.psnr>=100,normal.mae_deg<=0.05,roughness.mse<=0'
ls self self/sheets
for rules in tensoir gsir r3dg irgs orb; do
    "$HELIO" eval maps --protocol $rules --data truth -o $rules --quiet --require 'albedo.psnr>=100' |
        grep -o '^protocol [a-z0-9]*'
    grep -c "\"protocol\":.*\"$rules\"" $rules/eval.json
done
# One wrong map, one that is missing, one light that nobody took.
first=$(ls maps | grep test_ | head -n 1)
last=$(ls maps | grep test_ | tail -n 1)
cp "maps/$first/rgba.png" "maps/$last/rgba.png"
cp "maps/$first/rgba.png" "truth/$first/rgba_city.png"
rm maps/*/rough.exr
"$HELIO" eval maps --protocol helio --data truth -o worse --quiet | grep -A 1 object
grep -c 'no rough.exr among the maps' worse/eval.json
grep -c 'no rgba_city.png or .exr among the maps' worse/eval.json
fail() {
    if "$HELIO" eval "$@" --quiet >/dev/null; then echo "not refused: $*"; fi
}
fail maps --protocol helio
fail maps --protocol helio --data self
fail self --protocol helio --data truth
fail maps --protocol helio --data truth --require 'roughness.mse<=1'
fail maps --protocol helio --data truth --require 'relight.psnr>=99'
fail maps --protocol helio --data truth --require 'relight.psnr'
