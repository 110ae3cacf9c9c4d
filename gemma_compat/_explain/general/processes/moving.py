"""Answers where a model in 4 or 8 bits is moved as a whole, or asked for gradients."""

from __future__ import annotations

import re

from ...answer import Answer
from ...places import distribution_of, places_of
from ...unknown import PACKAGE
from ..base import Case


def moved(case: Case) -> Answer:
    """Answer by who moves: the script, or a library that places the model it has loaded."""
    places = places_of(case.error) if case.error else ()
    mover = next((p for p in reversed(places) if re.search(r"\.(?:to|cuda)\(", p.code)), None)
    leave = "leave .to(), .cuda(), .half() out: device_map={'': 0} places it at loading"
    if mover is None or mover.owner != PACKAGE:
        return Answer(
            "a model in 4 or 8 bits cannot be moved or cast as a whole",
            (leave,),
            known="transformers says so",
        )
    name = distribution_of(mover.module)
    packages = dict.fromkeys(("transformers", "accelerate", "bitsandbytes", name))
    return Answer(
        f"{name} moves a model in 4 or 8 bits as a whole, which these releases do not allow",
        (
            f"pip install -U {' '.join(packages)}   and restart the kernel",
            "or device_map='auto' in from_pretrained, where one card was named; in 8 bits "
            "load_in_4bit=True",
        ),
        why="transformers 4.50.3 lets a model in 4 bits be moved with bitsandbytes 0.43.2 or "
        "newer, and one in 8 bits not",
        known=f"the frames show {name}'s call; the rest is read in transformers 4.50.3",
        settles=False,
    )


# A tensor that the script makes, or one of token ids: not a weight.
_OF_TOKENS = re.compile(
    r"(?i)torch\.\w*tensor\(|\b(?:input_ids|labels|ids|tokens|indices|targets?)\b"
)
_QUANTIZED = re.compile(
    r"(?i)4-?_?bit|8-?_?bit|--bits [48]|qlora|bnb|bitsandbytes|gptq|\bawq\b|fp8|int8|quantiz"
)


_GRADIENT_OF_TOKENS = Answer(
    "a tensor of integers (token ids, labels) was told to take a gradient",
    (
        "without requires_grad: ids and labels are not trained",
        "or .float() first, where the numbers are to be trained; the embeddings of ids come from "
        "model.get_input_embeddings()(input_ids)",
    ),
    known="torch says so, of the line that makes the tensor",
    settles=False,
)


def gradient_of_integers(case: Case) -> Answer:
    """Answer by whose line switched the gradient on."""
    place = case.caller
    code = place.code if place else ""
    skip = (
        "llm_int8_skip_modules=['NAME'] in BitsAndBytesConfig   for a part that is to be trained "
        "whole (a projector, a head)"
    )
    adapter = (
        "prepare_model_for_kbit_training(model) and get_peft_model(model, config), which freeze "
        "them"
    )
    by_type = "if p.is_floating_point(): p.requires_grad = True   in that line's loop, and by name"
    do: tuple[str, ...] = (adapter, f"or {by_type}", skip)
    if "requires_grad" in code and _OF_TOKENS.search(code):
        return _GRADIENT_OF_TOKENS
    if "Parameter(" in code:
        package = place.module if place and place.module else "transformers"
        do = (
            f"pip install -U {distribution_of(package)}",
            "or the checkpoint in 16 bits, quantized as it is loaded",
        )
    elif "requires_grad" in code:
        do = (by_type, skip)
    elif place is not None and place.module == "peft":
        do = (skip, "or that name out of modules_to_save and trainable_token_indices")
    quantized = case.facts.model.get("quantization_bits") or _QUANTIZED.search(
        case.around + case.near
    )
    return Answer(
        "requires_grad was set on weights that are integers: packed 4-bit or 8-bit ones"
        if quantized
        else "requires_grad was set on a tensor of integers: a packed (quantized) weight, most "
        "often",
        do,
        why="full fine-tuning of a quantized model is not possible; an adapter on it is",
        known="torch says so",
        certain=bool(quantized),
        settles=False,
    )


_IS_CUT = re.compile(
    r"(?i)zero-?_?\s?3\b|stage[\"']?\s?[:=_]?\s?3\b|deepspeed(?![\"']?\s?[=:]\s?(?:None|null))|"
    r"\bz3\b|ds_config"
)


def one_is_empty(case: Case) -> Answer:
    """Answer two sizes of which one is 0, by whether the log has ZeRO-3 in it."""
    zero = (
        "ZeRO-2, if the weights fit on each card: it settles whether ZeRO-3 is the cause",
        "pip install -U deepspeed accelerate transformers trl",
        "no call of a part of the model (model.lm_head, model.model) outside its forward; "
        "GatheredParameters around it",
    )
    other = next((int(text) for text in case.match.groups() if text and int(text)), 0)
    of_a_weight = other >= 1024 and other % 256 == 0 and not case.is_of_the_script
    cut = of_a_weight or _IS_CUT.search(case.around + case.near) is not None
    return Answer(
        "one of two tensors is empty (size 0): most often a weight that ZeRO-3 keeps on other ranks"
        if cut
        else "one of two tensors is empty (size 0)",
        zero
        if cut
        else (
            "print the shapes at the last frame: a batch, images or an answer without any token?",
            f"under ZeRO-3: {zero[0]}",
        ),
        why="under ZeRO-3 a weight has size 0 wherever nothing gathered it; rows or images that "
        "were all dropped are empty too",
        known="the sizes in the message; that ZeRO-3 is behind it is likely, not shown"
        if cut
        else "the sizes in the message; which tensor it is, the frames show",
        certain=not cut,
        settles=False,
    )


def initialised_flat(case: Case) -> Answer:
    """Answer an initialisation of a weight without two dimensions: cut by ZeRO-3, or packed."""
    cut = _IS_CUT.search(case.around + case.near) is not None
    return Answer(
        "a layer is initialised at a moment when its weight has no two dimensions: most often "
        "ZeRO-3 has cut it"
        if cut
        else "a layer is initialised whose weight has fewer than two dimensions: it is a vector, "
        "or was cut or packed",
        (
            "pip install -U transformers deepspeed   then load once more by from_pretrained",
            "own layers: no nn.init in __init__ or _init_weights beside "
            "deepspeed.zero.GatheredParameters",
            "or ZeRO-2 for this model",
        )
        if cut
        else (
            "own code: nn.init.xavier and kaiming are for matrices; nn.init.zeros_ or normal_ for "
            "a bias, a norm or a scale",
            "pip install -U transformers peft   where their frame is the last",
            "under ZeRO-3: ZeRO-2 for this model",
        ),
        why="under ZeRO-3 the weights are cut while the model is made, and have size 0 outside of "
        "it"
        if cut
        else "both count the inputs and outputs of a matrix",
        known="torch names the dimensions; that ZeRO-3 is behind it is likely"
        if cut
        else "torch names the dimensions; which weight it is, the frames show",
        certain=not cut,
        settles=False,
    )
