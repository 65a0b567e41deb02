# SPDX-License-Identifier: MIT
# Pictures of a path tracer (Blender Cycles) from its own surfaces: a room with strong bounces is
# told apart from one without them.
truth=$DATA/relight/nook
[ -d "$truth" ] || { echo "skipped: $truth is absent"; exit 77; }
truth=$(cd "$truth" && pwd)
mkdir data
for part in train_000 train_001 test_000 envmaps; do ln -s "$truth/$part" data/$part; done
light() {
    "$HELIO" relight data --gt-materials --env data/envmaps/city.hdr --spp 8 --vertex-samples 16 \
        --brdf principled --quiet -o "$@" >/dev/null
}
light with
light without --no-indirect
"$HELIO" eval with --data data --protocol helio -o scores --require 'relight.psnr>=33' --quiet \
    >scores.txt && echo with bounces: good
"$HELIO" eval without --data data --protocol helio -o scores --require 'relight.psnr>=28' --quiet \
    >/dev/null 2>&1 || echo without them: not
