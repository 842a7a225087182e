"""usage: hf_tokenizer.py MODEL DATA.jsonl: MB/s of Hugging Face tokenizers over the questions, one thread."""
import json
import os
import statistics
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers

tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
texts = [json.loads(line)["question"] for line in open(sys.argv[2])]
size = sum(len(text.encode()) for text in texts)


def encode():
    start = time.monotonic()
    for text in texts:
        tokenizer.encode(text, add_special_tokens=False)
    return time.monotonic() - start


encode()
print(json.dumps({"value": size / statistics.median(encode() for _ in range(3)) / 1e6}))
