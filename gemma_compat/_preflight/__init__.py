"""Prove on one small batch that a run will learn, before it starts.

    result = gemma_compat.preflight(trainer)        # or preflight(model, batch)
    print(result)                                   # what failed, and what it was held against
    print(result.table())                           # pass, fail or not run, each with its figure

Version tables find known failures; a trial on the model in hand finds the rest. A silently wrong
gradient comes with the right loss, and no library compares it with anything.

    subject.py    what is tried: model, batch and run, and the passes made so far
    data.py       reads the run's data without consuming any of it
    shadow.py     a copy of the Trainer that makes its steps
    untouched.py  puts back parameters, gradients, random state, modes and hooks
    written.py    what a function of the user's reaches and writes to
    restoring.py  does so around the whole call
    interrupt.py  handles Ctrl-C at any moment
    samples.py    rows without padding, packed rows taken apart
    text.py       turns, stops, shown text
    passes.py     one training step, and what is kept of it
    watching.py   what its layers and experts show, and how the model is called
    reference.py  what the loss should be: each sample by itself, without the run's shortcuts
    cost.py       what is left of four passes
    checks/       one question each, with its tolerance
    result.py     the answers, as values
    estimate.py   how much memory a step takes, and what fits
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..progress import progress_of

if TYPE_CHECKING:
    from ..engine.rule import Diagnosis
    from .result import Preflight
    from .subject import Subject

__all__ = ["preflight"]


def preflight(
    subject: Any,
    batch: Any = None,
    *,
    args: Any = None,
    tokenizer: Any = None,
    optimizer: Any = None,
    skip: Iterable[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
    verbose: bool = False,
) -> Preflight:
    """Try one batch on a model, and leave everything as it was.

    Args:
        subject: a ``Trainer`` (also a subclass, such as TRL's), or a model.
        batch: a mapping of tensors to call the model with, including ``labels``; for a ``Trainer``
            the default is the first batch of its data.
        args: the ``TrainingArguments``, if ``subject`` is a model.
        tokenizer: the tokenizer or processor; by default the ``Trainer``'s.
        optimizer: the optimizer of a loop without a ``Trainer``.
        skip: names of checks to leave out.
        progress: called before each check with its name, its number from 0 and how many there are.
        verbose: print every check of the result.

    Returns:
        the result of each check. Running out of memory in a check is a result, not an error.

    Raises:
        UsageError: no batch, a batch that is not a mapping of tensors, or an unknown check.
    """
    from .checks.asking import checked_names
    from .restoring import trying
    from .subject import make_subject

    skipped = checked_names(skip)
    return trying(
        subject,
        lambda gate: make_subject(subject, batch, args, tokenizer, gate, optimizer),
        lambda made: replace(_checked(made, skipped, progress), verbose=verbose),
    )


def _checked(
    made: Subject, skipped: frozenset[str], progress: Callable[[str, int, int], None] | None
) -> Preflight:
    from .checks.asking import run_checks
    from .subject import read_data

    read_data(made)
    progress = progress_of("preflight") if progress is None else progress
    return run_checks(made, _diagnosis(made), skipped, progress)


def _diagnosis(made: Subject) -> Diagnosis:
    """Diagnose this stack. The run trains an adapter exactly if the model in hand carries one."""
    from ..detect import detect_facts
    from ..engine.diagnosis import judge_all
    from ..live.unwrap import peft_wrapper
    from ..rules import all_rules

    facts = detect_facts(model=made.model, args=made.args)
    if made.args is not None:
        has_adapter = peft_wrapper(made.model) is not None
        facts = facts.replace(training=facts.training.replace(peft=has_adapter))
    return judge_all(facts, all_rules())
