"""Prove on one small batch that a run will learn, before it starts.

    result = gemma_compat.preflight(trainer)        # or preflight(model, batch)
    print(result)                                   # pass, fail or not run, each with its figure

Version tables find what is known; a trial on the model in hand finds the rest. A gradient that is
silently wrong has the right loss, and nothing upstream compares it with anything.

subject.py     what is tried: model, batch, run; and how often it was tried
data.py        the run's own data, read without losing any for the run
shadow.py      a shadow of the Trainer that makes its steps and keeps what they note
untouched.py   leaves no trace: parameters, gradients, random state, modes and hooks as they were
restoring.py   the same around everything;  interrupt.py  Ctrl-C at any moment
samples.py     rows without padding, packed rows taken apart;  text.py  turns, stops, text to show
passes.py      one training step, and what is kept of it
reference.py   what the loss should be: each sample by itself, past every shortcut
checks/        one question each, with its tolerance
result.py      the answers, as values
estimate.py    how much memory a step takes, and what fits
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
) -> Preflight:
    """Try one batch on a model, and leave everything as it was.

    Args:
        subject: a ``Trainer`` (a subclass, TRL's for example), or a model.
        batch: a mapping of tensors to call the model with, ``labels`` among them; for a
            ``Trainer`` the default is the first batch of its data.
        args: the ``TrainingArguments`` where ``subject`` is a model.
        tokenizer: the tokenizer or processor; a ``Trainer`` has its own.
        optimizer: the optimizer of a loop without a ``Trainer``.
        skip: names of checks that are not made.
        progress: called before each check with its name, its number and the number of checks.
            If not given, a terminal and a notebook show a bar or a line; a pipe gets nothing.

    Returns:
        the answer to each check. Running out of memory in one of them is an answer, not an error.

    Raises:
        UsageError: no batch, a batch that is not a mapping of tensors, or an unknown check.
    """
    from .checks import checked_names
    from .interrupt import held
    from .restoring import restoring
    from .subject import make_subject

    progress = progress_of("preflight") if progress is None else progress
    skipped = checked_names(skip)
    with held() as gate:
        made = make_subject(subject, batch, args, tokenizer, gate)
        made.optimizer = made.optimizer if optimizer is None else optimizer
        return restoring(subject, made, lambda: _checked(made, skipped, progress))


def _checked(
    made: Subject, skipped: frozenset[str], progress: Callable[[str, int, int], None] | None
) -> Preflight:
    from .checks import run_checks
    from .subject import read_data

    read_data(made)
    return run_checks(made, _diagnosis(made), skipped, progress)


def _diagnosis(made: Subject) -> Diagnosis:
    """What is known of this stack. The model is the one that trains: it has its adapter or none."""
    from ..detect import detect_facts
    from ..engine.diagnosis import judge_all
    from ..live.unwrap import peft_wrapper
    from ..rules import all_rules

    facts = detect_facts(model=made.model, args=made.args)
    if made.args is not None:
        has_adapter = peft_wrapper(made.model) is not None
        facts = facts.replace(training=facts.training.replace(peft=has_adapter))
    return judge_all(facts, all_rules())
