"""usage: trl_step.py MODEL PROMPTS GENERATIONS PROMPT_TOKENS NEW_TOKENS f32|autocast|bf16: seconds per step of GRPOTrainer."""
import json
import os
import resource
import statistics
import sys
import tempfile
import time

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
import datasets
import torch
import transformers
import trl

model_path, prompts, generations, prompt_tokens, new_tokens = sys.argv[1], *map(int, sys.argv[2:6])
kind = sys.argv[6]
tokenizer = transformers.AutoTokenizer.from_pretrained(model_path)
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
model = transformers.AutoModelForCausalLM.from_pretrained(model_path, dtype="bfloat16" if kind == "bf16" else "float32")

# Texts of exactly `prompt_tokens` tokens: a token that stays itself however often it is repeated.
unit = next(t for t in ("a", " a", "1", "!") if len(tokenizer(t * prompt_tokens)["input_ids"]) == prompt_tokens)
rows = datasets.Dataset.from_dict({"prompt": [unit * prompt_tokens] * (prompts * 16)})


class Clock(transformers.TrainerCallback):
    seconds = []

    def on_step_begin(self, *_, **__):
        self.start = time.monotonic()

    def on_step_end(self, *_, **__):
        self.seconds.append(time.monotonic() - self.start)


def reward(completion_ids, **_):
    """Differs between the samples of a group, so that every group has a gradient."""
    return [float(sum(ids) % 7) for ids in completion_ids]


with tempfile.TemporaryDirectory() as folder:
    config = trl.GRPOConfig(output_dir=folder, per_device_train_batch_size=prompts * generations,
                            num_generations=generations, max_completion_length=new_tokens, max_steps=3, learning_rate=1e-6,
                            temperature=1.0, beta=0.0, use_cpu=True, bf16=kind == "autocast",
                            gradient_checkpointing=False, report_to=[], save_strategy="no", logging_strategy="no",
                            generation_kwargs={"min_new_tokens": new_tokens}, disable_tqdm=True)
    clock = Clock()
    trl.GRPOTrainer(model=model, reward_funcs=reward, args=config, train_dataset=rows, processing_class=tokenizer,
                    callbacks=[clock]).train()
# The first step warms up.
print(json.dumps({"value": statistics.median(clock.seconds[1:]),
                  "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
