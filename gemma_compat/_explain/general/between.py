"""Tell who makes a call that fails and whose code it reaches: two releases, or one with a fault."""

from __future__ import annotations

import re

from ...atlas import IndexUnusable
from ...atlas.defining import holders, owner_of
from ...values import Value
from ..places import distribution_of
from ..unknown import GENERATED, OF_MODEL, PACKAGE, Place
from .base import Case
from .released import upgrade

# Functions that only pass a call on: the frame above theirs is the caller's.
_PASSES_ON = re.compile(
    r"_?(?:wrapped_)?call_impl|wrapp\w+|inner|decorate_\w+|checkpoint|_fn|__call__|"
    r"__getattr\w{0,6}__|"
    r"_conditional_cache_\w+"
)
_ALSO_FORWARD = {"accelerate", "torch"}
# A frame whose beginning was lost in pasting: the file of a package, without `File`.
_CUT_FRAME = re.compile(
    r"(?m)^\W{0,9}(?:[\w.~-]{1,60}[/\\]){0,14}(?P<module>unsloth(?:_zoo)?|transformers|trl|peft|"
    r"accelerate|axolotl|llamafactory|swift|torchtune|vllm|verl|liger_kernel|datasets)[/\\]"
    r"[\w./\\-]{1,120}\.py(?:\"?, line \d{1,6}, in |(?:\([^)\n]{0,60}\))? in \w|:\d{1,6},? in \w)"
)
# What these require of transformers and its kin is bounded from above: pip brings them along.
_BRINGS_ALL = {"unsloth", "unsloth_zoo", "axolotl", "llamafactory", "swift"}
# Classes of torch by whose name alone they are known.
_OF_TORCH = re.compile(
    r"FullyShardedDataParallel|DistributedDataParallel|DataParallel|OptimizedModule|DeviceMesh|"
    r"GradScaler|LambdaLR|AdamW?|SGD|Adafactor|DataLoader|DistributedSampler|DTensor"
)
# Classes that torch defines as well as others, of which the index has the others' alone.
_ALSO_OF_TORCH = re.compile(
    r"Dataset|IterableDataset|Subset|Module|Linear|Embedding|Parameter|Tensor|Dropout|Sequential|"
    r"(?:Layer|RMS|Group|Batch)Norm(?:1d|2d)?|Conv[123]d|Optimizer|\w+LR|\w+Sampler|Work|Stream"
)
_ALL_OF_TORCH = "torch torchvision torchaudio"


class Call(Value):
    """Who calls or reads, and whose code that is.

    Attributes:
        caller: the package that makes the call; empty for the script, or where nothing shows it.
        owner: the package that the function or class is of; empty where that is not known.
        is_shown: whether a frame shows the caller.
        is_of_one_file: whether the caller's own file defines the function or class.
        is_imported: whether the caller's file has the name from elsewhere, in any release.
    """

    caller: str
    owner: str
    is_shown: bool = False
    is_of_one_file: bool = False
    is_imported: bool = False

    @property
    def is_own(self) -> bool:
        """Return whether a package calls its own code."""
        return bool(self.caller) and self.caller == self.owner


def called(function: str) -> str:
    """Return the class, or else the bare function, by which a message names what was called."""
    parts = function.rpartition("<locals>.")[2].split(".")
    return next((part for part in parts if part.lstrip("_")[:1].isupper()), parts[-1])


def call_of(case: Case, name: str, member: str = "") -> Call:
    """Return who calls what has this name, and whose it is.

    Args:
        name: a class, or a function outside of classes.
        member: a method or attribute of it: a row of code that has it of ``self`` is the package's
            own, where no frame is in the log.
    """
    place = _caller(case)
    if place is not None and place.owner != PACKAGE:
        return Call("", _owner(name, None)[0])
    if place is None:
        cut = "" if case.places else cut_frame(case)
        owner = _owner(name, None)[0]
        is_own = bool(owner) and not cut and not case.places and _is_of_self(case, member)
        return Call(cut or (owner if is_own else ""), owner)
    module = place.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    owner, is_here, is_imported = _owner(name, module)
    who = "unsloth" if place.module == GENERATED else place.module
    return Call(who, owner, True, is_here, is_imported)


def cut_frame(case: Case) -> str:
    """Return the package of the last frame whose beginning was lost in pasting; else nothing."""
    found = list(_CUT_FRAME.finditer(case.above[-900:]))
    return found[-1]["module"] if found else ""


def _caller(case: Case) -> Place | None:
    """Return the last frame that does not only pass a call on."""
    for place in reversed(case.places):
        name = place.function.rpartition(".")[2]
        hands_on = _PASSES_ON.fullmatch(name) or name == "forward" and place.module in _ALSO_FORWARD
        if not (hands_on and place.owner == PACKAGE):
            return place
    return None


def _is_of_self(case: Case, member: str) -> bool:
    """Return whether the row right above the error has a member of the method's own object."""
    row = rf"\bself\.{re.escape(member)}\b[^\n]{{0,200}}(?:\n[\s^~]*)?\Z"
    return bool(member) and re.search(row, case.above.rstrip()) is not None


def _owner(name: str, module: str | None) -> tuple[str, bool, bool]:
    """Return whose a class or function is, and whether that module defines or imports it."""
    if _OF_TORCH.fullmatch(name):
        return "torch", False, False
    try:
        found = holders(name)
    except IndexUnusable:
        return "", False, False
    here = [item for item in found if item.module == module]
    if any(item.is_defined for item in here):
        return here[0].package, True, False
    # A bare function may be anybody's: a method's message leaves its class out before Python 3.10.
    is_named = bool(here) or name.lstrip("_")[:1].isupper()
    owner = owner_of(found) if is_named and not _ALSO_OF_TORCH.fullmatch(name) else ""
    return owner, False, bool(here)


def is_certain(call: Call, name: str) -> bool:
    """Return whether the log and the wheels prove who calls whom.

    A function's bare name may be the script's own, which was handed to a package.
    """
    return call.is_shown and (call.is_imported or call.is_of_one_file or name[:1].isupper())


def together(call: Call) -> tuple[str, ...]:
    """Return what brings a caller and what it calls to releases that fit, the likeliest first.

    No line of a package is to be edited: of one with a fault another release is the cure.
    """
    caller, owner = call.caller, call.owner
    if call.is_own:
        generated = "delete unsloth_compiled_cache, then " if caller == "unsloth" else ""
        return (
            f"{upgrade(caller)}   and {generated}restart the kernel or the program",
            "or the release before, where that is the newest: pip index versions "
            f"{distribution_of(caller)}",
        )
    advise = f"or releases of the same time: python -m gemma_compat advise --with {caller}"
    if caller == OF_MODEL:
        return (
            "no trust_remote_code=True, where transformers has a class for this model",
            "or the newest revision of the checkpoint's code, or transformers of its time: "
            "transformers_version in its config.json",
        )
    if caller.startswith("unsloth"):
        return f"{upgrade(caller)}   and delete unsloth_compiled_cache, then restart", advise
    if not owner or caller in _BRINGS_ALL and owner not in _BRINGS_ALL:
        return upgrade(caller), advise
    if caller == "trl" and owner == "vllm":
        return "pip install -U 'trl[vllm]'   the vLLM that this TRL names comes with it", advise
    if owner == "torch":
        return (
            f"pip install -U {distribution_of(caller)}",
            f"or pip install -U {_ALL_OF_TORCH}, where {caller} is the newer one",
        )
    if caller == "torch":
        return upgrade(owner), advise
    both = f"{upgrade(caller)} {distribution_of(owner)}"
    return f"{both}   in one command, so that pip fits them to each other", advise
