# SPDX-License-Identifier: MIT
# A table with a box on it, under a sun, a lamp and a panel: pictures appear, parts apart;
# the same bytes for any thread count.
cat >scene.obj <<'END'
v -2 -2 0
v 2 -2 0
v 2 2 0
v -2 2 0
v -0.5 -0.5 0.5
v 0.5 -0.5 0.5
v 0.5 0.5 0.5
v -0.5 0.5 0.5
f 1 2 3
f 1 3 4
f 5 6 7
f 5 7 8
END
for threads in 1 3; do
    "$HELIO" relight scene.obj -o out$threads --sun 1,0,1,3 --lamp 0,1,2,0.2,5 \
        --panel 0,0,3,1,0,0,0,-1,0,2 --views 2 \
        --size 24x20 --spp 8 --bounces 2 --vertex-samples 16 --quiet --threads $threads \
        --outputs color,direct,indirect,shadow | head -n1 | cut -d: -f1
done
ls out1/00000 out1 | tr '\n' ' '
echo
cmp out1/00001/rgba_lamps.exr out3/00001/rgba_lamps.exr && echo same bytes
