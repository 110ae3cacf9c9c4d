"""Names that are used before they are imported: an optional package, or a cell that was not run."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General

# What a package imports only if another one is there; its code then fails where it uses the name.
_OPTIONAL = {
    "LoraConfig": "peft",
    "PeftConfig": "peft",
    "PeftModel": "peft",
    "PeftMixedModel": "peft",
    "TaskType": "peft",
    "get_peft_model": "peft",
    "prepare_model_for_kbit_training": "peft",
    "bnb": "bitsandbytes",
    "BitsAndBytesConfig": "transformers",
    "deepspeed": "deepspeed",
    "wandb": "wandb",
    "LLM": "vllm",
    "SamplingParams": "vllm",
    "VLLMClient": "vllm",
    "PartialState": "accelerate",
    "init_empty_weights": "accelerate",
    "is_torch_xla_available": "torch_xla",
    "torchvision": "torchvision",
}


def _undefined(case: Case) -> Answer | None:
    """Answer a NameError: of a package whose optional import was left out, or of the script."""
    name = case.match["name"]
    packages = [item for item in case.packages if item not in {"torch", "IPython"}]
    owner = _OPTIONAL.get(name, "")
    if packages and owner and owner != packages[-1]:
        return Answer(
            f"{packages[-1]} uses {name} of {owner}, which is not installed here (or too old)",
            (f"pip install -U {owner}   and restart the kernel, in a notebook",),
            why=f"{owner} is optional: {packages[-1]} imports from it only if it is there",
            known="the frame is of the package, and the name is not imported there",
        )
    if packages:
        return None  # a mistake of that release: the atlas may know which one mended it
    return Answer(
        f"{name} is used before it is imported or defined",
        (
            f"from {owner} import {name}" if owner else f"import or define {name} first",
            "in a notebook: run the cells above again, after each restart",
        ),
        known="Python says so",
        settles=bool(owner),
    )


KINDS: tuple[General, ...] = (
    General(
        "name-not-defined",
        r"\bname '(?P<name>\w{1,80})' is not defined",
        _undefined,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/trainer/utils.py", '
            "line 718, in get_peft_config\n    peft_config = LoraConfig(\nNameError: name "
            "'LoraConfig' is not defined": "pip install -U peft",
            "NameError: name 'model' is not defined": "run the cells above",
        },
    ),
)
