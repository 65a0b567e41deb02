# SPDX-License-Identifier: MIT
# The object parses, by a parser that is not ours, where there is one.
"$HELIO" doctor --json --quiet >report.json
if command -v python3 >/dev/null; then
    python3 -c '
import json
findings = json.load(open("report.json"))["findings"]
assert findings["threads"]["state"] == "ok", findings
assert findings["cuda"]["state"] in ("ok", "absent"), findings
assert all(f["state"] in ("ok", "absent", "limited") and f["text"] for f in findings.values())'
else
    grep -q '"schema":.*"helio.doctor/1"' report.json
fi
