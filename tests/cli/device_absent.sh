# SPDX-License-Identifier: MIT
"$HELIO" doctor --backend auto --quiet >text
"$HELIO" doctor --backend cuda
