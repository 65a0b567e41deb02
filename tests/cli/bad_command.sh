# SPDX-License-Identifier: MIT
$HELIO frobnicate
