#!/bin/bash
# SPDX-License-Identifier: MIT
# deps.sh -- the one list of Debian 12 packages.  Installs what is missing, as root or with sudo;
# does nothing where all are installed.
#   deps.sh           build and test
#   deps.sh --build   only what the build of `helio` needs
#   deps.sh --list    prints the list, one package a line
set -eu
build='
    binutils
    cmake
    g++
    gcc
    git
    glslang-tools
    libcjson-dev
    libglfw3-dev
    libimgui-dev
    libjpeg62-turbo-dev
    libmeshoptimizer-dev
    libsqlite3-dev
    libstb-dev
    libvulkan-dev
    libvulkan-volk-dev
    libzstd-dev
    ninja-build
    pkg-config
    zlib1g-dev'
test='
    assimp-utils
    clang
    clang-format
    clang-tidy
    libclang-rt-14-dev
    libcmocka-dev
    libembree-dev
    libvlfeat-dev
    llvm
    mesa-vulkan-drivers
    pmccabe
    python3
    spirv-tools
    vulkan-validationlayers
    xauth
    xdotool
    xvfb'

case ${1-} in
--build) wanted=$build ;;
'' | --list) wanted="$build $test" ;;
*) echo "deps.sh: unknown option $1; expected --build or --list" >&2; exit 2 ;;
esac
if [ "${1-}" = --list ]; then
    printf '%s\n' $wanted
    exit
fi

missing=
for package in $wanted; do
    # shellcheck disable=SC2016
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo 'deps: all packages are installed'
    exit
fi
echo "deps: installing$missing"
run=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "deps: as root: apt-get install$missing" >&2; exit 1; }
    run=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq
# shellcheck disable=SC2086
$run apt-get install -y -qq --no-install-recommends $missing
