"""Estimate what the run of a log takes, by what the log states, and say which figures lack.

A step is estimated only where model, method, batch and length are stated. Where they are not, what
stands before any batch (weights, gradients, optimizer) may exceed the card already; else the
weights alone are given.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ....errors import UsageError
from ....facts import Facts
from ....values import Value
from ..base import Case
from .figures import allocator_of

if TYPE_CHECKING:
    from ....memory import Judgement, Shape

_GIB = 1 << 30
_MOST_MISSING = 3
# Words for the parts that the estimate names.
_CALLED = {
    "optimizer": "the optimizer's states",
    "logits": "the logits and their gradients",
    "logits and loss": "the logits and their gradients",
    "activations": "the activations",
    "weights": "the weights",
    "gradients": "the gradients",
    "adapter": "the adapter",
    "masters": "the optimizer's float32 copy of the weights",
    "buffers": "the buffers of the sharding",
}


class Run(Value):
    """The run that a log states, as the library's estimate needs it.

    Attributes:
        model: a published name; empty if the log names none whose sizes are known.
        facts: the log's, with what sentences tell put under it.
        missing: what the log does not state and the estimate needs, most important first.
        memory: of one card in MiB, as NVML gives it; ``None`` if not stated.
        cards: how many cards the log states; ``None`` if it does not.
        card: the name of the card, as ``--gpu`` takes it; empty if not stated.
        share: what vLLM takes of the same card, 0 to 1.
        is_unsloth: whether Unsloth runs, which recomputes layers and cuts the loss into chunks.
    """

    model: str
    facts: Facts
    missing: tuple[str, ...]
    memory: int | None
    cards: int | None
    card: str
    share: float = 0.0
    is_unsloth: bool = False


def names_a_model(case: Case) -> bool:
    """Return whether the log names a size of Gemma, so that there is something to estimate."""
    return not case.log.is_other and bool(case.log.model_name or case.log.told.get("model"))


def run_of(case: Case) -> Run:
    """Return what the log states of the run."""
    told, log = case.log.told, case.log
    name = "" if log.is_other else log.model_name or _published(str(told.get("model", "")))
    run, model, adapter = case.facts.training, case.facts.model, case.facts.adapter
    full = run.get("peft") is False or (not run.known("peft") and told.get("peft") is False)
    bits = model.get("quantization_bits") or (None if full else told.get("bits"))
    changes: dict[str, Any] = {
        "peft": False if full else run.get("peft") or told.get("peft") or (True if bits else None),
        "per_device_train_batch_size": run.get("per_device_train_batch_size") or told.get("rows"),
        "max_length": run.get("max_length") or told.get("tokens"),
        "optimizer": run.get("optimizer") or told.get("optimizer"),
    }
    stage = run.get("deepspeed_stage") or told.get("stage")
    if (stage or told.get("deepspeed")) and run.get("distributed") in {None, "deepspeed"}:
        changes |= {"distributed": "deepspeed", "deepspeed_stage": stage}
    run = run.replace(**{key: value for key, value in changes.items() if value is not None})
    if bits:
        model = model.replace(quantization_bits=bits, quantization="bitsandbytes")
    if told.get("rank") and not adapter.get("rank"):
        adapter = adapter.replace(rank=told["rank"])
    facts = case.facts.replace(training=run, model=model, adapter=adapter)
    card, memory = _card(case)
    gpus = case.facts.get("gpus", ())
    given = gpus if gpus != log.facts.get("gpus", ()) else ()
    colocates = bool(told.get("colocates"))
    cards = len(given) or log.cards or told.get("cards")
    return Run(
        model=name,
        facts=facts,
        missing=_missing(name, facts, memory, cards),
        memory=memory,
        cards=cards,
        card=card,
        share=float(told.get("share") or 0.0) if colocates else 0.0,
        is_unsloth=facts.unsloth.get("used") is True or bool(told.get("unsloth")),
    )


@lru_cache(maxsize=64)
def _published(told: str) -> str:
    """Return the published name of a family and size that a sentence names; empty if none is."""
    from ....tables import checkpoints

    for name in (f"{told}-it", told):
        found = checkpoints.find(name) if told else None
        if found is not None:
            return found.published_as
    return ""


def _card(case: Case) -> tuple[str, int | None]:
    """Return name and memory (MiB) of one card, by the error, the table and the sentences."""
    from ....tables import gpus

    found = case.facts.get("gpus", ())
    name = str(found[0].get("name") or "") if found else str(case.log.told.get("card", ""))
    stated = allocator_of(case.message).capacity or case.log.gpu_memory
    stated = stated or case.log.told.get("memory")
    sizes = {card.memory_total for card in gpus.cards(name) if card.memory_total} if name else set()
    if found and found[0].get("memory_total"):
        sizes = {found[0].memory_total}
    if stated:
        near = [size for size in sizes if abs(size / 1024 - stated) < 0.1 * stated]
        if not near:
            return ("" if sizes else name), int(stated * 1024)
        return (f"{name}-{round(near[0] / 1024)}GB" if len(sizes) > 1 else name), near[0]
    return name, sizes.pop() if len(sizes) == 1 else None


def _missing(name: str, facts: Facts, memory: int | None, cards: int | None) -> tuple[str, ...]:
    run = facts.training
    lacks = (
        (not name, "which model, with its size (--model)"),
        (memory is None, "the card's memory (--gpu)"),
        (run.get("peft") is None, "whether all weights are trained or an adapter (--full, --lora)"),
        (not run.get("max_length"), "the length of the rows (--max-length)"),
        (not run.get("per_device_train_batch_size"), "the rows of a batch (--batch-size)"),
        (
            run.get("distributed") == "deepspeed" and not run.get("deepspeed_stage"),
            "the stage of ZeRO (--zero-stage)",
        ),
        (
            not cards and run.get("distributed") in {"deepspeed", "fsdp"},
            "how many cards share it (--gpu 8xCARD)",
        ),
    )
    return tuple(text for lacking, text in lacks if lacking)[:_MOST_MISSING]


def judged(run: Run) -> Judgement | None:
    """Return the library's judgement of a step; ``None`` where the log states too little."""
    return _judged(run) if _is_stated(run) else None


def recomputed(run: Run) -> Judgement | None:
    """Return the judgement with layers recomputed, if the log does not say whether they are.

    Trainers differ in what they do by themselves, so that neither can be assumed.
    """
    training = run.facts.training
    if training.known("gradient_checkpointing") or training.get("external_checkpointing"):
        return None
    return judged(
        run.replace(facts=run.facts.replace(training=training.replace(gradient_checkpointing=True)))
    )


def at_least(run: Run) -> Judgement | None:
    """Return the judgement of a row of one token: what stands before any batch.

    ``None`` where the method is not stated, or how the run is spread over several cards.
    """
    training = run.facts.training
    if not run.model or training.get("peft") is None or not _is_spread_known(run):
        return None
    short = training.replace(
        max_length=1, per_device_train_batch_size=1, gradient_checkpointing=True
    )
    return _judged(run.replace(facts=run.facts.replace(training=short)))


def _is_stated(run: Run) -> bool:
    training = run.facts.training
    return bool(
        run.model
        and training.get("peft") is not None
        and training.get("max_length")
        and training.get("per_device_train_batch_size")
        and _is_spread_known(run)
    )


def _is_spread_known(run: Run) -> bool:
    """Return whether a run that is sharded states how, and over how many cards."""
    training = run.facts.training
    kind = training.get("distributed")
    if kind == "deepspeed":
        stage = training.get("deepspeed_stage")
        return stage == 0 or bool(stage and run.cards)
    if kind is None and (run.cards or 1) > 1:
        return training.get("peft") is True  # an adapter's run holds a whole copy on each card
    return kind != "fsdp" or bool(run.cards)


def _judged(run: Run) -> Judgement | None:
    # An error without a model's name needs none of this.
    from ....memory import MissingFigure, judge_setup, read_setup, read_shape
    from ....tables import checkpoints

    known = checkpoints.find(run.model)
    if known is None:
        return None
    gpus = run.facts.get("gpus", ())
    facts = run.facts.replace(gpus=(gpus[:1] * (run.cards or 1)) if gpus else gpus)
    try:
        shape: Shape = read_shape(known.config)
        setup, assumed = read_setup(shape, known.config, facts)
    except (MissingFigure, UsageError):  # of unknown sizes, or a run that cannot be
        return None
    if run.is_unsloth:
        kept = run.facts.training.get("gradient_checkpointing") is False
        setup = setup.replace(loss="chunked", checkpointing=not kept)
    if run.cards and setup.ranks != run.cards and setup.spread != "no":
        setup = setup.replace(ranks=run.cards)
    memory = None if run.memory is None else int(run.memory * (1 - run.share))
    return judge_setup(shape, setup, memory, assumed)


def shape_of(run: Run) -> Shape | None:
    """Return the sizes of the published model that the log names."""
    if not run.model:
        return None
    from ....memory import MissingFigure, read_shape
    from ....tables import checkpoints

    known = checkpoints.find(run.model)
    try:
        return read_shape(known.config) if known else None
    except MissingFigure:
        return None


def words_of(run: Run) -> int:
    """Return how many tokens the model's vocabulary has; 0 if it is not known."""
    shape = shape_of(run)
    return shape.vocabulary if shape else 0


def weights_of(run: Run) -> tuple[float, float] | None:
    """Return the billions of numbers of the model, and the GiB that they take as stated."""
    shape = shape_of(run)
    if shape is None:
        return None
    from ....memory import Setup
    from ....memory.weights import tensors, weight_bytes

    setup = Setup(
        width=4 if run.facts.model.get("dtype") == "float32" else 2,
        bits=run.facts.model.get("quantization_bits"),
    )
    return tensors(shape).all / 1e9, weight_bytes(shape, setup) / _GIB


def largest(found: Judgement) -> str:
    """Name the largest part, with its size."""
    part = max(found.parts, key=lambda item: item.bytes)
    return f"{_CALLED.get(part.name, part.name)} ({part.bytes / _GIB:.0f} GiB)"


def lacks(run: Run) -> str:
    """Name what the log does not state; an empty text if it states all."""
    return f"the log does not state {', '.join(run.missing)}" if run.missing else ""
