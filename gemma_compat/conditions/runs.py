"""The kinds of run for which a rule can matter: each a condition with a short name.

A rule lists them in ``runs``. It is silent where the facts show that the run is of none of these
kinds, and open where that is not known.
"""

from __future__ import annotations

from ..engine.rule import RunKind, kind_of_run
from ..facts import Facts
from . import evaluates


@kind_of_run("adapter", "a PEFT adapter is trained")
def trains_adapter(facts: Facts) -> bool:
    """On the model in hand, or because the run says that it will put one on."""
    if facts.model.get("peft") is not None or facts.training.get("peft"):
        return True
    if facts.model.known("peft") and facts.model.get("live"):
        return False
    return facts.training.peft


@kind_of_run("full fine-tune", "every weight is trained (no PEFT adapter)")
def trains_every_weight(facts: Facts) -> bool:
    return not trains_adapter.test(facts)


@kind_of_run("4-bit", "the weights are quantized to 4 bits")
def is_four_bit(facts: Facts) -> bool:
    return facts.model.quantization_bits == 4


@kind_of_run("images", "batches hold images or audio")
def has_images(facts: Facts) -> bool:
    return facts.training.images


@kind_of_run("packing", "sequences are packed (packing, padding_free)")
def packs(facts: Facts) -> bool:
    return facts.training.packing


@kind_of_run("generation", "the run generates text (GRPO, predict_with_generate, generate())")
def generates(facts: Facts) -> bool:
    return facts.training.generates


@kind_of_run("distributed", "several processes train one model")
def is_distributed(facts: Facts) -> bool:
    return facts.training.distributed != "no"


is_evaluated = RunKind(evaluates.phrase, evaluates.test, name="evaluation")
