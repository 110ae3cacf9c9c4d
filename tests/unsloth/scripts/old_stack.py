"""unsloth 2025.3.19 on transformers 4.50.3: a card, and ``patch`` or not."""

import json
import os
import sys

from tests.unsloth import standin

path, card, line = sys.argv[1:]
os.environ.update(TRITON_INTERPRET="1", TORCHDYNAMO_DISABLE="1")
standin.pretend(card)
standin.stand_in_for_kernels()

import unsloth  # noqa: E402, F401  isort: skip
import unsloth.models.loader  # noqa: E402
from unsloth import FastModel  # noqa: E402

from tests.unsloth import training  # noqa: E402

unsloth.models.loader.patch_compiled_autograd = lambda *args, **kwargs: None  # other torch source
model, tokenizer = FastModel.from_pretrained(
    path, load_in_4bit=False, max_seq_length=64, device_map="cpu"
)
model = training.adapt(FastModel, model)
if line == "patch":
    import gemma_compat

    gemma_compat.patch(model)  # the one line
raised, history = "", {}
try:
    history = training.train(model, tokenizer, dataset_num_proc=1)
except AttributeError as error:
    raised = str(error)
import gemma_compat.hooks  # noqa: E402

hooked = gemma_compat.hooks.applied_to(model)
print(
    json.dumps(
        {
            "raised": raised,
            "history": history,
            "forced": os.environ.get("UNSLOTH_FORCE_FLOAT32"),
            "codes": [] if hooked is None else list(hooked.codes),
            "imported_after": list(gemma_compat.detect_facts().unsloth.imported_after),
            "diagnosed": [
                finding.rule.code
                for finding in gemma_compat.diagnose(model, args={"bf16": True}).findings
            ],
        }
    )
)
