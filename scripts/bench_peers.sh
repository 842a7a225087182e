#!/usr/bin/env bash
# Compares Winnow with other programs of the field on this machine, interleaved, as ratios.
# Peers that PEERS_PYTHON lacks are named and left out. Nothing is installed.
# usage: scripts/bench_peers.sh [--model DIR] [--rounds N] [--rows decode,prefill,train,step,tokenizer,start]
#   PEERS_PYTHON  python with any of transformers, torch, trl, llama_cpp, gguf, tokenizers (default: python3)
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PEERS_PYTHON:-python3}" scripts/bench_peers.py "$@"
