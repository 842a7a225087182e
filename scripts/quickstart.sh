#!/usr/bin/env bash
# From a bare machine to a fine-tuned model in minutes: installs, builds, makes a tiny base model by a
# supervised warm-up on generated sums, fine-tunes it with GRPO behind the GRESO filter
# (configs/quickstart.yaml), and reports what that gained.
# usage: scripts/quickstart.sh     (starts over: runs/quickstart* are replaced)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/build.sh winnow
winnow=build/release/bin/winnow
started=$SECONDS

say() { printf '\n== %s\n' "$1"; }
rm -rf runs/quickstart-sft runs/quickstart models/quickstart models/quickstart-init
mkdir -p data/quickstart models runs

say "problems: 4,000 to warm up on, 1,000 to train on, 300 held out; no prompt is in two files"
generate() { # offset, count, file
  "$winnow" data generate --task chain_sum --difficulty terms=2-4,digits=1,style=short --seed 1 \
    --offset "$1" --count "$2" --out "data/quickstart/$3.jsonl"
}
generate 0 4000 warmup
generate 4000 1000 train
generate 5000 300 val
head -n 3 data/quickstart/train.jsonl

say "base model: random weights, then a supervised warm-up (configs/quickstart-sft.yaml)"
python3 scripts/quickstart_model.py models/quickstart-init
"$winnow" sft configs/quickstart-sft.yaml --init
cp -r runs/quickstart-sft/export models/quickstart

say "fine-tuning: GRPO behind the GRESO filter (configs/quickstart.yaml)"
"$winnow" train configs/quickstart.yaml

say "what it gained ($((SECONDS - started)) seconds after the build)"
python3 - <<'PY'
import json
s = json.load(open("runs/quickstart/summary.json"))
gain = 100 * (s["accuracy_after"] - s["accuracy_before"])
print(f"held-out accuracy at temperature 1   {100 * s['accuracy_before']:.1f} % -> "
      f"{100 * s['accuracy_after']:.1f} %  ({gain:+.1f} points)")
print(f"steps                                {s['steps']} in {s['wall_seconds']:.0f} s")
print(f"rollouts                             {s['rollouts']:,} made, "
      f"{8 * s['prompts_skipped']:,} saved: the filter skipped {s['prompts_skipped']:,} prompts")
print(f"max |rollout - learner| log-prob     {s['max_logp_mismatch']}")
print("exported model                       runs/quickstart/export (Hugging Face layout)")
print("reward history                       runs/quickstart/history")
PY
cat <<TXT

Next:
  $winnow history summary --run runs/quickstart
  $winnow history list --run runs/quickstart --class hopeless --limit 10
  echo '{"prompt":"7+8-3="}' | $winnow generate --model runs/quickstart/export --input - --n 4 --max-tokens 8
TXT
