#!/usr/bin/env bash
# Installs what is missing, builds everything, runs all tests; ends with the runner's summary.
# usage: scripts/test.sh [CTEST ARGUMENTS…]   e.g. scripts/test.sh -L golden
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh
if [ -z "${WINNOW_GOLDEN_DIR:-}" ] && [ -d ../shared/golden ]; then
  WINNOW_GOLDEN_DIR=$(cd ../shared/golden && pwd)
  export WINNOW_GOLDEN_DIR
fi
cd build/release
ctest --output-on-failure --no-tests=error --parallel "$(nproc)" "$@"
