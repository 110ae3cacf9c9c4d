"""Answers where one operation meets two dtypes, by who called it and by what ran."""

from __future__ import annotations

import re

from ....conditions.hardware import is_without_bfloat16
from ...answer import Answer
from ...places import distribution_of
from ...unknown import OF_MODEL, OWN
from ..base import Case

NEWER = "pip install -U unsloth unsloth_zoo   and restart the kernel, where Unsloth is used"
# What a line or a file of a cache for keys and values is called.
_OF_A_CACHE = re.compile(
    r"index_copy|kv_?cache|cache_utils|(?:key|value)_cache|cache_[kv]\b|\b[kv]_cache|\b[kv]_out\["
)


def in_a_cache(case: Case, pair: str) -> Answer | None:
    """Answer where keys are put into a cache that was made in another dtype."""
    place = case.caller
    here = f"{place.file} {place.code}" if place else ""
    if not _OF_A_CACHE.search(f"{here}\n{case.hit.text}\n{case.frames[-300:]}"):
        return None
    package = place.module if place else ""
    make = "make the cache in the dtype of the keys that are put into it, and on their device"
    growing = "generate without cache_implementation='static': a growing cache takes each dtype"
    update = (
        (f"pip install -U {distribution_of(package)}   where a newer one does so",)
        if package and package != "transformers"
        else ()
    )
    whole = "or the whole model in one dtype: model.to(torch.bfloat16), where it is not quantized"
    return Answer(
        f"keys and values are put into a tensor of another dtype ({pair}): a cache that was made "
        "beforehand, most often",
        (growing, whole) if package == "transformers" else (make, *update, whole),
        why="a cache of fixed size is made before the first token, in the dtype that a config or a "
        "call names; layers that compute in another (quantized ones, an adapter, float32 norms) "
        "fill it",
        known="the message has both dtypes, and its call copies into a tensor that is there "
        "already; why the two differ, it does not say",
        certain=False,
        settles=False,
    )


def by_caller(case: Case, pair: str) -> Answer:
    """Answer by who called, and by what ran: training casts by autocast, generation does not."""
    do, why, known = _what_to_do(case)
    near = case.hit.before[-4000:] + case.around + case.hit.after
    newer = (NEWER,) if "nsloth" in near and NEWER not in do else ()
    return Answer(
        f"one operation meets {pair}",
        (*do, *newer),
        why=why,
        known=f"the dtypes are in the message; {known}which of the two is the wrong one is not",
        settles=False,
    )


_AROUND = "with torch.autocast('cuda', dtype=torch.bfloat16):   around generate or the forward"
_AROUND_HALF = "with torch.autocast('cuda', dtype=torch.float16):   around generate or the forward"
_LOADS_BY_UNSLOTH = re.compile(r"\bFast(?:Language|Vision|Text)?Model\.from_pretrained")
_PARTS = (
    "weights, adapter and inputs were not all cast: a head or an adapter in float32 beside "
    "weights in 16 bits, or a step outside of autocast"
)


_STEP = "or run the step under torch.autocast"


def _what_to_do(case: Case) -> tuple[tuple[str, ...], str, str]:
    """Return what to do, why, and what the frames add to what is known."""
    lacks = is_without_bfloat16.is_known_to_hold(case.facts) or re.search(
        r"(?i)without bfloat16|no bfloat16|\bV100\b|\bT4\b", case.hit.text
    )
    one = (
        "give everything one dtype: load with dtype=torch.float32, and train without fp16 "
        "(Gemma 3 overflows it)"
        if lacks
        else "give everything one dtype: load with dtype=torch.bfloat16 and train with bf16=True"
    )
    found = _of_a_package(case, one)
    if found is not None:
        return found
    place = case.caller
    if case.phase in {"generating", "evaluating"} and not lacks:
        is_half = re.search(r"\bHalf\b|\bfloat16\b", f"{case.message}{case.hit.text}")
        around = _AROUND_HALF if is_half else _AROUND
        return (
            (around, "or one dtype for all of it: print({p.dtype for p in model.parameters()})"),
            "a trainer runs its steps under autocast, which casts what meets in them; generation "
            "and evaluation by hand do not. Norms, a head or an adapter are then still in float32 "
            "beside weights in 16 bits",
            "the frames are of generation or evaluation; "
            if place and re.search(r"generat|evaluat|predict", case.frames)
            else "",
        )
    if place is not None and place.owner == OWN and not re.search(r"\btrain\(|\.fit\(", place.code):
        return (_OWN_LINE, _STEP), _PARTS, "the line that called is the script's own; "
    return (one, _STEP), _PARTS, ""


_OWN_LINE = (
    "print(x.dtype, layer.weight.dtype)   before your own line that the traceback shows last; then "
    "x = x.to(layer.weight.dtype)"
)


def _of_a_package(case: Case, one: str) -> tuple[tuple[str, ...], str, str] | None:
    """Return the same where a package's own code, or code from the Hub, called."""
    place, near = case.caller, case.hit.before[-4000:] + case.around + case.hit.after
    if case.is_of_unsloth or re.search(r"unsloth(?:_zoo)?[/\\]kernels", near):
        of_it = "the operation is a line of Unsloth's own code; "
        return (NEWER, one, _STEP), _PARTS, of_it
    if _LOADS_BY_UNSLOTH.search(near):
        of_it = "the log loads the model by Unsloth, which sets the dtypes of its parts; "
        return (NEWER, one, _STEP), _PARTS, of_it
    if place is not None and place.module == "peft" and "base_layer(" not in place.code:
        return (
            ("pip install -U peft   and restart the kernel", _STEP, one),
            "the adapter's weights are in another dtype than what reaches them, and newer releases "
            "of PEFT cast it in more of their layers",
            f"the operation is a line of PEFT ({place.file}); ",
        )
    if place is not None and place.module == OF_MODEL:
        alone = "no trust_remote_code=True, where transformers has a class for this model"
        of_it = "the operation is a line of code from the Hub (trust_remote_code); "
        return (alone, one, _STEP), _PARTS, of_it
    return None
