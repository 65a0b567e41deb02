#!/bin/bash
# SPDX-License-Identifier: MIT
# bench_sfm.sh [SET...] -- structure from motion against ground truth: ours and, where it is
# installed, COLMAP (Debian package colmap) on the same photos, exhaustive pairs, one shared camera,
# intrinsics unknown and known.  Prints one line a run.  SET: a folder of ../shared/data/gtpose.
#
#   HELIO=build/helio tools/bench_sfm.sh fountain-P11 entry-P10
#
# CPU: user and system seconds of all steps together; MB: peak resident memory of the largest step.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
helio=${HELIO:-$root/build/helio}
data=${DATA:-$root/../shared/data}/gtpose
[ -d "$data" ] || { echo "bench_sfm: no test data at $data: skipped"; exit 77; }
[ -x "$helio" ] || { echo "bench_sfm: $helio is not built" >&2; exit 2; }
[ $# -gt 0 ] || set -- fountain-P11 entry-P10 castle-P19
command -v colmap >/dev/null || echo "bench_sfm: colmap is not installed: its rows are skipped"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs a command; adds its CPU seconds to $cpu, raises $mb.
measure() {
    local used
    if ! /usr/bin/time -o "$work/time" -f '%U %S %M' "$@" >"$work/log" 2>&1; then
        echo "bench_sfm: failed: $*: $(tail -1 "$work/log")" >&2
        return 1
    fi
    used=$(tail -1 "$work/time")
    cpu=$(awk -v c="$cpu" -v u="$used" 'BEGIN { split(u, a); print c + a[1] + a[2] }')
    mb=$(awk -v m="$mb" -v u="$used" 'BEGIN { split(u, a); k = a[3] / 1024; print (k > m ? k : m) }')
}

line() { # set, tool, mode, model
    printf '%s %s %s: ' "$1" "$2" "$3"
    "$helio" poses "$4" "$data/$1/gt" | sed 's/^[^:]*: //' | tr '\n' ' '
    printf '| %.1f CPU s, %.0f MB\n' "$cpu" "$mb"
}

ours() { # set, mode, options...
    local set=$1 mode=$2
    shift 2
    cpu=0 mb=0
    rm -rf "$work/out"
    measure "$helio" sfm "$data/$set/images" -o "$work/out" --quiet "$@" &&
        line "$set" helio "$mode" "$work/out/sparse/0"
}

theirs() { # set, mode
    local set=$1 camera=() fixed=()
    cpu=0 mb=0
    rm -rf "$work/colmap"
    mkdir -p "$work/colmap/sparse"
    if [ "$2" = known ]; then
        camera=(--ImageReader.camera_model PINHOLE --ImageReader.camera_params
            "$(awk '!/^#/ { print $5 "," $6 "," $7 "," $8; exit }' "$data/$set/gt/cameras.txt")")
        fixed=(--Mapper.ba_refine_focal_length 0 --Mapper.ba_refine_extra_params 0)
    fi
    export QT_QPA_PLATFORM=offscreen
    measure colmap feature_extractor --database_path "$work/colmap/db" \
        --image_path "$data/$set/images" --ImageReader.single_camera 1 \
        --SiftExtraction.use_gpu 0 "${camera[@]}" &&
        measure colmap exhaustive_matcher --database_path "$work/colmap/db" \
            --SiftMatching.use_gpu 0 &&
        measure colmap mapper --database_path "$work/colmap/db" --image_path \
            "$data/$set/images" --output_path "$work/colmap/sparse" "${fixed[@]}" &&
        line "$set" colmap "$2" "$work/colmap/sparse/0"
}

for set; do
    [ -d "$data/$set/gt" ] || { echo "bench_sfm: $set: no such set in $data" >&2; exit 2; }
    ours "$set" unknown
    ours "$set" known --calibration "$data/$set/gt"
    if command -v colmap >/dev/null; then
        theirs "$set" unknown
        theirs "$set" known
    fi
done
