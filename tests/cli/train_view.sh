# SPDX-License-Identifier: MIT
# Training that is looked at gives the bytes of training that is not; what is seen changes.
"$HELIO" doctor | grep -q '^viewer *ok' || { echo 'skipped: built without the viewer'; exit 77; }
"$HELIO" synth --views 6 --width 48 --height 36 --samples 1 --points 400 --no-gt -o data --quiet >/dev/null
cat >look.txt <<'SCRIPT'
size 64 48
screenshot first.png
light-point 0 0 0 1 1 1
path-add 1
follow
light-set 0 1 0 0 1 1 1
path-go 0
camera 0
screenshot later.png
wipe 0.5
screenshot photo.png
follow
follow
follow
screenshot last.png
SCRIPT
for view in no yes; do
    seen=
    [ $view = yes ] && seen='--view-script look.txt'
    # shellcheck disable=SC2086
    "$HELIO" train data -o $view --iterations 200 --max-gaussians 1500 --save-every 100 --quiet --backend cpu $seen >/dev/null
    sed -i 's/,"seconds.*//' $view/log.jsonl
done
cmp no/log.jsonl yes/log.jsonl
for file in point_cloud/iteration_200/point_cloud.ply ckpt/step_100.helio ckpt/step_200.helio; do
    cmp no/$file yes/$file
done
cmp -s first.png last.png || echo 'the picture changed'
cmp -s later.png photo.png || echo 'the photo covers'
printf 'follow\ndance\n' >bad.txt
"$HELIO" train data -o bad --iterations 20 --quiet --view-script bad.txt >/dev/null && exit 9
test -s bad/point_cloud/iteration_20/point_cloud.ply
env -u DISPLAY -u WAYLAND_DISPLAY "$HELIO" train data -o unseen --iterations 20 --view >/dev/null
test -s unseen/point_cloud/iteration_20/point_cloud.ply
