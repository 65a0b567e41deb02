# SPDX-License-Identifier: MIT
# A script without a window: the same pictures twice, every action, and what is wrong with a script.
"$HELIO" doctor | grep -q '^viewer *ok' || { echo 'skipped: built without the viewer'; exit 77; }
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
tiny_ply other.ply
cat >all.txt <<'SCRIPT'
# every action
size 64 48
frame
screenshot a.png
orbit 30 10   # degrees
move 0.1 0 0.1
dolly 0.5
fov 40
background 1 0.5 0
degree 0
scale 0.5
antialias 1
panels 0
help 1
wait 2
screenshot b.png
degree 3
scale 1
open other.ply
screenshot c.png
size 1 1
screenshot d.png
size 32 24
grid 1
tool brush
tool camera
intensity 2
light-sun 0 -1 0 1 1 1
light-point 1 2 3 4 5 6
light-size 1 0.5
light-set 1 0 0 0 1 1 1
light-size 1 0
sun 1 0 0 2 2 2
light-remove 0
undo
screenshot e.exr
show depth
screenshot f.exr
show normal
screenshot g.png
SCRIPT
# Names: one folder for all, numbers where a name is taken.
mkdir shots
printf '%s\n' 'size 32 24' 'folder shots' 'screenshot-new a.png' 'screenshot-new a.png' 'screenshot-new a.png' \
    'export x.spz' 'path-add 1' 'path-save p.json' 'path-clear' 'path-load p.json' \
    'film f' 'folder f' 'screenshot-new b.exr' 'folder ..' 'open x.spz' 'screenshot a.png' 'folder ~/f' \
    'screenshot c.jpg' "screenshot $PWD/d.png" >names.txt
HOME=$PWD/shots "$HELIO" view in.ply --headless --script names.txt --raster cpu --quiet
(cd shots && find . -type f | LC_ALL=C sort)
rm d.png
for run in 1 2; do
    "$HELIO" view in.ply --headless --script all.txt --raster cpu
    mkdir run$run
    mv [abcdg].png [ef].exr run$run
done
cmp run1/a.png run2/a.png
diff -r run1 run2
cmp run1/a.png run1/c.png
cmp -s run1/a.png run1/b.png || echo 'a and b differ'
printf 'quit\nnonsense\n' >quit.txt
"$HELIO" view in.ply --headless --script quit.txt --raster cpu --json | grep -c '"splats":.*2'
for bad in 'dance' 'orbit 1' 'orbit 1 2 3' 'size 0 10' 'camera 0' 'scale nan' 'screenshot' \
    'open missing.ply' 'grab x.png' 'show nothing' 'environment no.hdr' 'exposure 99' 'tone red' \
    'folder nowhere' 'folder in.ply' 'screenshot nowhere/a.png' 'screenshot-new nowhere/a.exr' 'export no/x.ply' \
    'screenshot /proc/a.png' \
    'sun 0 0 0 1 1 1' 'light-set 0 1 1 1 1 1 1' 'light-size 0 1' 'light-remove 0' 'intensity -1' 'tool saw'; do
    printf '\n%s\n' "$bad" >bad.txt
    "$HELIO" view in.ply --headless --script bad.txt --raster cpu && exit 9
done
"$HELIO" view in.ply --headless --script missing.txt --raster cpu && exit 9
"$HELIO" view in.ply --headless && exit 9
head -c 100 in.ply >cut.ply
"$HELIO" view cut.ply --headless --script quit.txt && exit 9
env -u DISPLAY -u WAYLAND_DISPLAY "$HELIO" view in.ply
