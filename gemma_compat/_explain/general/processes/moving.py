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
    return Answer(
        "requires_grad was set on weights that are integers: packed 4-bit or 8-bit ones",
        do,
        why="full fine-tuning of a quantized model is not possible; an adapter on it is",
        known="torch says so",
        settles=False,
    )
