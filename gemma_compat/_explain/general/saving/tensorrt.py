"""TensorRT-LLM: converting a trained checkpoint into its own form."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_NEAR = r"(?i)tensorrt|trt-?llm|convert_checkpoint\.py"


def _not_in_its_table(case: Case) -> Answer | None:
    near = f"{case.around}\n{case.near}"
    if case.is_of_the_script or case.match["type"] and not re.search(_NEAR, near):
        return None
    name = case.match["type"] or case.match["name"] or ""
    what = name.removeprefix("transformer.") if "." in name else f"the model type {name}"
    return Answer(
        f"the converter of this TensorRT-LLM does not know {what}",
        (
            "pip install -U tensorrt-llm, and LLM(model=FOLDER) or trtllm-serve FOLDER: the "
            "PyTorch "
            "backend reads a checkpoint without converting it",
            "a multimodal Gemma 3: the text model alone (AutoModelForCausalLM, save_pretrained), "
            "or vLLM",
        ),
        why="convert_checkpoint.py has a class for each family: Gemma 2 and 3 came later than "
        "Gemma 1, and its keys (pre_feedforward_layernorm) are others",
        known="the name is in the message; which release knows it, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "tensorrt-without-this-model",
        r"KeyError: '(?P<type>(?:pali)?gemma\w{0,20})'|"
        r"Don't know how to rename (?P<name>[\w.]{3,160})",
        _not_in_its_table,
        {
            "KeyError: 'gemma3' error in GemmaConfig.from_hugging_face when "
            "converting\nTensorRT-LLM "
            "tag: v0.20.0rc3": "trtllm-serve",
            "TensorRT-LLM: when i convert Gemma2\nDon't know how to rename "
            "transformer.model.layers."
            "0.pre_feedforward_layernorm.weight": "pre_feedforward_layernorm",
            "KeyError: 'gemma3'": "",
            'Traceback (most recent call last):\n  File "convert.py", line 2, in <module>\n    '
            "raise ValueError(text)\nValueError: Don't know how to rename layers.0.q": "",
        },
        alone=True,
    ),
)
