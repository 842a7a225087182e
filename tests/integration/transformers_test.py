#!/usr/bin/env python3
"""An exported model, loaded by Hugging Face transformers, gives the same log-probs (<= 1e-3 in f32).

usage: transformers_test.py WINNOW [MODEL]   Without MODEL a tiny one is trained and exported first.
Exit status: 0 equal, 1 not, 77 if torch or transformers is not installed for this python3 (the reason
is printed). WINNOW_PYTHON names another interpreter that has them.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

interpreter = os.environ.get("WINNOW_PYTHON")
if interpreter and "WINNOW_PYTHON_USED" not in os.environ:
    os.environ["WINNOW_PYTHON_USED"] = "1"
    os.execv(interpreter, [interpreter] + sys.argv)
try:
    import torch
    import transformers
except ImportError as error:
    print(f"skipped: {error}; set WINNOW_PYTHON to an interpreter that has torch and transformers")
    sys.exit(77)

winnow = sys.argv[1]
root = pathlib.Path(__file__).resolve().parents[2]


def train_tiny(folder):
    """Ten supervised steps from random weights; returns the exported folder."""
    subprocess.run([sys.executable, root / "scripts/quickstart_model.py", folder / "init"], check=True)
    rows = [{"prompt": f"{a}+{b}=", "answer": str(a + b)} for a in range(10) for b in range(10)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "job.yaml").write_text(f"""run: {{name: tiny, dir: {folder}/run}}
model: {{path: {folder}/init, dtype: f32}}
data: {{train_files: [{folder}/rows.jsonl], train_batch_size: 16}}
learner: {{optim: {{lr: 1e-3}}}}
trainer: {{total_training_steps: 10, save_freq: -1}}
metrics: {{logger: [jsonl]}}
""")
    subprocess.run([winnow, "sft", folder / "job.yaml", "--init"], check=True)
    return folder / "run/export"


def compare(model):
    reference = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    worst = 0.0
    for text in ["3+4=7", "12-5=", "The quick brown fox jumps over the lazy dog."]:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        run = subprocess.run([winnow, "logprobs", "--model", model, "--dtype", "f32"], text=True,
                             input=json.dumps({"input_ids": ids}) + "\n", capture_output=True, check=True)
        got = json.loads(run.stdout)["log_probs"]
        with torch.no_grad():
            rows = reference(torch.tensor([ids])).logits[0].double().log_softmax(-1)
        for t in range(1, len(ids)):
            worst = max(worst, abs(got[t] - rows[t - 1, ids[t]].item()))
    print(f"{model}: transformers {transformers.__version__}: max |difference| {worst:.2e}")
    return worst <= 1e-3


with tempfile.TemporaryDirectory() as folder:
    exported = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else train_tiny(pathlib.Path(folder))
    sys.exit(0 if compare(exported) else 1)
