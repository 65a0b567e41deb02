#!/bin/bash
# SPDX-License-Identifier: MIT
# bench_sfm.sh [SET...] -- structure from motion: ours and, where it is installed, COLMAP (Debian
# package colmap) on the same photos, exhaustive pairs, one shared camera; intrinsics unknown, and
# known where the set has measured ones.  Prints one line a run, as a row of a Markdown table.
#
#   HELIO=build/helio tools/bench_sfm.sh gtpose/fountain-P11 photos/fox
#
# SET: a folder below DATA (../shared/data).  Reprojection error, track length and pose errors of
# both come from `helio poses`, which reads either's model.  CPU: user and system seconds of
# features, matching and mapping, and of all; MB: peak resident memory of the largest process.
# KEEP=FOLDER: models and figures of COLMAP stay there and are not made anew; TOOLS: which to run.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
helio=${HELIO:-$root/build/helio}
data=${DATA:-$root/../shared/data}
tools=${TOOLS:-helio colmap}
[ -d "$data" ] || { echo "bench_sfm: no test data at $data: skipped"; exit 77; }
[ -x "$helio" ] || { echo "bench_sfm: $helio is not built" >&2; exit 2; }
[ $# -gt 0 ] || set -- gtpose/fountain-P11 gtpose/entry-P10 gtpose/castle-P19 gtpose/dino48 \
    photos/fox photos/kitchen25
if ! command -v colmap >/dev/null; then
    echo "bench_sfm: colmap is not installed: its rows are skipped"
    tools=${tools/colmap/}
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
keep=${KEEP:-$work/keep}
export QT_QPA_PLATFORM=offscreen

# Runs a command; "CPU seconds, peak MB" go to $work/cost.
measure() {
    if ! /usr/bin/time -o "$work/time" -f '%U %S %M' "$@" >"$work/log" 2>&1; then
        echo "bench_sfm: failed: $*: $(tail -1 "$work/log")" >&2
        return 1
    fi
    tail -1 "$work/time" | awk '{ printf "%.1f %.0f\n", $1 + $2, $3 / 1024 }' >"$work/cost"
}

truth_of() { # set
    local folder
    for folder in "$data/$1/gt" "$data/$1/sparse" "$data/$1/sparse/0"; do
        [ -f "$folder/cameras.txt" ] || [ -f "$folder/cameras.bin" ] && echo "$folder" && return
    done
}

# A row from what `helio poses` says of the model against itself and against the truth.
row() { # set, tool, mode, model, features, matching, mapping, total, MB
    local truth photos said compared pose='- | - | -'
    truth=$(truth_of "$1")
    photos=$(find "$data/$1/images" -type f | wc -l)
    said=$("$helio" poses "$4" "$4" | sed -nE '1s/^[^:]*: ([0-9]+) of [0-9]+ photos, ([0-9]+) points, mean track ([0-9.]+), error ([0-9.]+ px).*/\1 of PHOTOS | \2 | \3 | \4/p')
    compared='s/.*centre ([^,]*), rotation ([^,]*) deg, AUC [^ ]+ [^ ]+ ([^ ]+) ([^ ]+) ([^ ]+) .*'
    [ -z "$truth" ] || pose=$("$helio" poses "$4" "$truth" |
        sed -nE "$compared/\1 | \2 deg | \3, \4, \5/p")
    echo "| ${1#*/} | $2 | $3 | ${said/PHOTOS/$photos} | $pose | $8 s ($5, $6, $7) | $9 MB |"
}

known_camera() { # set: fx,fy,cx,cy of its truth
    awk '!/^#/ { print $5 "," $6 "," $7 "," $8; exit }' "$data/$1/gt/cameras.txt"
}

ours() { # set, mode
    local set=$1 options=()
    [ "$2" = unknown ] || options=(--calibration "$data/$set/gt")
    rm -rf "$work/out"
    measure "$helio" sfm "$data/$set/images" -o "$work/out" --quiet --pairs exhaustive --no-cache \
        "${options[@]}" || return
    local cpu mb stages
    read -r cpu mb <"$work/cost"
    stages=$(sed -nE 's/.*features ([0-9.]+), matches ([0-9.]+), map ([0-9.]+).*/\1 \2 \3/p' \
        "$work/log")
    # shellcheck disable=SC2086
    row "$set" helio "$2" "$work/out/sparse/0" ${stages:-- - -} "$cpu" "$mb"
}

colmap_steps() { # set, mode, folder
    local camera=() fixed=()
    if [ "$2" = known ]; then
        camera=(--ImageReader.camera_model PINHOLE --ImageReader.camera_params "$(known_camera "$1")")
        fixed=(--Mapper.ba_refine_focal_length 0 --Mapper.ba_refine_extra_params 0)
    fi
    mkdir -p "$3/sparse"
    : >"$3/costs"
    measure colmap feature_extractor --database_path "$3/db" --image_path "$data/$1/images" \
        --ImageReader.single_camera 1 --SiftExtraction.use_gpu 0 "${camera[@]}" || return
    cat "$work/cost" >>"$3/costs"
    measure colmap exhaustive_matcher --database_path "$3/db" --SiftMatching.use_gpu 0 || return
    cat "$work/cost" >>"$3/costs"
    measure colmap mapper --database_path "$3/db" --image_path "$data/$1/images" \
        --output_path "$3/sparse" "${fixed[@]}" || return
    cat "$work/cost" >>"$3/costs"
    rm -f "$3/db"
    touch "$3/done"
}

# Of several models the one with most photos: COLMAP does not sort them.
largest() { # folder of models
    local model best='' most=0 n
    for model in "$1"/*/; do
        n=$("$helio" poses "$model" "$model" 2>/dev/null | sed -nE '1s/.*: ([0-9]+) of .*/\1/p')
        [ "${n:-0}" -gt "$most" ] && most=$n best=$model
    done
    echo "${best%/}"
}

theirs() { # set, mode
    local folder=$keep/$1-$2
    if [ ! -f "$folder/done" ]; then
        rm -rf "$folder"
        colmap_steps "$1" "$2" "$folder" || return
    fi
    # shellcheck disable=SC2046
    row "$1" colmap "$2" "$(largest "$folder/sparse")" $(awk '{ c[NR] = $1; s += $1
        if ($2 > m) m = $2 } END { print c[1], c[2], c[3], s, m }' "$folder/costs")
}

echo '| set | program | intrinsics | registered | points | mean track | error | centre |' \
    'rotation | AUC at 1, 3, 5 deg | processor (features, matching, mapping) | peak memory |'
echo '|---|---|---|---|---|---|---|---|---|---|---|---|'
for set; do
    [ -d "$data/$set/images" ] || { echo "bench_sfm: $set: no such set in $data" >&2; exit 2; }
    modes=unknown
    [ -f "$data/$set/gt/cameras.txt" ] && modes='unknown known'
    for mode in $modes; do
        [[ $tools = *helio* ]] && ours "$set" "$mode"
        [[ $tools = *colmap* ]] && theirs "$set" "$mode"
    done
done
exit 0
