# SPDX-License-Identifier: MIT
# Each bad value names the option, its range and what was found, and ends with code 2.
try() {
    local code=0
    "$HELIO" doctor "$@" || code=$?
    [ $code -eq 2 ] || echo "doctor $*: exit $code"
}
try --threads 999
try --threads 2x
try --threads=
try --threads
try --seed -1
try --seed 1e3
try --seed 99999999999999999999
try --backend gpu
try --quiet=maybe
try --json=
try --thread 2
try -x
try stray
try --config absent.json
echo '{"threads": 999}' >range.json
try --config range.json
echo '{"threads": "many"}' >kind.json
try --config kind.json
echo '{"quiet": [1]}' >list.json
try --config list.json
echo '{"frob": 1}' >unknown.json
try --config unknown.json
echo '{"command": "train"}' >other.json
try --config other.json
echo '[1, 2' >broken.json
try --config broken.json
