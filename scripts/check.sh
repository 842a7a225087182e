#!/usr/bin/env bash
# The enforced checks: layers, formatting, dead tests, header self-containment, clang-tidy on changed
# files (warnings are errors in the build itself). usage: scripts/check.sh [--base COMMIT]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --check-tools
base=HEAD
[ "${1:-}" = "--base" ] && base=$2
failed=0
step() { echo "check: $1"; shift; "$@" || { failed=1; echo "check: FAILED"; }; }

sources() { git ls-files --cached --others --exclude-standard '*.cc' '*.h' '*.inc'; }
check_format() { sources | xargs -r clang-format --dry-run -Werror; }
check_headers() {
  cmake --preset release -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
  cmake --build --preset release --parallel "$(nproc)" --target all_verify_interface_header_sets
}
check_tidy() {
  local changed
  changed=$(git diff --name-only --diff-filter=d "$base" -- '*.cc' | grep -v '^tests/' || true)
  [ -z "$changed" ] || echo "$changed" | xargs clang-tidy -p build/release --quiet
}
step "layers" python3 scripts/check_layers.py .
step "the layer check finds planted faults" python3 scripts/check_layers_test.py
step "dead tests" python3 scripts/check_tests.py .
step "names in docs/architecture.md" python3 scripts/check_docs.py .
step "formatting" check_format
step "headers compile alone" check_headers
step "clang-tidy on files changed since $base" check_tidy
[ "$failed" -eq 0 ] && echo "check: all green"
exit "$failed"
