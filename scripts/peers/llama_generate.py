"""usage: llama_generate.py MODEL.gguf BATCH PROMPT_TOKENS NEW_TOKENS: greedy decode rate of llama.cpp, flash attention.

NEW_TOKENS 0 measures the prompts' rate instead.
"""
import ctypes
import json
import statistics
import sys
import time

import llama_cpp as ll
import numpy as np

path, batch, prompt_tokens, new_tokens = sys.argv[1], *map(int, sys.argv[2:5])
threads = 2
ll.llama_backend_init()
ll.llama_log_set(ctypes.cast(None, ll.llama_log_callback), None)
model = ll.llama_model_load_from_file(path.encode(), ll.llama_model_default_params())
settings = ll.llama_context_default_params()
settings.n_ctx = batch * (prompt_tokens + new_tokens + 1)
settings.n_batch = settings.n_ubatch = max(batch * prompt_tokens, batch)
settings.n_seq_max = batch
settings.n_threads = settings.n_threads_batch = threads
settings.flash_attn_type = 1
settings.kv_unified = True
context = ll.llama_init_from_model(model, settings)
vocabulary = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(model))
tokens = np.random.default_rng(1).integers(0, vocabulary, (batch, prompt_tokens))
rows = ll.llama_batch_init(settings.n_batch, 0, 1)


def put(i, token, position, sequence, wants_logits):
    rows.token[i], rows.pos[i], rows.n_seq_id[i] = int(token), position, 1
    rows.seq_id[i][0], rows.logits[i] = sequence, wants_logits


def generate():
    """Seconds of the prompts and of the decode phase."""
    ll.llama_memory_clear(ll.llama_get_memory(context), True)
    rows.n_tokens = batch * prompt_tokens
    last = []
    for s in range(batch):
        for t in range(prompt_tokens):
            put(s * prompt_tokens + t, tokens[s, t], t, s, t == prompt_tokens - 1)
        last.append((s + 1) * prompt_tokens - 1)
    start = time.monotonic()
    assert ll.llama_decode(context, rows) == 0
    ll.llama_synchronize(context)
    middle = time.monotonic()
    for position in range(prompt_tokens, prompt_tokens + new_tokens - 1):
        chosen = [np.ctypeslib.as_array(ll.llama_get_logits_ith(context, i), (vocabulary,)).argmax() for i in last]
        rows.n_tokens, last = batch, list(range(batch))
        for s in range(batch):
            put(s, chosen[s], position, s, True)
        assert ll.llama_decode(context, rows) == 0
    ll.llama_synchronize(context)
    return middle - start, time.monotonic() - middle


if new_tokens != 1:
    generate()
prompt, decode = zip(*[generate() for _ in range(3 if new_tokens != 1 else 1)])
if new_tokens > 1:
    print(json.dumps({"value": batch * (new_tokens - 1) / statistics.median(decode)}))
else:
    print(json.dumps({"value": batch * prompt_tokens / statistics.median(prompt)}))
