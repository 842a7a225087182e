"""usage: transformers_first_token.py MODEL: loads it and makes one token."""
import sys

import torch
import transformers

tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.bfloat16).eval()
model.generate(**tokenizer("Hello", return_tensors="pt"), max_new_tokens=1, pad_token_id=0)
