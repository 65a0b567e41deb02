# SPDX-License-Identifier: MIT
$HELIO
