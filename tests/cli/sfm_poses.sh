# SPDX-License-Identifier: MIT
# Known poses, found by name: read the way that fits the matches, whatever the file mixed up, and
# said in one line.  Names that are no photos here, and photos without a pose, are told.
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
"$HELIO" synth -o s --scene corner --views 10 --width 192 --height 144 --samples 1 --bounces 0 \
    --quiet >/dev/null
cp -r s/sparse/0 colmap
cat >mix.py <<'END'
import json
t = json.load(open('s/transforms.json'))
def turn(m):  # columns y and z
    return [[r[0], -r[1], -r[2], r[3]] for r in m]
def inverse(m):
    eye = [-sum(m[k][i] * m[k][3] for k in range(3)) for i in range(3)]
    return [[m[0][i], m[1][i], m[2][i], eye[i]] for i in range(3)] + [[0, 0, 0, 1]]
def around(m):
    return [[r[1], r[2], r[0], r[3]] for r in m]
def write(name, change):
    u = json.loads(json.dumps(t))
    for f in u['frames']:
        f['transform_matrix'] = change(f['transform_matrix'])
    json.dump(u, open(name, 'w'))
write('gl_c2w.json', lambda m: m)
write('gl_w2c.json', inverse)
write('cv_c2w.json', turn)
write('cv_w2c.json', lambda m: inverse(turn(m)))
write('nonsense.json', around)
for k, f in enumerate(t['frames']):
    f['file_path'] = f['file_path'] if k < 6 else f'images/other_{k}.png'
json.dump(t, open('partly.json', 'w'))
for k, f in enumerate(t['frames']):
    f['file_path'] = f'images/other_{k}.png'
json.dump(t, open('unknown.json', 'w'))
END
python3 mix.py
for poses in colmap gl_c2w.json gl_w2c.json cv_c2w.json cv_w2c.json nonsense.json partly.json; do
    echo "== $poses"
    "$HELIO" sfm s -o out --cache cache --poses $poses >table 2>log
    grep -h -e 'poses: t' -e 'no pose for photo .*06' -e 'left out, their' log
    sed -n 's/^\(model 0: [0-9]* of [0-9]* photos\).*/\1/p' table
    [ $poses = nonsense.json ] && continue
    rotation=$("$HELIO" poses out/sparse/0 s/sparse/0 | sed -n 's/.*rotation \([0-9.e-]*\).*/\1/p')
    awk -v r="$rotation" 'BEGIN { exit !(r != "" && r < 1e-4) }' || echo "rotation error $rotation deg"
done
code=0
"$HELIO" sfm s -o none --cache cache --poses unknown.json --quiet || code=$?
echo "exit $code, $([ -e none ] && echo something || echo nothing) written"
