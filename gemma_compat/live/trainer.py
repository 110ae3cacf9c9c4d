"""Read a Trainer that a user passes in the place of a model. Reads only."""

from __future__ import annotations

from typing import Any, NamedTuple


class Given(NamedTuple):
    """What there is to judge.

    Attributes:
        model: the model, wrapped or not.
        args: the ``TrainingArguments``, a mapping of them, or ``None``.
        tokenizer: the tokenizer or processor, or ``None``.
        has_trainer: whether a Trainer was made for the model, so that what a Trainer reads only
            when it is made can no longer be changed.
    """

    model: Any
    args: Any
    tokenizer: Any
    has_trainer: bool


def is_trainer(subject: Any) -> bool:
    """Return whether this is a Trainer of transformers, or of a library that derives from it."""
    return hasattr(subject, "get_train_dataloader")


def given_by(subject: Any, args: Any = None, tokenizer: Any = None) -> Given:
    """Return the model of ``subject``, a Trainer or a model, with what belongs to it.

    Args:
        subject: a Trainer or a model.
        args, tokenizer: what the user passed; a Trainer's own are used where they are ``None``.
    """
    if not is_trainer(subject):
        return Given(subject, args, tokenizer, has_trainer=False)
    own = getattr(subject, "processing_class", None) or vars(subject).get("tokenizer")
    return Given(
        subject.model,
        subject.args if args is None else args,
        own if tokenizer is None else tokenizer,
        has_trainer=True,
    )
