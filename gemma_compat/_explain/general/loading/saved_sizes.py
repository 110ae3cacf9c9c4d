"""A tensor of a file in another shape than the model has: empty, packed, resized."""

from __future__ import annotations

import math
import re

from ...answer import Answer
from ..base import Case
from .pieces import numbers, of_pieces
from .vocabulary_sizes import (
    IS_EMBEDDING,
    columns,
    embeddings,
    rows,
    table_of_tokens,
    tokens_of_an_adapter,
)


def _packed(saved: str, here: str) -> Answer:
    return Answer(
        f"the file holds weights in 4 bits ([{saved}], packed by bitsandbytes), and the model that "
        f"takes them expects [{here}]",
        (
            "load the 16-bit checkpoint: the name without -bnb-4bit, or a merge with "
            "save_method='merged_16bit'",
            "or a loader that knows bitsandbytes: from_pretrained with the quantization_config "
            "beside the weights",
        ),
        why="bitsandbytes packs two values into a byte and keeps them as one column",
        known="a shape [N, 1] in place of a matrix is that of packed weights",
    )


def _expert_adapter(saved: str, here: str) -> Answer:
    return Answer(
        f"the adapter's tensors of the experts have another layout: [{saved}] in the file, [{here}]"
        " in the model",
        (
            "the releases of unsloth, unsloth_zoo, peft and transformers that the run trained with",
            "or train the attention alone: leave the experts out of target_modules and "
            "target_parameters",
        ),
        why="fused experts are adapted as parameters, one wrapper over the other (base_layer); the "
        "order of the wrappers and which side comes first depend on the release",
        known="both shapes are in the message; which release changed it, is not",
        settles=False,
    )


# Embeddings and heads under the names that model files give them; InternLM's head is "output".
_ADAPTED_TOKENS = re.compile(
    r"(?:embed_tokens|lm_head|embed_out|word_embeddings|tok_embeddings|wte|model\.output)\.lora_"
)


def size_mismatch(case: Case) -> Answer:
    """Answer a shape in the file that is not the model's, by both shapes and the name."""
    saved, here = case.match["saved"], case.match["here"]
    piece = of_pieces(case, saved, here)
    if piece:
        return piece
    if IS_EMBEDDING.search(case.hit.text) and rows(saved) != rows(here):
        if columns(saved) != columns(here) or parts(saved, here):
            return _other_size(saved, here)
        return embeddings(case, rows(saved), rows(here))
    if re.fullmatch(r"\d{4,}, 1", saved):
        return _packed(saved, here)
    if re.search(r"experts\S{0,40}\.lora_", case.hit.text):
        return _expert_adapter(saved, here)
    if _ADAPTED_TOKENS.search(case.hit.text):
        tokens = tokens_of_an_adapter(saved, here)
        if tokens is not None:
            return tokens
    if "lora_" in case.hit.text:
        ranks = _ranks(case, saved, here)
        if ranks is not None:
            return ranks
        return Answer(
            f"a matrix of the adapter has shape [{saved}] in its file and [{here}] in the model "
            "that takes it",
            ("load the base model that adapter_config.json names, with the rank that it states",),
            why="another base, another number of tokens where the embeddings are adapted"
            if "lora_embedding" in case.hit.text
            else "another size of the model, another rank, or another class of it",
            known="both shapes are in the message",
            settles=False,
        )
    return _other_size(saved, here)


def shape_in_the_file(case: Case) -> Answer:
    """Answer a refusal of from_pretrained, whose message has both shapes and no weight's name."""
    saved, here = case.match["saved"], case.match["here"]
    if here == "0" and case.phase == "loading":
        return _CUT_BEFORE_LOADING
    piece = of_pieces(case, saved, here)
    if piece:
        return piece
    if saved.endswith(", 1"):
        return _packed(saved, here)
    if here.endswith(", 1"):
        return _PACKED_HERE
    known = (
        table_of_tokens(saved, here)
        or _positions_of_images(saved, here)
        or _packed_in_numbers(saved, here)
    )
    if known is not None:
        return known
    return Answer(
        f"a weight has shape [{saved}] in the file and [{here}] in the model that config.json and "
        "its class make",
        (
            "the config.json and the class that were saved beside these files",
            "pip install -U transformers   where the model is newer: an older one passes over a "
            "size in config.json that it does not know (head_dim, num_key_value_heads)",
            "download the folder anew: config.json and weights of one revision",
        ),
        why="a config of another model or size, an older class of it, or files of two models in "
        "one folder",
        known="both shapes are in the message; which of these it is, it does not say",
        settles=False,
    )


def _positions_of_images(saved: str, here: str) -> Answer | None:
    """Answer two numbers of positions of a vision tower: squares, or one more for the class."""
    if columns(saved) != columns(here):
        return None
    of_rows = [int(rows(shape)) for shape in (saved, here)]
    sides = [_side(number) for number in of_rows]
    if 0 in sides or not any(number % 64 for number in of_rows):
        return None  # both may be heads of 64 or more: keys and values that share heads
    return Answer(
        f"a table of image positions has {rows(saved)} rows in the file and {rows(here)} in the "
        f"model: {sides[0]} x {sides[0]} patches and {sides[1]} x {sides[1]}",
        (
            "the vision tower that the checkpoint was trained with, in its resolution (a name "
            "such as ...-patch14-336)",
            "the config.json that was saved beside the weights: image_size and patch_size",
        ),
        why="a tower for images of another size has another number of patches",
        known="both shapes are in the message; that they are positions follows from the numbers",
        certain=False,
        settles=False,
    )


def _packed_in_numbers(saved: str, here: str) -> Answer | None:
    """Answer a file with an eighth or a quarter of the columns: several values in each number."""
    of_file, of_model = numbers(saved), numbers(here)
    if len(of_file) != 2 or len(of_model) != 2 or of_file[0] != of_model[0]:
        return None
    bits = next((b for b in (4, 8) if of_file[1] * 32 == of_model[1] * b), 0)
    if not bits:
        return None
    return Answer(
        f"the file has {of_file[1]} columns where the model has {of_model[1]}: {bits}-bit values, "
        f"{32 // bits} packed into each number, as MLX and some quantizers write them",
        (
            "MLX: mlx_lm.fuse --model BASE --adapter-path adapters --save-path fused --dequantize  "
            " and load that folder",
            "or the checkpoint in 16 bits; a quantized one with the quantization_config beside it",
        ),
        why="transformers reads them as plain weights where config.json has no "
        "quantization_config that it knows",
        known="both shapes are in the message; that they are packed follows from the numbers",
        certain=False,
        settles=False,
    )


def _side(number: int) -> int:
    """Return the side of a square of patches, with or without one row for the class; else 0."""
    for patches in (number, number - 1):
        side = math.isqrt(max(patches, 0))
        if 14 <= side <= 96 and side * side == patches:
            return side
    return 0


_PACKED_HERE = Answer(
    "a weight of the file is in 16 bits, and the model that takes it is packed in 4 bits",
    (
        "quantization_config out of config.json, where the files were merged to 16 bits",
        "or the base in 16 bits, with load_in_4bit=True in from_pretrained",
    ),
    why="bitsandbytes keeps a 4-bit weight as one column of bytes",
    known="both shapes are in the message",
)

_CUT_BEFORE_LOADING = Answer(
    "from_pretrained puts weights into a model that ZeRO-3 has cut already (size 0)",
    (
        "no low_cpu_mem_usage=True and no device_map beside ZeRO-3",
        "QLoRA under ZeRO-3: pip install -U transformers accelerate peft bitsandbytes trl",
        "or ZeRO-2, which does not partition the weights",
    ),
    why="with ZeRO-3 in the trainer's arguments the model is made in pieces; only the loader that "
    "knows of it gathers them, and older releases took another one for quantized or big models",
    known="the size 0 is in the message, and the frames are of from_pretrained",
    settles=False,
)


def _ranks(case: Case, saved: str, here: str) -> Answer | None:
    """Answer where the two shapes differ in the rank alone."""
    of_file, of_model = saved.split(", "), here.split(", ")
    if len(of_file) != 2 or len(of_model) != 2:
        return None
    rank, other = (0, 1) if re.search(r"lora_(?:embedding_)?A", case.hit.text) else (1, 0)
    if of_file[other] != of_model[other] or of_file[rank] == of_model[rank]:
        return None
    return Answer(
        f"the adapter was saved with rank {of_file[rank]}, and is loaded into one of rank "
        f"{of_model[rank]}: shape [{saved}] in its file and [{here}] here",
        (
            f"LoraConfig(r={of_file[rank]}, ...)   to go on with it: its adapter_config.json has "
            "the rest",
            "or start anew without resume_from_checkpoint, where the rank was changed on purpose",
        ),
        known="both shapes are in the message, and differ in the rank alone",
    )


def _other_size(saved: str, here: str) -> Answer:
    do = ["load them with the config.json that was saved beside them"]
    why = "a file of another size of the model, or of another class"
    number = parts(saved, here)
    if number:
        do.append(f"or all {number} parts of a model that is cut over {number} cards, put together")
        why += (
            f"; one side is {number} times the other, as a part of a model that is cut over cards "
            "is"
        )
    return Answer(
        f"a weight has shape [{saved}] in the file and [{here}] in the model",
        tuple(do),
        why=why,
        known="both shapes are in the message",
        settles=False,
    )


def parts(saved: str, here: str) -> int:
    """Return how many times one shape has what the other has, along one dimension; else 0."""
    pairs = list(zip(numbers(saved), numbers(here), strict=False))
    unlike = [(max(pair), min(pair)) for pair in pairs if pair[0] != pair[1]]
    if len(unlike) != 1 or saved.count(",") != here.count(","):
        return 0
    large, small = unlike[0]
    return large // small if small > 1 and large % small == 0 and large // small <= 64 else 0
