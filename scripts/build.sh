#!/usr/bin/env bash
# Builds the release preset with its tests; the program is build/release/bin/winnow.
# usage: scripts/build.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/.."
# A clone in another folder finds what this one compiled: ccache sees paths from the root on.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset release >/dev/null
cmake --build --preset release --parallel "$(nproc)" ${1:+--target "$@"}
