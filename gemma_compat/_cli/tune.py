"""``advise --tune``: settings that fit a model and a card, to which no rule objects."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import UsageError
from . import assumptions
from .output import CLEAN, FINDINGS, note, write

if TYPE_CHECKING:
    from ..engine.rule import Finding
    from ..facts import AdapterFacts, Facts
    from ..memory import Shape
    from ..memory.tuning import Tuning, Wish
    from .cards import Chosen

_TOKENS, _EFFECTIVE = 1024, 16


def tune(options: argparse.Namespace, facts: Facts) -> int:
    """Propose settings; ``facts`` are those of the machine, the model and the releases.

    Raises:
        UsageError: a model whose sizes are not known, or no card.
    """
    from ..detect.model import config_of, judged_by_name
    from ..memory import MissingFigure, read_shape
    from ..memory import tuning as tuning_module
    from ..report import tuning as renderer
    from .cards import chosen

    try:
        shape = read_shape(config_of(options.model))
    except MissingFigure as error:
        raise UsageError(f"{options.model}: {error}; nothing can be proposed") from error
    if judged := judged_by_name(options.model):
        note(f"{options.model} is {judged}")
    facts = assumptions.apply(options, facts)
    card = chosen(options, facts)
    if card.memory is None:
        raise UsageError("for which card? --tune needs --gpu with a card whose memory is known")
    found = tuning_module.tune(_wish(options, facts, shape, card))
    objections = _objections(found, facts)
    if any(finding.rule.severity.value == "error" for finding in objections):
        reasons = "; ".join(f"{item.rule.code}: {item.problem.message}" for item in objections)
        raise UsageError(f"nothing can be proposed to which no rule objects: {reasons}")
    remarks = tuple(f"{item.rule.code}: {item.problem.message}" for item in objections)
    text = getattr(renderer, f"render_{options.format}")(found, options.model, card.name, remarks)
    write(_with_names_of(facts, text))
    return CLEAN if found.setup is not None else FINDINGS


def _with_names_of(facts: Facts, text: str) -> str:
    """Return the proposal with the names of that transformers in its lines of Python."""
    from ..tables.renamed_arguments import renamed

    return renamed(text, facts)  # the YAML of other tools says "name: value", and stays


def _wish(options: argparse.Namespace, facts: Facts, shape: Shape, card: Chosen) -> Wish:
    """Return what the user asked for, on this card.

    Raises:
        UsageError: training weights that are stored in 4 or 8 bits, a card without bitsandbytes,
            or a number beyond all bounds.
    """
    from ..memory.situation import MOST_ROWS, MOST_TOKENS, within
    from ..memory.tuning import Wish

    wish = Wish(
        shape=shape,
        memory_total=card.memory or 0,
        tokens=options.max_length or _TOKENS,
        effective=options.effective_batch or _EFFECTIVE,
        full=None if options.lora is None else not options.lora,
        bits=options.bits,
        width=2 if card.bfloat16 else 4,  # float16 overflows in Gemma, float32 does not
        loss="chunked" if _chunks(facts) else "full",
        bitsandbytes=card.bitsandbytes,
    )
    within("max_length", wish.tokens, MOST_TOKENS)
    within("an effective batch", wish.effective, MOST_ROWS)
    if wish.full and wish.bits:
        raise UsageError(f"weights in {wish.bits} bits cannot be trained themselves: use --lora")
    if wish.bits and not wish.bitsandbytes:
        raise UsageError(
            f"bitsandbytes does not support {card.name}: no weights in {wish.bits} bits"
        )
    return wish


def _chunks(facts: Facts) -> bool:
    from ..versions import contains

    package = facts.packages.get("trl")
    version = package.get("version") if package is not None else None
    return version is not None and contains(">=1.7.0", str(version))


def _objections(found: Tuning, facts: Facts) -> tuple[Finding, ...]:
    """Return what the rules say of the proposal, errors and warnings; rules about releases
    aside.
    """
    from ..engine.diagnosis import judge_all
    from ..rules import all_rules

    setup = found.setup
    if setup is None:
        return ()
    proposed = facts.replace(
        training=facts.training.replace(
            peft=setup.adapter is not None,
            mixed_precision="bf16" if setup.autocast else "no",
            gradient_checkpointing=setup.checkpointing,
            use_reentrant=False if setup.checkpointing else None,
            gradient_accumulation_steps=setup.accumulation,
            per_device_train_batch_size=setup.rows,
            max_length=setup.tokens,
            optimizer=setup.optimizer,
        ),
        model=facts.model.replace(
            attn_implementation=setup.attention,
            dtype="bfloat16" if setup.width == 2 else "float32",
            quantization_bits=setup.bits,
            compute_dtype=None
            if setup.bits != 4
            else "bfloat16"
            if setup.width == 2
            else "float32",
        ),
        adapter=_adapter(found, facts),
    )
    before = {item.rule.code for item in judge_all(facts, all_rules()).findings}
    after = judge_all(proposed, all_rules()).findings
    return tuple(
        item
        for item in after
        if item.rule.severity.value in {"error", "warning"} and item.rule.code not in before
    )


def _adapter(found: Tuning, facts: Facts) -> AdapterFacts:
    """Return the adapter of the proposal, as facts."""
    from ..report.tuning import pattern

    setup = found.setup
    if setup is None or setup.adapter is None:
        return facts.adapter
    return facts.adapter.replace(
        peft_type="LORA",
        target_modules=pattern(setup) if found.wish.shape.composite else setup.adapter.targets,
        target_parameters=(),
        modules_to_save=(),
        trains_tokens=False,
        trains_embeddings=False,
        rank=setup.adapter.rank,
        names=(),
    )
