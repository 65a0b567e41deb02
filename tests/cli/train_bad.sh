# SPDX-License-Identifier: MIT
# Every bad input ends with one sentence and code 1; nothing is printed on stdout.
try() { "$HELIO" train "$@" --quiet && exit 9 || [ $? -eq 1 ]; }
mkdir empty
try empty -o out
try no_such_folder -o out
mkdir -p broken/sparse/0 broken/images
printf 'abc' >broken/sparse/0/cameras.bin
printf 'abc' >broken/sparse/0/images.bin
try broken -o out
try broken -o out --multi-view
printf '{"cap": -1}' >knobs.json
