"""What took the place of names that a release has removed, where it is known."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

# Package, removed name: the code to write now. Read in the wheels of both releases.
_SUCCESSORS = {
    ("transformers", "AdamW"): "from torch.optim import AdamW",
    (
        "transformers",
        "AutoModelForVision2Seq",
    ): "from transformers import AutoModelForImageTextToText",
    ("transformers", "HybridCache"): (
        "from transformers import StaticCache   it reads from the config which layers slide; "
        "generate() makes a cache by itself"
    ),
    ("transformers", "is_torch_tpu_available"): (
        "from transformers.utils import is_torch_xla_available"
    ),
    ("trl", "DataCollatorForCompletionOnlyLM"): (
        "SFTConfig(completion_only_loss=True) with the columns prompt and completion, or "
        "assistant_only_loss=True with messages"
    ),
    ("trl", "ConstantLengthDataset"): "SFTConfig(packing=True)",
    ("trl", "setup_chat_format"): "from trl import clone_chat_template",
    ("peft", "prepare_model_for_int8_training"): "from peft import prepare_model_for_kbit_training",
}


def successor(package: str, name: str) -> str:
    """Return what to write in place of a removed name; empty if it is not known here."""
    return _SUCCESSORS.get((package, name), "")


def by_autoawq(case: Case, function: str, call: str) -> Answer | None:
    """Answer where AutoAWQ calls a part of the model, by the frames or else by the text."""
    near = "" if case.packages else case.near
    if not re.search(r"\.forward$", function):
        return None
    if "awq" not in case.packages and not re.search(r"\bAutoAWQ\b|\bautoawq\b", near):
        return None
    return Answer(
        f"AutoAWQ calls {function}() {call}",
        (
            "pip install autoawq==0.2.9 'transformers<=4.51.3' 'torch<=2.6'   what it was last "
            "tested with",
            "or llm-compressor (AWQModifier, GPTQModifier), which takes its place: pip install "
            "llmcompressor",
        ),
        why="AutoAWQ runs a model's layers one by one, with the arguments of the transformers that "
        "it was written for; it is no longer maintained",
        known="the message; the releases are those that autoawq 0.2.9 names as its last",
        certain="awq" in case.packages,
        settles=False,
    )
