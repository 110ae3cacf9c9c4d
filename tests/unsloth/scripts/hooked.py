"""The hook, installed before Unsloth is imported, on its GPU code path: does it still patch?"""

import json
import os
import sys

from tests.unsloth import standin

os.environ.update(TRITON_INTERPRET="1", TORCHDYNAMO_DISABLE="1")
standin.pretend("A100")

import gemma_compat  # noqa: E402

gemma_compat.install()

import unsloth  # noqa: E402, F401  isort: skip
import torch  # noqa: E402
from unsloth import FastModel  # noqa: E402

import gemma_compat.api  # noqa: E402
from gemma_compat.live.unwrap import unwrap  # noqa: E402
from tests.unsloth import training  # noqa: E402

model, tokenizer = FastModel.from_pretrained(
    sys.argv[1],
    load_in_4bit=False,
    max_seq_length=64,
    device_map="cpu",
    attn_implementation="sdpa",
    dtype=torch.bfloat16,
)
model = training.adapt(FastModel, model)
asked = []
patch = gemma_compat.api.patch


def counted(found, **options):
    asked.append(type(unwrap(found)).__name__)
    return patch(found, **options)


gemma_compat.api.patch = counted  # what the hook calls for each model
history = training.train(model, tokenizer)
left = gemma_compat.uninstall()
print(
    json.dumps(
        {
            "asked": asked,
            "history": history,
            "left": list(left),
        }
    )
)
