"""usage: tiny_model.py OUT: a random Llama of 4 layers, hidden 128, vocabulary 100, one token a character."""
import json
import pathlib
import sys

import torch
import transformers

out = pathlib.Path(sys.argv[1])
config = transformers.LlamaConfig(vocab_size=100, hidden_size=128, intermediate_size=384, num_hidden_layers=4,
                                  num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=256,
                                  tie_word_embeddings=True, bos_token_id=None, eos_token_id=0, pad_token_id=0)
torch.manual_seed(1)
transformers.LlamaForCausalLM(config).save_pretrained(out)
letters = [chr(c) for c in range(33, 33 + 94)]
vocabulary = {"<|endoftext|>": 0, **{letter: 1 + i for i, letter in enumerate(letters)}}
byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
json.dump({"version": "1.0", "truncation": None, "padding": None,
           "added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": False, "lstrip": False, "rstrip": False,
                             "normalized": False, "special": True}],
           "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
           "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                     "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary,
                     "merges": []}}, open(out / "tokenizer.json", "w"))
json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>",
           "model_max_length": 256}, open(out / "tokenizer_config.json", "w"))
