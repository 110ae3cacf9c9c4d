"""Unsloth on its CPU backend: two models after each other, each patched, the first trained."""

import json
import sys
from pathlib import Path

import gemma_compat  # before unsloth: it imports nothing

import unsloth  # isort: skip  (before everything that it patches)
from unsloth import FastModel

from tests.unsloth import training


def load(model_type: str) -> tuple:
    path = str(Path(sys.argv[1]) / model_type)
    model, tokenizer = FastModel.from_pretrained(path, load_in_4bit=False, max_seq_length=64)
    return training.adapt(FastModel, model), tokenizer


model, tokenizer = load("gemma3_text")
first = gemma_compat.patch(model)
callback = gemma_compat.GemmaCompatCallback()
history = training.train(model, tokenizer, callbacks=[callback])
other, _ = load("gemma4_text")
reentrant = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": True},
}
second = gemma_compat.patch(other, args=reentrant)
again = gemma_compat.patch(other, args=reentrant)
facts = first.diagnosis.facts.unsloth
print(
    json.dumps(
        {
            "version": unsloth.__version__,
            "facts": facts.to_dict(),
            "history": history,
            "first": str(first),
            "callback": str(callback.applied),
            "second": list(second.codes),
            "again": [change.path for change in again.changes],
            "findings": [f.rule.code for f in first.diagnosis.findings],
        }
    )
)
