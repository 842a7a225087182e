#!/usr/bin/env python3
"""Interleaved comparison with other programs; see scripts/bench_peers.sh.

Each measurement runs in a process of its own and prints one JSON object with `value` (and `peak_rss_bytes`
where memory is compared). A round measures Winnow, then each peer; medians over rounds make the table.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "scripts" / "peers"
WINNOW = os.environ.get("WINNOW_BINARY", str(ROOT / "build/release/bin/winnow"))

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model", default="models/smollm2-135m-instruct")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--rows", default="decode,prefill,train,step,tokenizer,start")
parser.add_argument("--data", default=os.environ.get("WINNOW_DATA", "../shared/data"))
parser.add_argument("--out", help="append each row as a JSON line to this file")
args = parser.parse_args()


def available(module):
    return importlib.util.find_spec(module) is not None


def run(command):
    """The last JSON object a command prints, or None with a line on stderr."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    print(f"  {' '.join(map(str, command))}: failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return None


def winnow(*arguments, value):
    return lambda: (lambda r: r and {"value": value(r), **r})(run([WINNOW, *map(str, arguments), "--json"]))


def peer(script, *arguments):
    return lambda: run([sys.executable, str(PEERS / script), *map(str, arguments)])


def compare(name, unit, higher_is_better, ours, peers):
    """Measures `ours` and each of `peers` {label: measure} in turn and prints their medians and ratios."""
    values = {label: [] for label in ["winnow", *peers]}
    memory = {label: [] for label in values}
    for _ in range(args.rounds):
        for label, measure in [("winnow", ours), *peers.items()]:
            result = measure()
            if result:
                values[label].append(result["value"])
                memory[label].append(result.get("peak_rss_bytes") or 0)
    if not values["winnow"]:
        return
    own = statistics.median(values["winnow"])
    print(f"{name}: winnow {own:.4g} {unit}")
    for label in peers:
        if not values[label]:
            print(f"  {label}: not measured")
            continue
        other = statistics.median(values[label])
        ratio = own / other if higher_is_better else other / own
        line = f"  {label} {other:.4g} {unit}: winnow is {ratio:.2f} x as fast"
        if all(memory["winnow"]) and all(memory[label]):
            share = statistics.median(memory["winnow"]) / statistics.median(memory[label])
            line += f", {share:.2f} of its memory"
        print(line, flush=True)
        if args.out:
            with open(args.out, "a") as out:
                json.dump({"row": name, "peer": label, "unit": unit, "winnow": own, "other": other, "ratio": ratio}, out)
                out.write("\n")


def seconds_of(command):
    start = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, cwd=ROOT)
    return {"value": time.monotonic() - start}


def decode():
    peers = {}
    for batch in (1, 8, 32, 64):
        if available("transformers"):
            peers["transformers"] = peer("transformers_generate.py", args.model, batch, 64, 128)
        if available("llama_cpp"):
            peers["llama.cpp"] = peer("llama_generate.py", gguf(), batch, 64, 128)
        ours = winnow("bench", "rollout", "--model", args.model, "--dtype", "bf16", "--batch", batch, "--prompt-tokens", 64,
                      "--new-tokens", 128, value=lambda r: r["tokens_per_second"])
        compare(f"decode bf16, batch {batch}", "tokens/s", True, ours, peers)


def prefill():
    if not available("llama_cpp"):
        return
    ours = winnow("bench", "rollout", "--model", args.model, "--dtype", "bf16", "--batch", 32, "--prompt-tokens", 64,
                  "--new-tokens", 2, value=lambda r: r["prefill_tokens_per_second"])
    compare("prefill bf16, 32 x 64", "tokens/s", True, ours, {"llama.cpp": peer("llama_generate.py", gguf(), 32, 64, 0)})


def train():
    peers = {}
    if available("transformers"):
        for kind in ("bf16", "autocast"):
            peers[f"torch {kind}"] = peer("torch_train.py", args.model, 8, 512, kind)
    ours = winnow("bench", "train", "--model", args.model, "--dtype", "bf16", "--tokens", 4096, "--sequence-length", 512,
                  value=lambda r: r["tokens_per_second"])
    compare("training step bf16, 8 x 512", "tokens/s", True, ours, peers)


def step():
    with tempfile.TemporaryDirectory() as folder:
        for name, model, prompts, prompt_tokens, new_tokens in (
                ("SmolLM2, 8 x 8, 40 + 64", args.model, 8, 40, 64), ("tiny, 16 x 8, 16 + 32", None, 16, 16, 32)):
            if model is None:
                model = folder + "/tiny"
                subprocess.run([sys.executable, PEERS / "tiny_model.py", model], check=True)
            job = folder + "/job.yaml"
            subprocess.run([sys.executable, PEERS / "step_job.py", model, str(prompts), str(prompt_tokens),
                            str(new_tokens), job], check=True)
            peers = {}
            if available("trl"):
                for kind in ("f32", "autocast", "bf16"):
                    peers[f"TRL {kind}"] = peer("trl_step.py", model, prompts, 8, prompt_tokens, new_tokens, kind)
            for sharing in ("false", "true"):
                ours = winnow("bench", "step", job, "--set", f"learner.share_prompt={sharing}",
                              value=lambda r: r["seconds_per_step"])
                compare(f"GRPO step {name}, share_prompt {sharing}", "s", False, ours, peers)


def tokenizer():
    if not available("tokenizers"):
        return
    data = pathlib.Path(args.data) / "gsm8k/train.jsonl"
    ours = winnow("bench", "tokenizer", "--model", args.model, "--data", data, "--field", "question",
                  value=lambda r: r["bytes_per_second"] / 1e6)
    compare("tokenizer, GSM8K questions, one thread", "MB/s", True, ours,
            {"tokenizers": peer("hf_tokenizer.py", args.model, data)})


def start():
    with tempfile.TemporaryDirectory() as folder:
        line = pathlib.Path(folder) / "one.jsonl"
        line.write_text('{"prompt":"Hello"}\n')
        command = [WINNOW, "generate", "--model", args.model, "--input", str(line), "--max-tokens", "1"]
        peers = {}
        if available("transformers"):
            peers["transformers"] = lambda: seconds_of([sys.executable, PEERS / "transformers_first_token.py", args.model])
        if available("llama_cpp"):
            peers["llama.cpp"] = lambda: seconds_of([sys.executable, PEERS / "llama_generate.py", gguf(), "1", "1", "1"])
        compare("process start to first token", "s", False, lambda: seconds_of(command), peers)


def gguf():
    """The model as a bf16 GGUF beside it, written once."""
    path = pathlib.Path(str(args.model).rstrip("/") + ".bench-bf16.gguf")
    if not path.exists():
        subprocess.run([sys.executable, PEERS / "to_gguf.py", args.model, path], check=True, cwd=ROOT)
    return path


for module in ("transformers", "llama_cpp", "trl", "tokenizers"):
    if not available(module):
        print(f"{module} is not installed in {sys.executable}: its rows are left out")
rows = {"decode": decode, "prefill": prefill, "train": train, "step": step, "tokenizer": tokenizer, "start": start}
for row in args.rows.split(","):
    if row not in rows:
        parser.error(f"--rows must be of {', '.join(rows)}: {row}")
    rows[row]()
