"""usage: transformers_generate.py MODEL BATCH PROMPT_TOKENS NEW_TOKENS: decode rate of generate(), bf16."""
import json
import statistics
import sys
import time

import torch
import transformers

model_path, batch, prompt_tokens, new_tokens = sys.argv[1], *map(int, sys.argv[2:5])
model = transformers.AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.bfloat16).eval()
prompts = torch.randint(0, model.config.vocab_size, (batch, prompt_tokens), generator=torch.Generator().manual_seed(1))


def generate(count):
    start = time.monotonic()
    with torch.inference_mode():
        model.generate(input_ids=prompts, attention_mask=torch.ones_like(prompts), do_sample=True, top_k=0,
                       min_new_tokens=count, max_new_tokens=count, pad_token_id=0)
    return time.monotonic() - start


generate(2)
# The decode phase: all tokens less the first, all time less that of the prompt and the first token.
prompt = statistics.median(generate(1) for _ in range(3))
whole = statistics.median(generate(new_tokens) for _ in range(2))
print(json.dumps({"value": batch * (new_tokens - 1) / (whole - prompt)}))
