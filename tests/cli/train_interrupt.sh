# SPDX-License-Identifier: MIT
# SIGINT ends the step, saves and exits with 130; --resume goes on from there.
"$HELIO" synth --scene corner --views 4 --width 32 --height 24 --samples 1 -o data --quiet >/dev/null
common="--iterations 100000 --max-gaussians 500 --quiet --save-every 0"
# Interrupts the run $1 once its log has grown, and says how it ended.
stop() {
    local before=$2 code=0
    for _ in $(seq 600); do
        [ -e out/log.jsonl ] && [ "$(stat -c %s out/log.jsonl)" -gt "$before" ] && break
        sleep 0.1
    done
    kill -INT "$1"
    wait "$1" || code=$?
    echo "exit $code"
}
"$HELIO" train data -o out $common 2>err &
stop $! 0
sed 's/[0-9]* of 100000/N of 100000/' err
ls out/ckpt | sed 's/[0-9]\+/N/'
size=$(stat -c %s out/log.jsonl)
"$HELIO" train data -o out $common --resume 2>/dev/null &
stop $! "$size"
