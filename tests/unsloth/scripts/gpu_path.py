"""Unsloth's GPU code path: models after each other, what it put on them, and a patch that stays."""

import json
import os
import sys
from pathlib import Path

from tests.unsloth import standin

home, *model_types = sys.argv[1:]
os.environ.update(TRITON_INTERPRET="1", TORCHDYNAMO_DISABLE="1")
standin.pretend("A100")

import gemma_compat  # noqa: E402

import unsloth  # noqa: E402, F401  isort: skip
import torch  # noqa: E402
from unsloth import FastModel  # noqa: E402

from gemma_compat.live.tree import text_models  # noqa: E402
from gemma_compat.live.unwrap import unwrap  # noqa: E402
from gemma_compat.patching.ledger import Ledger  # noqa: E402
from tests.unsloth import fingerprint, training  # noqa: E402

calls = []


def count(module, args, output):
    calls.append(id(module))


def load(model_type):
    model, _ = FastModel.from_pretrained(
        str(Path(home) / model_type),
        load_in_4bit=False,
        max_seq_length=64,
        device_map="cpu",
        attn_implementation="sdpa",
        dtype=torch.bfloat16,
    )
    return training.adapt(FastModel, model)


def survives(model):
    """Whether a hook as our patches make them is called once in a forward, and in a copy's."""
    calls.clear()
    ids = torch.randint(3, 12, (2, 16), generator=torch.Generator().manual_seed(0))
    model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids)
    return len(calls)


def describe(model):
    applied = gemma_compat.patch(model)
    again = gemma_compat.patch(model)
    return {
        "facts": applied.diagnosis.facts.unsloth.to_dict(),
        "codes": list(applied.codes),
        "findings": [finding.rule.code for finding in applied.diagnosis.findings],
        "again": [change.path for change in again.changes],
        "printed": str(applied),
        "methods": fingerprint.of_model(unwrap(model)),
    }


seen, first, ledger = {}, None, None
for model_type in model_types:
    model = load(model_type)
    if first is None:
        first = model
        ledger = Ledger("GC999", unwrap(model))
        ((_, text_model),) = text_models(unwrap(model))
        ledger.add_hook(text_model, "forward_hook", count)
        seen["hook_before_other_loads"] = survives(model)
    seen[model_type] = describe(model)
seen["hook_after_other_loads"] = survives(first)
ledger.revert()
seen["hook_after_revert"] = survives(first)
print(json.dumps(seen))
