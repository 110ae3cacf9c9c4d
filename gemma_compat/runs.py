"""The kinds of run for which a rule can matter: each a name and the question behind it.

A rule lists names in ``runs``; it is silent where the facts show that the run is of none of them,
and open where that is not known.
"""

from __future__ import annotations

from .conditions import evaluates
from .facts import Facts
from .rule import Condition, any_of, condition


@condition("a PEFT adapter is trained")
def trains_adapter(facts: Facts) -> bool:
    """On the model in hand, or because the run says that it will put one on."""
    if facts.model.get("peft") is not None or facts.training.get("peft"):
        return True
    if facts.model.known("peft") and facts.model.get("live"):
        return False
    return facts.training.peft


@condition("every weight is trained (no PEFT adapter)")
def trains_every_weight(facts: Facts) -> bool:
    return not trains_adapter.test(facts)


@condition("the weights are quantized to 4 bits")
def is_four_bit(facts: Facts) -> bool:
    return facts.model.quantization_bits == 4


@condition("batches hold images or audio")
def has_images(facts: Facts) -> bool:
    return facts.training.images


@condition("sequences are packed (packing, padding_free)")
def packs(facts: Facts) -> bool:
    return facts.training.packing


@condition("the run generates text (GRPO, predict_with_generate, generate())")
def generates(facts: Facts) -> bool:
    return facts.training.generates


@condition("several processes train one model")
def is_distributed(facts: Facts) -> bool:
    return facts.training.distributed != "no"


RUNS: dict[str, Condition] = {
    "full fine-tune": trains_every_weight,
    "adapter": trains_adapter,
    "4-bit": is_four_bit,
    "images": has_images,
    "packing": packs,
    "evaluation": evaluates,
    "generation": generates,
    "distributed": is_distributed,
}


def is_any_of(names: tuple[str, ...]) -> Condition:
    """The question whether the run is of one of these kinds. ``KeyError`` for another name."""
    return any_of(*(RUNS[name] for name in names))
