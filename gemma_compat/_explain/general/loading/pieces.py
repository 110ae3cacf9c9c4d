"""A tensor that is a piece on one side: empty, one row of numbers, a single number."""

from __future__ import annotations

import math

from ...answer import Answer
from ..base import Case


def _saved_empty(case: Case) -> Answer:
    return Answer(
        "the file holds empty tensors (size 0): it was saved from ZeRO-3 shards that were not "
        "gathered",
        (
            '"stage3_gather_16bit_weights_on_model_save": true in the DeepSpeed config, then '
            "train and save again",
            "or ZeRO-2, which does not partition the weights",
        ),
        why="under ZeRO-3 (and FSDP) a parameter is an empty shard on each process outside of "
        "its layer's forward. What was saved in this state holds no weights and cannot be "
        "repaired",
        known="the size 0 is in the message; which call saved it is not"
        + ("; the log names ZeRO-3" if case.facts.training.get("deepspeed_stage") == 3 else ""),
        certain=True,
    )


_EMPTY_SHARD = Answer(
    "the model's parameter is an empty ZeRO-3 shard while the file's weights are loaded",
    (
        "load with from_pretrained under the trainer's own DeepSpeed config, which gathers",
        "or ZeRO-2, which does not partition the weights",
    ),
    why="DeepSpeed ZeRO-3 partitions parameters when the model is made; a plain "
    "load_state_dict then meets size 0",
    known="the size 0 is in the message; which call loads the file, the traceback says",
)


_OF_ONE = _EMPTY_SHARD.replace(
    known="one number stands in place of a matrix; which call loads the file, the traceback says",
    certain=False,
)
_FEWEST_OF_A_PIECE = 4_096  # numbers: fewer are a bias, or a layer of one output


_FLAT = Answer(
    "the file holds a flat piece of a weight: it was saved from FSDP without being put together",
    (
        "fsdp_state_dict_type: FULL_STATE_DICT   while it trains, and trainer.save_model()",
        "from sharded files: accelerate merge-weights CHECKPOINT/pytorch_model_fsdp_0 OUT",
        "a single flat shard cannot be loaded alone: all ranks' shards are needed",
    ),
    why="FSDP1 keeps each unit's weights as one row of numbers, cut over the ranks; a save that "
    "reads the model's own weights writes such a cut",
    known="the saved shape has one dimension, the weight has more",
)


_EMPTY_PIECE = Answer(
    "the file holds an empty piece of a weight: it was saved from shards (FSDP2, ZeRO-3) that "
    "were not put together",
    _FLAT.do,
    why="a weight with fewer rows than there are ranks leaves some of them without any",
    known="one size of the saved shape is 0; which of the two it was, the log need not say",
    settles=False,
)


_HELD_FLAT = Answer(
    "the model's weight is a flat piece (one dimension) while the file holds it whole: FSDP or "
    "tensor parallelism has cut the model already",
    (
        "load the weights first, then wrap the model: from_pretrained(FOLDER), then prepare()",
        "or resume by the trainer that wrote the checkpoint (resume_from_checkpoint)",
    ),
    why="FSDP1 keeps each unit's weights as one row of numbers, cut over the ranks",
    known="the shape in the model has one dimension, the saved one has more",
    settles=False,
)


def of_pieces(case: Case, saved: str, here: str) -> Answer | None:
    """Answer where one side is a piece of a sharded weight: empty, or one row of numbers."""
    if not saved.strip() or not here.strip():
        return _one_number(saved, here)
    if saved == "0":
        return _saved_empty(case)
    if saved.startswith("0,"):
        return _EMPTY_PIECE
    if here == "0" or here.startswith("0,"):
        return _EMPTY_SHARD
    if "," in here and "," not in saved:
        return _FLAT if _FEWEST_OF_A_PIECE <= int(saved) <= math.prod(numbers(here)) else None
    if "," in saved and "," not in here:
        return _OF_ONE if here == "1" else _HELD_FLAT
    return None


def _one_number(saved: str, here: str) -> Answer:
    if {saved.strip(), here.strip()} != {"", "1"}:
        return Answer(
            f"a weight is a single number on one side alone: shape [{saved}] in the file and "
            f"[{here}] in the model",
            ("the class and its options as they were when the file was saved",),
            known="both shapes are in the message",
            settles=False,
        )
    return Answer(
        f"a weight is a single number on one side: shape [{saved}] in the file and [{here}] in the "
        "model",
        (
            "the release of the library that saved the file, or a newer checkpoint",
            "in a loader of your own: state[NAME] = state[NAME].reshape(SHAPE_OF_THE_MODEL)",
        ),
        why="one number is kept as [] by one release and as [1] by another; both hold the same",
        known="both shapes are in the message",
        settles=False,
    )


def numbers(shape: str) -> list[int]:
    """Return the sizes of a shape."""
    return [int(part) for part in shape.split(",") if part.strip()]
