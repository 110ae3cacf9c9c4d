"""Turn a failed reading into an unknown fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..errors import UnknownFact, UsageError

Source = TypeVar("Source")


def ask(
    topic: str, questions: Mapping[str, Callable[[Source], Any]], source: Source
) -> tuple[dict[str, Any], dict[str, str]]:
    """Put each question to the source: the answers by field, and the reasons by dotted topic.

    A question answers, raises ``UnknownFact`` with its reason, or fails: whatever a foreign
    object raises when it is read (a property of a config, a lazy module) makes this one fact
    unknown and no other.
    """
    answers: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for name, question in questions.items():
        try:
            answers[name] = question(source)
        except UsageError:
            raise
        except UnknownFact as error:
            reasons[f"{topic}.{name}"] = error.reason
        except Exception as error:  # probe boundary: an unknown, with its reason
            reasons[f"{topic}.{name}"] = f"reading it failed: {type(error).__name__}: {error}"
    return answers, reasons
