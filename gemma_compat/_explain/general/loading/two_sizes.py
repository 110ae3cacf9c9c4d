"""Answers to two sizes that do not fit, by the frames and by the sizes themselves."""

from __future__ import annotations

import re

from ...answer import Answer
from ...places import distribution_of
from ...unknown import GENERATED, OF_MODEL, OWN, PACKAGE, Place
from ..base import Case
from ..memory.merging import merged_sizes

_VISION = re.compile(r"vision|image|pixel|siglip|projector|embed_vision", re.IGNORECASE)

_EMPTY = Answer(
    "values are put into a tensor, and there are none: the source is empty (size 0)",
    (
        "print what the last frame's line assigns: who made it, and from what?",
        "GRPO: each reward function returns one number for each completion: print(len(rewards), "
        "len(completions))",
    ),
    why="a list of no scores, no rows or no labels became a tensor of size 0; a reward function "
    "whose column (answer, solution) is not in the rows returns nothing",
    known="both sizes are in the message; what the values are, only the frames say",
    settles=False,
)


_PREPARING = re.compile(r"\bnormalize\(|\brescale\(|image_transforms|image_processing")
_CHANNELS = Answer(
    "an image has another number of colour channels than the three that are expected",
    ("image = image.convert('RGB')   for each image that was opened",),
    why="a PNG with transparency has four (RGBA), a grey one has one",
    known="both numbers are in the message, and the frames are those of preparing an image",
    certain=False,
)


_OPTIMIZER_STATE = Answer(
    "FSDP gathers the state of the optimizer, and that state has not the shape of the weights",
    (
        "save_only_model=True   : checkpoints without the optimizer",
        "or optim='adamw_torch'   whose state has the shape of the weights",
    ),
    why="FSDP takes each tensor of the state for one with the shape of the sharded weight. "
    "Adafactor keeps rows and columns of a matrix in place of it, and others keep packed blocks",
    known="the last frame is of FSDP's optimizer state; torch's source says what it assumes",
    certain=False,
    settles=False,
)


_ADDED = re.compile(r"\bresult\b[^\n]{0,60}\blora_B\b")
_PARALLEL = re.compile(r"\btp_plan\b|tensor[_ ]parallel|\btp_size\b|DTensor|ColwiseParallel")


def _beside_a_shard(case: Case, told: str) -> Answer | None:
    """Answer an adapter's layer whose output does not fit that of the layer it was put on."""
    if not _ADDED.search(case.code) or not case.match["a"]:
        return None
    small, large = sorted((int(case.match["a"]), int(case.match["b"])))
    sharded = small > 0 and large % small == 0 and bool(_PARALLEL.search(case.near + case.around))
    return Answer(
        f"an adapter's output does not fit that of the layer it was put on{told}",
        (
            "tensor parallelism (tp_plan) without an adapter, or the adapter with DDP or FSDP2: "
            "leave tp_plan out of from_pretrained",
            "print(LAYER.weight.shape, LAYER.lora_B['default'].weight.shape)   for the layer of "
            "the frame before",
        ),
        why="tensor parallelism gives each process a share of a layer's rows; an adapter that does "
        "not know of it has them all"
        if sharded
        else "a layer that was sharded (tp_plan) or changed after the adapter was put on it, or an "
        "adapter of another model",
        known="the frame is of PEFT's layer, and the message has both sizes"
        + ("; one is a multiple of the other, and the log tells of tensor parallelism" * sharded),
        certain=False,
        settles=False,
    )


# cos and sin of the positions, and who turns queries and keys by them.
_ROTARY = re.compile(r"rotary|rotate_half|\bcos\b[^\n]{0,60}\bsin\b")
_HEADS = {"32", "40", "48", "64", "72", "80", "96", "112", "128", "160", "192", "256", "512"}


def _positions(case: Case, told: str, numbers: list[str]) -> Answer | None:
    """Answer where queries or keys meet the cos and sin of other positions."""
    places = [line for line in case.frames.splitlines() if line.strip()][-4:]
    if not _ROTARY.search("\n".join(places)):
        return None
    newer = "pip install -U transformers, and the package that called it (TRL, Unsloth, a trainer)"
    unsloth = "pip install -U unsloth unsloth_zoo   and restart the kernel"
    if set(numbers) <= _HEADS:
        return Answer(
            f"queries or keys and their positions (cos, sin) have heads of unlike size{told}",
            (
                "head_dim, partial_rotary_factor and rope_scaling of the checkpoint's own "
                "config.json",
                newer,
            ),
            why="a config that was changed, or attention code of another release than the rest",
            known="the message has both sizes, and the last frames turn queries by positions",
            certain=False,
            settles=False,
        )
    generates = case.phase == "generating"
    shapes = (
        "print(input_ids.shape, position_ids.shape)   before the model is called: one position "
        "for each token"
    )
    do = (newer, f"or {shapes}") if generates else (shapes, f"or {newer}")
    return Answer(
        f"queries or keys and their positions (cos, sin) have lengths that do not fit{told}",
        (unsloth, *do) if "nsloth" in case.near + case.around else do,
        why="positions were made for another length: by a script or trainer that cuts, shifts or "
        "splits the row afterwards, or from a cache whose length was counted otherwise",
        known="the message has both sizes, and the last frames turn queries by positions",
        settles=False,
    )


# Scores of [rows, heads, queries, keys] and a mask that is to be spread over them.
_SPREAD = re.compile(
    r"Target sizes: \[\d+, \d+, (?P<q>\d+), (?P<k>\d+)\]\.\s+Tensor sizes: \[\d+, 1, (?P<mq>\d+), "
    r"(?P<mk>\d+)\]"
)


def _mask(case: Case, told: str) -> Answer | None:
    """Answer where the message itself shows a mask beside the scores of an attention."""
    found = _SPREAD.search(f"{case.message}\n{case.hit.text}")
    if found is None:
        return None
    queries, keys, mask = int(found["q"]), int(found["k"]), int(found["mk"])
    headline = (
        f"the attention has {keys} keys for {queries} queries, and its mask is for {mask} keys"
    )
    if case.phase == "generating" or keys != queries:
        return Answer(
            headline,
            (
                "model.generate(**inputs, use_cache=False)   shows whether it is the cache",
                "pip install -U transformers   (code from the Hub, trust_remote_code: the release "
                "that its config.json names)",
                "in own code: an attention_mask as long as the cache and the new tokens together",
            ),
            why="keys of a cache stand before the new tokens, and the mask does not cover them: "
            "code that prepares the inputs of a step and code that counts the cache are of "
            "different releases, or the whole prompt was handed over beside its cache",
            known="the message has both shapes; who made the mask, it does not say",
            settles=False,
        )
    return Answer(
        headline,
        (
            "print({name: value.shape for name, value in batch.items()})   : is attention_mask as "
            "long as input_ids?",
            "then the collator, or the model's own code (trust_remote_code) with the transformers "
            "that its config.json names",
        ),
        why="a mask that was made before tokens came in (images, a prefix, an end token) or were "
        "cut off",
        known="the message has both shapes; who made the mask, it does not say",
        settles=False,
    )


def two_sizes(case: Case) -> Answer:
    """Answer two tensors of one operation whose sizes differ."""
    numbers = [text for text in case.match.groups() if text]
    if case.match["d"] == "0":
        return _EMPTY
    if case.match["h"]:
        numbers = [f"[{text}]" for text in numbers]
    told = f": {numbers[0]} and {numbers[1]}" if len(numbers) > 1 else ""
    if "fsdp/_optim_utils.py" in f"{case.frames} {case.around}":
        return _OPTIMIZER_STATE
    found = _beside_a_shard(case, told) or _mask(case, told) or _positions(case, told, numbers)
    if found is not None:
        return found
    if re.search(r"attention|attn|mask", case.frames, re.IGNORECASE):
        return _two_lengths(case, told)
    if re.search(r"\blora_[AB]\b|\bmerg(?:e|ing|ed)\b|lora_weights", case.around):
        return merged_sizes(told, numbers)
    if _PREPARING.search(case.frames) and {"3"} < set(numbers) <= {"1", "2", "3", "4"}:
        return _CHANNELS
    if _VISION.search(case.frames):
        return _of_vision(told)
    return _unknown_sizes(case, told)


def _of_vision(told: str) -> Answer:
    return Answer(
        f"two tensors of the vision part have sizes that do not fit{told}",
        (
            "the processor and the config of one checkpoint: AutoProcessor.from_pretrained of "
            "the same name",
            "one row first: per_device_train_batch_size=1",
        ),
        why="an image size, a number of image tokens or a projector of another checkpoint",
        known="the message has both sizes; the last frames are of the vision part",
        settles=False,
    )


# Whose code computes what a model's config, weights and rows make it compute.
_OF_MODELS = frozenset({"transformers", "peft", "bitsandbytes", "flash_attn", OF_MODEL, GENERATED})


def _in_a_library(place: Place, told: str, shapes: str) -> Answer:
    name = distribution_of(place.module)
    return Answer(
        f"two tensors have sizes that do not fit{told}, in a line of {name}'s own",
        (f"pip install -U {name}   and restart the kernel", f"or {shapes}"),
        why="a trainer's own line counts rows, answers or tokens otherwise than what it was given: "
        "an option that it does not bear with, or a fault of this release",
        known=f"the message has both sizes; the line is in {place.file}",
        certain=True,
        settles=False,
    )


def _unknown_sizes(case: Case, told: str) -> Answer:
    """Answer where neither the frames nor the sizes say what the tensors are."""
    shapes = "print the shapes before the line of the last frame"
    place = case.caller
    by_phase = {
        "training": "one row first: per_device_train_batch_size=1   shows whether rows of "
        "different lengths are at fault",
        "evaluating": "per_device_eval_batch_size=1   shows whether rows of different lengths are "
        "at fault",
        "generating": "one prompt at a time, and use_cache=False   show whether padding or the "
        "cache is at fault",
        "loading": "the config.json that was saved beside the weights",
    }
    if place is not None and place.owner == PACKAGE and place.module not in _OF_MODELS:
        return _in_a_library(place, told, shapes)
    is_own = place is not None and place.owner == OWN
    first = by_phase.get(case.phase, by_phase["training"])
    shapes_first = is_own and case.phase != "training" or not case.phase
    return Answer(
        f"two tensors of one operation have sizes that do not fit{told}",
        (shapes, first) if shapes_first else (first, shapes),
        why="rows that are not padded alike, a mask or labels cut apart from the input, or weights "
        "of another size than the config's",
        known="the message has both sizes; which of these it is, it does not say",
        settles=False,
    )


def _two_lengths(case: Case, told: str) -> Answer:
    batch = (
        "per_device_train_batch_size=1, use_cache=False"
        if case.phase != "generating"
        else ("one prompt at a time, and generate(..., use_cache=False)")
    )
    return Answer(
        f"two tensors in the attention have sizes that do not fit, most often the mask{told}",
        (
            "leave your own attention_mask out, or make it as long as input_ids plus the cache",
            f"{batch}   show whether padding or the cache is at fault",
        ),
        why="a mask of another batch, a static or sliding cache of another length, or an attention "
        "of another release than the code that builds the mask",
        known="the message has both sizes; the last frames are of the attention",
        certain=False,
        settles=False,
    )
