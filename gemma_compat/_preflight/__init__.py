"""Prove on one small batch that a run will learn, before it starts.

    result = gemma_compat.preflight(trainer)        # or preflight(model, batch)
    print(result)                                   # pass, fail or not run, each with its figure

Version tables find what is known; a trial on the model in hand finds the rest. A gradient that is
silently wrong has the right loss, and nothing upstream compares it with anything.

subject.py     what is tried: model, batch, run; and how often it was tried
untouched.py   leaves no trace: parameters, gradients, random state, modes and hooks as they were
passes.py      one forward and backward, and what is kept of it
checks/        one question each, with its tolerance
result.py      the answers, as values
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .result import Preflight

__all__ = ["preflight"]


def preflight(
    subject: Any, batch: Any = None, *, args: Any = None, tokenizer: Any = None
) -> Preflight:
    """Try one batch on a model, and leave everything as it was.

    Args:
        subject: a ``Trainer`` (a subclass, TRL's for example), or a model.
        batch: what the model is to be called with, a mapping of tensors with ``labels``; with a
            ``Trainer``, the first batch of its own data if not given.
        args: the ``TrainingArguments`` where ``subject`` is a model.
        tokenizer: the tokenizer or processor; a ``Trainer`` has its own.

    Returns:
        the answer to each check. Running out of memory in one of them is an answer, not an error.

    Raises:
        UsageError: no batch, one that is no mapping of tensors, or a model without gradients.
    """
    from ..detect import detect_facts
    from ..engine.diagnosis import judge_all
    from ..rules import all_rules
    from .checks import run_checks
    from .subject import make_subject

    made = make_subject(subject, batch, args, tokenizer)
    diagnosis = judge_all(detect_facts(model=made.model, args=made.args), all_rules())
    return run_checks(made, diagnosis)
