#!/bin/bash
# SPDX-License-Identifier: MIT
# demo.sh [FOLDER] -- a bare Debian 12 to pictures: packages, build, helio demo.  The last lines are
# the paths of the pictures.
set -eu
cd "$(dirname "$0")"
out=${1:-demo}
tools/deps.sh --build
[ -e build/build.ninja ] || cmake -B build -G Ninja -DHL_TESTS=OFF >/dev/null
cmake --build build --target helio
build/helio demo -o "$out"
find "$out" -maxdepth 2 -name '*.png' | sort
