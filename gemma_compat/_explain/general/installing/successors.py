"""What took the place of names that a release has removed, where it is known."""

from __future__ import annotations

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
