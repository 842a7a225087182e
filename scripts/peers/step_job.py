"""usage: step_job.py MODEL PROMPTS PROMPT_TOKENS NEW_TOKENS OUT.yaml: the job that trl_step.py is compared with."""
import json
import pathlib
import sys

import tokenizers

model, prompts, prompt_tokens, new_tokens, out = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
tokenizer = tokenizers.Tokenizer.from_file(model + "/tokenizer.json")
unit = next(t for t in ("a", " a", "1", "!") if len(tokenizer.encode(t * prompt_tokens).ids) == prompt_tokens)
data = pathlib.Path(out).with_suffix(".jsonl")
with open(data, "w") as file:
    for i in range(prompts * 16):
        file.write(json.dumps({"id": f"p{i}", "prompt": unit * prompt_tokens, "answer": "0"}) + "\n")
# The reward asks for the last letter, about half of the alphabet: every group has a spread.
pathlib.Path(out).write_text(f"""run: {{name: bench-step, device: cpu, seed: 1}}
model: {{path: {model}, dtype: bf16}}
data: {{train_files: [{data}], train_batch_size: {prompts}, max_prompt_length: {prompt_tokens}, max_response_length: {new_tokens}}}
rollout: {{n: 8, ignore_eos: true, temperature: 1.0}}
filter: {{type: none}}
reward: {{verifier: regex, pattern: "[a-mA-M][^a-zA-Z]*$"}}
learner: {{ppo_max_token_len_per_gpu: 2048, optim: {{lr: 1e-6}}}}
trainer: {{total_training_steps: 4}}
""")
