# SPDX-License-Identifier: MIT
# Without a GPU every part of tools/gpu_check.sh says that it is skipped.
mkdir bin
printf '#!/bin/sh\nexit 9\n' >bin/nvidia-smi
chmod +x bin/nvidia-smi
PATH=$PWD/bin:$PATH "$ROOT/tools/gpu_check.sh" --quick
PATH=$PWD/bin:$PATH "$ROOT/tools/gpu_check.sh" curve
PATH=$PWD/bin:$PATH "$ROOT/tools/gpu_check.sh" --slow >/dev/null || echo "exit $?"
