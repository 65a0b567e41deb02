# SPDX-License-Identifier: MIT
$HELIO doctor --threads 2
