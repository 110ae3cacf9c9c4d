"""Answers to names of weights that do not fit, where the names themselves decide."""

from __future__ import annotations

import re

from ...answer import Answer

_LISTS = re.compile(
    r"(?:Missing|Unexpected) key\(s\) in state_dict: (?P<names>\"[^\n]{1,4000})", re.MULTILINE
)
_NAME = re.compile(r"\"([\w.]{2,300})\"")
# The last part of names that are computed when a model is made, and never trained.
_BUFFERS = re.compile(
    r"(?:^|\.)(?:position_ids|(?:original_)?inv_freq|(?:cos|sin)(?:_cached)?|masked_bias|"
    r"attn\.bias|embed_scale|num_batches_tracked)$"
)
_PACKED = re.compile(r"\.(?:qzeros|qweight|g_idx|scales|zeros|wf)$")


def names_in(text: str) -> list[str]:
    """Return the names that a message of load_state_dict lists on either side."""
    return [name for found in _LISTS.finditer(text) for name in _NAME.findall(found["names"])]


def sides(text: str) -> tuple[list[str], list[str]]:
    """Return the names that only the model has, and those that only the file has."""
    found: dict[str, list[str]] = {"Missing": [], "Unexpected": []}
    for match in _LISTS.finditer(text):
        found[match[0].partition(" ")[0]] += _NAME.findall(match["names"])
    return found["Missing"], found["Unexpected"]


_ADAPTER_ALONE = Answer(
    "the file lacks the weights of the base: it holds an adapter alone, and is loaded as if it "
    "held the whole model",
    (
        "PeftModel.from_pretrained(base, FOLDER, is_trainable=True)   to go on with the adapter",
        "trainer.train(resume_from_checkpoint=FOLDER)   by the transformers, peft and accelerate "
        "that wrote it, or newer ones",
        "in a loop of your own: load_state_dict(state, strict=False), and look at what it returns: "
        "no lora_ among the missing keys",
    ),
    why="a checkpoint of an adapter leaves the frozen weights out; a strict load misses them",
    known="the message lists weights of the base as missing, none of the adapter, and none too "
    "many",
    settles=False,
)


def _lacks_the_base(text: str) -> bool:
    """Return whether an adapter's model misses weights of its base only."""
    if "state_dict for Peft" not in text or "Unexpected key" in text or "size mismatch" in text:
        return False
    names = names_in(text)
    return bool(names) and not any("lora_" in name or "modules_to_save" in name for name in names)


def are_buffers(text: str) -> bool:
    """Return whether all names that a message lists are those of buffers."""
    names = names_in(text)
    return bool(names) and all(_BUFFERS.search(name) for name in names)


def by_names(text: str) -> Answer | None:
    """Answer where the names are buffers alone, parts of packed weights, or the whole base."""
    names = names_in(text)
    if are_buffers(text):
        return Answer(
            f"file and model differ in buffers alone ({names[0].rpartition('.')[2]}), which are "
            "computed and not trained",
            (
                "model.load_state_dict(state, strict=False)   loses nothing here (DeepSpeed: "
                "engine.load_checkpoint(FOLDER, load_module_strict=False))",
                "or the transformers that saved the file",
            ),
            why="whether such a buffer is saved changes from release to release, so that a file of "
            "one lacks it, or has it, for another",
            known="the message lists every name, and no weight is among them",
        )
    if names and all(_PACKED.search(name) for name in names):
        return Answer(
            "the names that differ are parts of packed weights (GPTQ, AWQ): file and loader are of "
            "different releases or kinds of quantizer",
            (
                "from_pretrained(FOLDER)   with the quantization_config beside the weights, by "
                "gptqmodel or autoawq of the release that wrote them",
                "or the checkpoint in 16 bits, quantized anew",
            ),
            why="scales and zeros of packed weights are kept under names that a quantizer changed "
            "over time (zeros, qzeros, g_idx)",
            known="the message lists the names; which release wrote the file, it does not say",
            settles=False,
        )
    return _ADAPTER_ALONE if _lacks_the_base(text) else None
