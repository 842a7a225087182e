#!/usr/bin/env bash
# Installs what Winnow needs on a bare Debian 12, by Debian package name, and only what is missing.
# usage: scripts/setup.sh [--check-tools]   (--check-tools: also what scripts/check.sh needs)
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache pkg-config git python3
  libspdlog-dev libfmt-dev libxxhash-dev
  librocksdb-dev libprotobuf-dev protobuf-compiler
  libre2-dev libpcre2-dev libutf8proc-dev libseccomp-dev bubblewrap
  nlohmann-json3-dev libyaml-cpp-dev libcli11-dev
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev
)
if [ "${1:-}" = "--check-tools" ]; then
  packages+=(clang-format clang-tidy)
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [ "${state:0:2}" = "ii" ] || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "setup: all ${#packages[@]} packages are installed"
  exit 0
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: run as root or install sudo; missing: ${missing[*]}" >&2; exit 2; }
  sudo=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${sudo[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "setup: done"
