"""usage: torch_train.py MODEL SEQUENCES LENGTH bf16|autocast: rate of forward, backward and AdamW."""
import contextlib
import json
import resource
import statistics
import sys
import time

import torch
import transformers

model_path, sequences, length, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
dtype = torch.bfloat16 if kind == "bf16" else torch.float32
model = transformers.AutoModelForCausalLM.from_pretrained(model_path, dtype=dtype).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=True)
ids = torch.randint(0, model.config.vocab_size, (sequences, length), generator=torch.Generator().manual_seed(1))
cast = contextlib.nullcontext if kind == "bf16" else (lambda: torch.autocast("cpu", dtype=torch.bfloat16))


def step():
    start = time.monotonic()
    with cast():
        loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return time.monotonic() - start


step()
seconds = statistics.median(step() for _ in range(3))
print(json.dumps({"value": sequences * length / seconds,
                  "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
