# SPDX-License-Identifier: MIT
# Edits, camera paths and films by script: undo gives the picture back, export holds what is left,
# a path that was saved renders the same pictures by helio render; a photo is scored as helio eval
# does it.
"$HELIO" doctor | grep -q '^viewer *ok' || { echo 'skipped: built without the viewer'; exit 77; }
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
cat >edit.txt <<'SCRIPT'
size 64 48
screenshot a.png
select-outside -2 -3 -4 0 0 0
screenshot selected.png
delete
screenshot b.png
undo
undo
screenshot c.png
redo
redo
screenshot d.png
export left.ply
export left.spz
restore
crop 0 0 0 2 3 4
export other.ply
undo
undo
undo
undo
pick 32 24
path-add 1
orbit 40 0
path-add 1
orbit 40 10
path-add 2
path-time 2 1
path-fps 4
path-save path.json
film film
path-seconds 4
path-go 1
path-set 0
path-remove 1
path-at 0.5
path-play 1
path-clear
path-load path.json
path-make orbit
path-make spiral
path-make ellipse
path-make interp
undo
SCRIPT
for run in 1 2; do
    "$HELIO" view in.ply --headless --script edit.txt --raster cpu --json >report$run
    mkdir run$run
    mv [abcd].png selected.png film path.json left.* other.ply run$run
done
diff -r run1 run2 && echo 'the same twice'
cmp run1/a.png run1/c.png
cmp run1/b.png run1/d.png
cmp -s run1/a.png run1/selected.png || echo 'the selection is seen'
cmp -s run1/a.png run1/b.png || echo 'what is deleted is not'
for file in left.ply left.spz other.ply; do "$HELIO" info run1/$file --json | grep -c '"count":.*1'; done
grep -c '"splat":' report1
ls run1/film | wc -l
"$HELIO" render in.ply --camera-path run1/path.json -o frames --quiet >/dev/null
for i in 0 4 8; do cmp run1/film/0000$i.png frames/0000$i.png; done
printf 'path-fps 2\npath-load run1/path.json\nsize 64 48\nfilm film.mp4\n' >video.txt
if command -v ffmpeg >/dev/null; then
    "$HELIO" view in.ply --headless --script video.txt --raster cpu --quiet >/dev/null
    test -s film.mp4
fi
for bad in undo redo 'path-go 0' 'path-add 0' 'path-fps 0' 'path-seconds 3' 'path-make star' 'film x' \
    'path-load in.ply' 'path-save no/x.json' 'crop 1 1 1 0 0 0' 'export x.doc' 'wipe 2' 'wipe 0.5'; do
    printf '%s\n' "$bad" >bad.txt
    "$HELIO" view in.ply --headless --script bad.txt --raster cpu && exit 9
done
printf 'select-none\nselect-invert\ndelete\nexport x.ply\n' >bad.txt
"$HELIO" view in.ply --headless --script bad.txt --raster cpu && exit 9
"$HELIO" synth --views 6 --width 48 --height 36 --samples 1 --no-gt -o capture --quiet >/dev/null
"$HELIO" train capture -o out --iterations 20 --quiet >/dev/null
printf 'size 60 40\nwipe 0.5\ncamera 0\nscreenshot wipe.png\nwipe 0\nscreenshot no.png\nwipe 1\ncamera 1\n' >photo.txt
"$HELIO" view out --headless --script photo.txt --raster cpu --json >report
cmp -s wipe.png no.png || echo 'the photo covers'
"$HELIO" eval out --split all --quiet >/dev/null
psnr=$(grep photo_psnr report | tr -cd '0-9.,' | cut -c1-12)
grep -q "\"psnr\":.*$psnr" out/eval.json && echo 'as eval'
