"""Answers where a checkpoint that is quantized gets a config of another kind."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case


def quantized_otherwise(case: Case) -> Answer:
    """Answer by the two configs that the message names."""
    here, given = case.match["here"] or "", case.match["given"] or "BitsAndBytesConfig"
    if given in {"NoneType", "dict"} or (here and "BitsAndBytes" not in given):
        own = f" with {here.removesuffix('Config')}" if here else ""
        return Answer(
            f"the checkpoint is quantized already{own}, and another config ({given}) is given with "
            "it",
            (
                "leave quantization_config out: the checkpoint brings its own",
                "or the checkpoint that is not quantized, for the config that is given",
                "pip install -U transformers   where both are meant to be the same kind",
            ),
            why="a config may only change loading options of the same kind of quantization",
            known="the message names both",
        )
    return Answer(
        "the checkpoint is quantized already, in another way than the BitsAndBytesConfig that is "
        "given with it",
        (
            "leave quantization_config out   (load_in_4bit, load_in_8bit as well)",
            "or the checkpoint that is not quantized, for 4 bits by bitsandbytes and QLoRA",
        ),
        why="transformers asks the given config for its loading attributes only where the "
        "checkpoint's own config.json holds a quantization_config of another kind (GPTQ, AWQ, "
        "MXFP4, FP8, compressed-tensors), and BitsAndBytesConfig has none",
        known="the message; that call was read in transformers 4.57.6, which names both kinds "
        "before it comes there",
    )
