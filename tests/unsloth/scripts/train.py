"""A fine-tuning script as one writes it for Unsloth; it knows nothing of gemma_compat."""

import json
import sys

from unsloth import FastModel

from tests.unsloth import training

model, tokenizer = FastModel.from_pretrained(sys.argv[1], load_in_4bit=False, max_seq_length=64)
model = training.adapt(FastModel, model)
reentrant = {"gradient_checkpointing_kwargs": {"use_reentrant": True}}
print(json.dumps(training.train(model, tokenizer, gradient_checkpointing=True, **reentrant)))
