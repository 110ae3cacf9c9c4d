"""Checks of a framework as rows: the sentence that it prints, what that means, and what to set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...values import Value
from ..answer import Answer
from .base import Case, General


class Check(Value):
    """One sentence, read in the source with the condition that prints it.

    Attributes:
        text: a regular expression of it; its named groups stand as ``{name}`` in the others.
        happened, do, why: of the answer.
        example: a text that has it, and a word of the answer.
        is_own: whether no other program prints it, so that it counts without the frames.
        certain: whether ``happened`` is what the condition in the source says.
    """

    text: str
    happened: str
    do: tuple[str, ...]
    example: tuple[str, str]
    why: str = ""
    is_own: bool = True
    certain: bool = True


def _filled(text: str, groups: Mapping[str, str]) -> str:
    for name, value in groups.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def kind_of(name: str, frames: str, known: str, checks: tuple[Check, ...]) -> General:
    """Return the kind of failure of one framework's checks.

    Args:
        name: of the kind.
        frames: an expression that the frames of the framework match.
        known: how the answers are known.
        checks: of one line, the first that matches answers.
    """

    def answer(case: Case) -> Answer | None:
        is_inside = re.search(frames, case.frames) is not None
        for check in checks:
            found = re.search(check.text, case.hit.text)
            if found is None or not (is_inside or check.is_own):
                continue
            groups = {key: value.strip() for key, value in found.groupdict("").items()}
            return Answer(
                _filled(check.happened, groups),
                tuple(_filled(item, groups) for item in check.do),
                why=_filled(check.why, groups),
                known=known,
                certain=check.certain,
                settles=check.certain,
            )
        return None

    return General(
        name,
        "|".join(re.sub(r"\?P<\w+>", "?:", check.text) for check in checks),
        answer,
        dict(check.example for check in checks),
    )
