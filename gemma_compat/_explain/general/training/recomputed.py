"""Answers where gradient checkpointing made other tensors in its second run."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_METADATA = re.compile(
    r"saved metadata: \{'shape': torch\.Size\(\[(?P<saved>[\d, ]*)\]\), 'dtype': "
    r"(?P<first>torch\.\w+)[^\n]*\n[^\n]{0,60}?recomputed metadata: \{'shape': torch\.Size\(\["
    r"(?P<again>[\d, ]*)\]\), 'dtype': (?P<second>torch\.\w+)"
)
_REENTRANT = "gradient_checkpointing_kwargs={'use_reentrant': True}"
_CACHE_OFF = ("model.config.get_text_config().use_cache = False   before training",)
_OFF = "gradient_checkpointing=False   shows whether that is all"


def _by_metadata(case: Case) -> tuple[tuple[str, ...], str, str] | None:
    """Return what to do, why and what is known, by the shapes and dtypes of the two runs."""
    found = _METADATA.search(f"{case.hit.after}\n{case.around}")
    if found is None:
        return None
    if found["saved"] != "0" and found["again"] in {"0", ""}:
        who = "ZeRO-3" if re.search(r"(?i)deepspeed|zero-?3", case.near) else "ZeRO-3 or FSDP"
        return (
            (_REENTRANT, "or ZeRO-2, which does not partition the weights", f"or {_OFF}"),
            f"a weight was whole in the first run and has size 0 in the second: {who} had let go "
            "of it, and nothing gathers it for a layer that is run again within backward",
            "the shapes are in the message",
        )
    if found["first"] != found["second"] and found["saved"] == found["again"]:
        return (
            (
                "the same autocast around the forward and the backward pass, or none: bf16=True in "
                "the trainer's arguments and no autocast of the script",
                f"or {_REENTRANT}",
                f"or {_OFF}",
            ),
            f"the first run made {found['first']}, the second {found['second']}: a dtype was "
            "switched in between (autocast, a cast of the weights, a hook of FSDP)",
            "the dtypes are in the message",
        )
    parts = _parts(found["saved"], found["again"])
    if parts and re.search(
        r"(?i)context[ _-]?parallel|sequence[ _-]?parallel|\bcp_size\b", case.near
    ):
        return (
            (f"{_REENTRANT}   with context parallelism", f"or {_OFF}"),
            f"the second run has 1/{parts} of the length: the rows are split over the cards only "
            "within the context of the forward pass, and the layer is run again outside of it"
            if parts > 0
            else "the first run has a part of the length only: the rows are split over the cards "
            "only within the context of the forward pass",
            "the shapes are in the message, and the text names the parallelism",
        )
    return None


def _parts(saved: str, again: str) -> int:
    """Return how many times as long one size of the first run is; negative if the second's is."""
    pairs = [
        (int(one), int(two))
        for one, two in zip(saved.split(","), again.split(","), strict=False)
        if one.strip() and two.strip() and int(one) != int(two)
    ]
    if len(pairs) != 1 or 0 in pairs[0]:
        return 0
    one, two = pairs[0]
    return one // two if one % two == 0 else -(two // one) if two % one == 0 else 0


def recomputed(case: Case) -> Answer:
    """Answer tensors that a checkpoint recomputed otherwise than they were saved."""
    near = f"{case.hit.before[-4000:]}{case.around}{case.hit.after}"
    twice = re.search(r"fsdp_activation_checkpointing: true", near)
    both = (
        "gradient_checkpointing=False (LLaMA-Factory: disable_gradient_checkpointing: true), or "
        "fsdp_activation_checkpointing: false: one of the two"
    )
    decided = _by_metadata(case)
    do = decided[0] if decided else (f"{_REENTRANT}, or {_OFF}", *_CACHE_OFF)
    if "nsloth" in near:
        do = (*do, "pip install -U unsloth unsloth_zoo, or UNSLOTH_COMPILE_DISABLE=1")
    return Answer(
        "gradient checkpointing ran a layer a second time, and it did not do the same again",
        (both, *do) if twice else do,
        why=decided[1]
        if decided
        else "a cache that the first run filled, autocast or a compiled part that is on only "
        "once, or a layer that chooses by data: shapes or dtypes of the second run differ",
        known=f"torch compares both runs and says so; {decided[2]}"
        if decided
        else "torch compares both runs and says so; which of these it is, the list of shapes and "
        "dtypes below shows",
        settles=False,
    )
