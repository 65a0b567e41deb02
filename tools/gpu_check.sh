#!/bin/bash
# SPDX-License-Identifier: MIT
# gpu_check.sh [--quick] [PART...] -- everything that only a machine with an NVIDIA GPU can show, and
# a table of it.  Parts, all by default: tests sanitizer bench curve presets.
#
#   tests      build, and ctest -R backends on the device
#   sanitizer  compute-sanitizer memcheck and racecheck on the kernels' cases and a few steps
#   bench      helio bench raster and train, deterministic too; gsplat on the same splats, cameras
#              and photos where it is importable: random, fox, chair, the points of garden
#   curve      1,000 steps on the CPU and on the GPU: losses within 1 %
#   presets    fox, presets fast and quality: PSNR, SSIM, LPIPS, splats, seconds, memory
#
# Clones and downloads nothing.  What cannot run says "skipped" and why; exit 0 unless something
# that ran failed.  --quick: smaller numbers and no preset quality, for 12 minutes in all.
#   HELIO=build/helio  DATA=../shared/data  OUT=FOLDER (kept; else a temporary one)
# shellcheck disable=SC2317 # the parts are called by name
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
helio=${HELIO:-$build/helio}
data=${DATA:-$root/../shared/data}
quick=0
parts=
for word in "$@"; do
    case $word in
    --quick) quick=1 ;;
    tests | sanitizer | bench | curve | presets) parts="$parts $word" ;;
    *)
        sed -n '3,17s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
    esac
done
parts=${parts:-tests sanitizer bench curve presets}
if [ -n "${OUT:-}" ]; then
    out=$OUT
    mkdir -p "$out" || exit 2
else
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
fi
failed=0
table=$out/table.txt
: >"$table"

say() { printf '%s\n' "$*" | tee -a "$table"; }
skip() { say "skipped: $*"; }
fail() {
    say "FAILED: $*"
    failed=1
}

# A value of a JSON file by a path of keys; nothing where it is not there.
value_of() { # file key...
    local file=$1
    shift
    python3 - "$file" "$@" <<'PY' 2>/dev/null
import json, sys
node = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    node = node[key]
print(f"{node:.4g}" if isinstance(node, float) else node)
PY
}

# Runs a command; its output goes to $out/NAME.log.
run() { # name command...
    local name=$1
    shift
    "$@" >"$out/$name.log" 2>&1
}

device=
command -v nvidia-smi >/dev/null && device=$(nvidia-smi -L 2>/dev/null | head -n 1)
if [ -z "$device" ]; then
    for part in $parts; do
        skip "$part: no NVIDIA GPU on this machine"
    done
    exit 0
fi
say "$device"
if [ ! -x "$helio" ]; then
    { cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DHL_CUDA=ON &&
        cmake --build "$build"; } >"$out/build.log" 2>&1 || {
        fail "build: $(tail -n 1 "$out/build.log")"
        exit 1
    }
fi
say "$("$helio" --version)"
if ! "$helio" bench raster --backend cuda --splats 100 --size 64x64 --repeat 1 --quiet \
    >"$out/first.log" 2>&1; then
    fail "first picture: $(tail -n 1 "$out/first.log")"
    exit 1
fi
have_python=0
python3 -c 'import json' 2>/dev/null && have_python=1

check_tests() {
    say "== tests"
    [ -d "$build/tests/backends" ] || {
        skip "tests: $build holds no tests"
        return
    }
    run tests ctest --test-dir "$build" -R backends --output-on-failure ||
        fail "tests: see $out/tests.log"
    say "$(grep 'tests passed' "$out/tests.log")"
    run cases "$build/tests/backends/test_backend_cases" bench
    grep -h 'cuda .*forward' "$out/cases.log" | tee -a "$table"
}

check_sanitizer() {
    local sanitizer tool
    say "== sanitizer"
    sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
    [ -x "$sanitizer" ] || {
        skip "sanitizer: compute-sanitizer is not installed"
        return
    }
    for tool in memcheck racecheck initcheck synccheck; do
        [ $quick = 0 ] || [ $tool = memcheck ] || [ $tool = racecheck ] || continue
        run "$tool-cases" "$sanitizer" --tool $tool --error-exitcode 9 \
            "$build/tests/backends/test_backend_cases" cuda &&
            { [ $tool != memcheck ] || # the other tools take minutes over it
                run "$tool-steps" "$sanitizer" --tool $tool --error-exitcode 9 \
                    "$build/tests/backends/test_gpu_train" cuda; } &&
            run "$tool-train" "$sanitizer" --tool $tool --error-exitcode 9 "$helio" bench train \
                --backend cuda --splats 3000 --size 160x120 --steps 3 --deterministic &&
            say "$tool: clean" || fail "$tool: see $out/$tool-*.log"
    done
}

# Splats that a short training gives, with their cameras: real distributions.
trained_scene() { # name capture
    local steps=2000
    [ $quick = 0 ] || steps=1000
    [ -d "$data/$2" ] || {
        skip "bench $1: $data/$2 is absent"
        return 1
    }
    run "scene-$1" "$helio" train "$data/$2" -o "$out/$1" --backend cuda --iterations $steps \
        --quiet || {
        fail "bench $1: $(tail -n 1 "$out/scene-$1.log")"
        return 1
    }
    set -- "$1" "$out/$1"/point_cloud/iteration_*/point_cloud.ply
    cp "$2" "$out/$1.ply"
    cp "$out/$1/cameras.json" "$out/$1-cameras.json"
}

garden_scene() {
    local file=$data/reference/garden_points/test_garden.npz
    [ -f "$file" ] || {
        skip "bench garden: $file is absent"
        return 1
    }
    python3 "$root/tools/garden_scene.py" "$file" "$out/garden.ply" "$out/garden-cameras.json" \
        >"$out/garden.log" 2>&1 && return
    skip "bench garden: $(tail -n 1 "$out/garden.log")"
    return 1
}

row() { # name json
    say "$(printf '%-8s %9s splats %9s ms/step, blend %s, blend_bwd %s, splat_bwd %s ms; ordered %sx' \
        "$1" "$(value_of "$2" splats)" "$(value_of "$2" step_ms)" \
        "$(value_of "$2" stages_ms blend)" "$(value_of "$2" stages_ms blend_bwd)" \
        "$(value_of "$2" stages_ms splat_bwd)" "$(value_of "$2" deterministic times_slower)")"
    say "$(printf '         copy %s GB/s, splat_bwd at least %s GB/s, %s and %s pairs/s, %s bytes' \
        "$(value_of "$2" copy_gb_s)" "$(value_of "$2" stages_gb_s splat_bwd)" \
        "$(value_of "$2" forward_pairs_per_s)" "$(value_of "$2" backward_pairs_per_s)" \
        "$(value_of "$2" held_bytes)")"
}

bench_one() { # name option...
    local name=$1 code key
    shift
    if ! "$helio" bench train --backend cuda --steps 50 --deterministic --json --quiet \
        --save "$out/bench-$name" "$@" >"$out/$name.json" 2>"$out/$name.log"; then
        fail "bench $name: $(tail -n 1 "$out/$name.log")"
        return
    fi
    row "$name" "$out/$name.json"
    python3 "$root/tools/bench_gsplat.py" "$out/bench-$name" --helio "$out/$name.json" \
        >"$out/$name-gsplat.json" 2>"$out/$name-gsplat.log"
    code=$?
    if [ $code = 77 ]; then
        say "         gsplat $(cat "$out/$name-gsplat.json")"
        return
    elif [ $code != 0 ]; then
        say "         gsplat failed: $(tail -n 1 "$out/$name-gsplat.log")"
        return
    fi
    for key in forward_ms backward_ms step_ms step_without_loss_ms; do
        say "$(printf '         %-11s gsplat %9s, helio %9s: %sx' $key \
            "$(value_of "$out/$name-gsplat.json" $key)" \
            "$(value_of "$out/$name-gsplat.json" helio $key)" \
            "$(value_of "$out/$name-gsplat.json" times_faster $key)")"
    done
    say "         the two pictures agree to $(value_of "$out/$name-gsplat.json" psnr_db) dB"
}

check_bench() {
    local count=1000000 name
    say "== bench"
    [ $quick = 0 ] || count=${COUNT:-300000}
    [ $have_python = 1 ] || {
        skip "bench: python3 is not installed"
        return
    }
    run raster "$helio" bench raster --backend cuda --splats $count --size 1296x840 --repeat 20 \
        --deterministic && grep -v '^$' "$out/raster.log" | tee -a "$table"
    bench_one random --splats $count --size 1296x840
    trained_scene fox photos/fox_colmap &&
        bench_one fox --input "$out/fox.ply" --cameras "$out/fox-cameras.json"
    trained_scene chair synthetic/chair &&
        bench_one chair --input "$out/chair.ply" --cameras "$out/chair-cameras.json"
    garden_scene &&
        bench_one garden --input "$out/garden.ply" --cameras "$out/garden-cameras.json"
    for name in random fox chair garden; do
        rm -rf "$out/bench-$name"
    done
}

check_curve() {
    local backend capture=$data/photos/fox_colmap
    say "== curve"
    [ -d "$capture" ] && [ $have_python = 1 ] || {
        skip "curve: $capture or python3 is absent"
        return
    }
    for backend in cpu cuda; do
        run "curve-$backend" "$helio" train "$capture" -o "$out/curve-$backend" --backend $backend \
            --iterations 1000 --max-side-px 240 --max-gaussians 20000 --eval --quiet || {
            fail "curve: $(tail -n 1 "$out/curve-$backend.log")"
            return
        }
    done
    run curve python3 - "$out/curve-cpu/log.jsonl" "$out/curve-cuda/log.jsonl" <<'PY'
import json, sys
cpu, gpu = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
cpu, gpu = ({r["step"]: r["loss"] for r in rows if "loss" in r} for rows in (cpu, gpu))
worst = max(abs(gpu[k] - cpu[k]) / cpu[k] for k in cpu)
print(f"{len(cpu)} records, losses differ by at most {100 * worst:.3f} %")
sys.exit(cpu.keys() != gpu.keys() or not worst <= 0.01)
PY
    local code=$?
    say "$(tail -n 1 "$out/curve.log")"
    [ $code = 0 ] || fail "curve: more than 1 %"
}

check_presets() {
    local preset capture=$data/photos/fox_colmap weights=$data/weights/lpips_squeeze lpips
    say "== presets"
    [ -d "$capture" ] && [ $have_python = 1 ] || {
        skip "presets: $capture or python3 is absent"
        return
    }
    for preset in fast quality; do
        [ $quick = 0 ] || [ $preset = fast ] || {
            skip "preset quality: --quick"
            continue
        }
        "$helio" train "$capture" -o "$out/$preset" --backend cuda --preset $preset --max-side-px 0 \
            --eval --json --quiet >"$out/$preset.json" 2>"$out/$preset.log" || {
            fail "preset $preset: $(tail -n 1 "$out/$preset.log")"
            continue
        }
        set -- "$weights"/*.safetensors
        lpips=$1
        "$helio" eval "$out/$preset" --backend cuda --no-images --json --quiet --lpips "$lpips" \
            >"$out/$preset-eval.json" 2>"$out/$preset-eval.log" ||
            skip "preset $preset: LPIPS: $(tail -n 1 "$out/$preset-eval.log")"
        say "$(printf '%-8s PSNR %s, SSIM %s, LPIPS %s, %s splats, %s s, %s bytes on the GPU, %s MB of the host' \
            $preset "$(value_of "$out/$preset.json" psnr)" "$(value_of "$out/$preset.json" ssim)" \
            "$(value_of "$out/$preset-eval.json" metrics nvs lpips_squeeze)" \
            "$(value_of "$out/$preset.json" splats)" "$(value_of "$out/$preset.json" seconds)" \
            "$(value_of "$out/$preset.json" held_bytes)" \
            "$(value_of "$out/$preset.json" peak_rss_mb)")"
    done
}

for part in $parts; do
    "check_$part"
done
[ $failed = 0 ] && say "all that ran passed"
exit $failed
