# SPDX-License-Identifier: MIT
# What is no capture, or cannot become a model, ends with one sentence.
fails() {
    code=0
    "$HELIO" "$@" --quiet || code=$?
    [ $code -eq "$want" ]
}
"$HELIO" synth -o s --scene turntable --views 3 --width 96 --height 72 --samples 1 --bounces 0 \
    --bare --quiet >/dev/null
want=1
mkdir empty one same black
fails sfm nowhere -o out
fails sfm empty -o out
cp s/images/view_0000.png one/
fails sfm one -o out
cp one/view_0000.png same/a.png && cp one/view_0000.png same/b.png
fails sfm same -o out >/dev/null
head -c 300 one/view_0000.png >black/a.png && cp one/view_0000.png black/b.png
fails sfm black -o out >/dev/null
fails sfm s -o out --poses one >/dev/null
fails poses s/images one
want=2
fails sfm s
fails sfm s -o out --pairs all
fails sfm s -o out --camera-model lens
