# SPDX-License-Identifier: MIT
# Photos that make no model, or two: what the table and the sentence say.
png() { # file, grey level
    python3 - "$1" "$2" <<'END'
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
w, h = 160, 120
rows = (b'\0' + bytes([int(sys.argv[2])]) * w) * h
open(sys.argv[1], 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 0, 0, 0, 0))
    + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
END
}
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
fails() {
    code=0
    "$HELIO" "$@" --quiet || code=$?
    [ $code -eq 1 ]
}
mkdir dark masks two
for i in 1 2 3; do png dark/$i.png 0; done
fails sfm dark -o none | grep -c 'too few features'
[ ! -e none/sparse ]

small="--samples 1 --bounces 0 --bare --quiet"
"$HELIO" synth -o corner --scene corner --views 8 --width 192 --height 144 $small >/dev/null
"$HELIO" synth -o still --scene still --views 14 --width 256 --height 192 $small >/dev/null
png masks/elsewhere.png 255
fails sfm corner -o none --masks masks
for s in corner still; do
    for f in $s/images/*; do cp $f two/${s}_${f##*/}; done
done
"$HELIO" sfm two -o out --quiet >table
grep -c 'in another model (1)' table
grep -o 'model [01]: [0-9]* of 22 photos' table
ls out/sparse
