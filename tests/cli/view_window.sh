# SPDX-License-Identifier: MIT
# A window on a virtual display, with validation: resizes, panels, a dropped file, the mouse; what
# the window shows is the picture, byte for byte, and the picture is that of no window at all.
for tool in Xvfb xdotool; do
    command -v $tool >/dev/null || { echo "skipped: $tool is absent"; exit 77; }
done
"$HELIO" doctor | grep -q '^vulkan *ok' || { echo 'skipped: no Vulkan device'; exit 77; }
. "$ROOT/tests/cli/tiny_ply.sh"
tiny_ply in.ply
XDG_RUNTIME_DIR=$PWD
export XDG_RUNTIME_DIR
# -noreset: else it starts anew whenever its last window closes, and turns the next one away.
Xvfb -displayfd 3 -screen 0 640x480x24 -nolisten tcp -noreset 3>number 2>/dev/null &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do [ -s number ] && break; sleep 0.1; done
DISPLAY=:$(cat number)
export DISPLAY
{
    echo 'panels 0'
    for i in $(seq 20); do printf 'size %d %d\nwait 1\n' $((60 + 37 * i % 300)) $((50 + 53 * i % 200)); done
    printf 'size 200 150\nwait 4\nframe\norbit 20 5\nwait 1\ngrab window.png\nscreenshot picture.png\n'
    printf 'open in.ply\npanels 1\nhelp 1\nwait 3\ngrab panels.png\nquit\n'
} >script.txt
"$HELIO" view in.ply --width 200 --height 150 --script script.txt --raster quads --validate \
    >report
grep -c 'quads (asked for by name)' report
cmp window.png picture.png
cmp -s window.png panels.png || echo 'panels are over the picture'
{
    printf 'size 200 150\nframe\norbit 20 5\nscreenshot alone.png\nsky 1\nmaterial 0.3 0.5\n'
    printf 'sun 0 -1 -1 2 2 2\nopen sky.hdr\nturn 90\nexposure 0.5\ntone aces\nscreenshot lit.png\n'
    for show in albedo normal roughness metal depth alpha light; do
        printf 'show %s\nscreenshot %s.png\n' $show $show
    done
} >alone.txt
printf '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 2\n\200\100\040\201\040\100\200\201' >sky.hdr
"$HELIO" view in.ply --headless --script alone.txt --raster quads --validate >report
cmp picture.png alone.png
cmp -s lit.png alone.png || echo 'lit'
# Tier T0: no Vulkan at all.  OpenGL shows what the processor draws, at any size.
{
    printf 'panels 0\n'
    for size in '1 1' '2 300' '300 2' '200 150'; do printf 'size %s\nwait 1\n' "$size"; done
    printf 'frame\norbit 20 5\nwait 1\ngrab window_gl.png\nscreenshot picture_gl.png\n'
    printf 'show normal\nwait 1\ngrab normal_gl.png\nscreenshot normal.png\npanels 1\nhelp 1\n'
    printf 'tool box\ngrid 1\nlight-point 0 0 0 1 1 1\npath-make orbit\npath-play 1\n'
    printf 'wait 3\ngrab panels_gl.png\nquit\n'
} >gl.txt
VK_ICD_FILENAMES=$PWD/none.json VK_DRIVER_FILES=$PWD/none.json "$HELIO" view in.ply --script gl.txt \
    --width 200 --height 150 >report 2>log
grep -o 'OpenGL shows' log
cmp window_gl.png picture_gl.png
cmp normal_gl.png normal.png
cmp -s panels_gl.png normal.png || echo 'panels too'
# A hand: dragging turns the scene, P saves it, Esc closes.
"$HELIO" view in.ply --width 200 --height 150 --raster cpu >report &
viewer=$!
window=$(timeout 20 xdotool search --sync --name Heliograph | head -n 1)
press() { xdotool key --window "$window" "$1"; }
# until FILE: saves the picture until it is FILE's, 10 seconds at most.
until_same() {
    for _ in $(seq 100); do
        rm -f screenshot*.png
        press p
        sleep 0.1
        cmp -s screenshot.png "$1" && return 0
    done
    return 1
}
press h
printf 'size 200 150\nscreenshot start.png\nopen sky.hdr\nscreenshot sky.png\n' >start.txt
printf 'size 200 150\nopen other.ply\nscreenshot other.png\n' >other.txt
sed 's/^1 2 3 /2 1 0 /' in.ply >other.ply
"$HELIO" view in.ply --headless --script start.txt --raster cpu >report
"$HELIO" view in.ply --headless --script other.txt --raster cpu >report
until_same start.png && echo 'the window shows the scene'
drop=$(dirname "$HELIO")/tests/cli/drop_files
if [ -x "$drop" ]; then
    "$drop" "$window" 100 75 sky.hdr
    until_same sky.png || echo 'the dropped sky does not light the scene'
    "$drop" "$window" 100 75 other.ply
    press 1
    until_same other.png || echo 'the dropped splats are not shown'
fi
xdotool mousemove --window "$window" 150 120 sleep 0.2 mousedown 1 sleep 0.2 \
    mousemove_relative 20 10 sleep 0.2 mouseup 1 sleep 0.2 key --window "$window" p sleep 0.3 \
    key --window "$window" Escape || true # it is gone
wait $viewer
newest=$(ls -t screenshot*.png | head -n 1)
cmp -s "$newest" other.png || echo 'the mouse turned the scene'
# Names that are typed: no key is a command meanwhile; what is there is not replaced unasked.
xdotool keyup Escape # it went down in the window that it closed
mkdir shots
"$HELIO" view in.ply --width 600 --height 400 --raster cpu >report &
viewer=$!
window=$(timeout 20 xdotool search --sync --all --pid $viewer --name Heliograph | head -n 1)
sleep 0.5
# name TEXT: types the name of the screenshot and Enter, as fast as it can be typed.
name() {
    press ctrl+s
    xdotool type --window "$window" --delay 20 "$1"
    press Return
}
name shots/p1hq.png
for _ in $(seq 200); do [ -s shots/p1hq.png ] && break; sleep 0.1; done
head -c 4 shots/p1hq.png >kept.png
cp kept.png shots/p1hq.png
name p1hq.png
for _ in $(seq 100); do # Escape is text, too, until the name is entered
    kill -0 $viewer 2>/dev/null || break
    sleep 0.3
    press Escape 2>/dev/null || true
done
wait $viewer
cmp kept.png shots/p1hq.png && echo 'kept'
ls shots
