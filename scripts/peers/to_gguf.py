"""usage: to_gguf.py MODEL OUT.gguf: a Llama in Hugging Face layout as a bf16 GGUF without a tokenizer."""
import json
import pathlib
import sys

import gguf
import numpy as np
import torch
from safetensors.torch import load_file

model, out = pathlib.Path(sys.argv[1]), sys.argv[2]
config = json.loads((model / "config.json").read_text())
heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
writer = gguf.GGUFWriter(out, "llama")
writer.add_block_count(config["num_hidden_layers"])
writer.add_context_length(config["max_position_embeddings"])
writer.add_embedding_length(config["hidden_size"])
writer.add_feed_forward_length(config["intermediate_size"])
writer.add_head_count(heads)
writer.add_head_count_kv(kv_heads)
writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
writer.add_rope_freq_base(config.get("rope_theta") or config["rope_parameters"]["rope_theta"])
writer.add_rope_dimension_count(config["hidden_size"] // heads)
writer.add_vocab_size(config["vocab_size"])
writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
writer.add_tokenizer_model("no_vocab")
names = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}


def interleaved(weight, count):
    """llama.cpp rotates neighbouring pairs, Hugging Face the two halves of a head."""
    rows, columns = weight.shape
    return weight.reshape(count, 2, rows // count // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def add(name, tensor):
    if tensor.ndim == 1:
        writer.add_tensor(name, tensor.float().numpy())
        return
    raw = tensor.to(torch.bfloat16).contiguous().view(torch.int16).numpy().view(np.uint8)
    writer.add_tensor(name, raw, raw_shape=raw.shape, raw_dtype=gguf.GGMLQuantizationType.BF16)


for name, tensor in load_file(model / "model.safetensors").items():
    if name == "model.embed_tokens.weight":
        add("token_embd.weight", tensor)
    elif name == "model.norm.weight":
        add("output_norm.weight", tensor)
    elif name == "lm_head.weight":
        add("output.weight", tensor)
    else:
        _, _, layer, rest = name.split(".", 3)
        part = rest.removesuffix(".weight")
        if part == "self_attn.q_proj":
            tensor = interleaved(tensor, heads)
        elif part == "self_attn.k_proj":
            tensor = interleaved(tensor, kv_heads)
        add(f"blk.{layer}.{names[part]}.weight", tensor)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
