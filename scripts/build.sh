#!/usr/bin/env bash
# Builds the release preset with its tests; the program is build/release/bin/winnow.
# usage: scripts/build.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release >/dev/null
cmake --build --preset release --parallel "$(nproc)" ${1:+--target "$@"}
