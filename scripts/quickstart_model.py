#!/usr/bin/env python3
"""Writes config and tokenizer of the quickstart's tiny model: a Llama of 4 layers, one token a byte.

usage: quickstart_model.py OUT_FOLDER   (weights come from `winnow sft --init`)
"""
import json
import pathlib
import sys

# The byte-level alphabet of GPT-2: printable bytes stand for themselves, the rest from U+0100 on.
printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
others = [b for b in range(256) if b not in printable]
letters = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
end = "<|endoftext|>"
vocab = {end: 0} | {letters[b]: 1 + b for b in range(256)}

config = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
    "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 4, "max_position_embeddings": 256, "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0, "rope_scaling": None, "tie_word_embeddings": True, "attention_bias": False,
    "mlp_bias": False, "vocab_size": len(vocab), "bos_token_id": None, "eos_token_id": 0,
    "initializer_range": 0.02, "torch_dtype": "float32",
}
byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
tokenizer = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": 0, "content": end, "single_word": False, "lstrip": False, "rstrip": False,
                      "normalized": False, "special": True}],
    "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
              "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocab,
              "merges": []},
}
tokenizer_config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end,
                    "model_max_length": 256, "clean_up_tokenization_spaces": False}

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
for name, body in [("config.json", config), ("tokenizer.json", tokenizer),
                   ("tokenizer_config.json", tokenizer_config),
                   ("generation_config.json", {"eos_token_id": 0})]:
    (out / name).write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
