# SPDX-License-Identifier: MIT
"$HELIO" doctor --backend auto --quiet >text
"$HELIO" doctor | grep -q "^cuda *ok" && { echo "skipped: there is a CUDA device"; exit 77; }
"$HELIO" doctor --backend cuda
