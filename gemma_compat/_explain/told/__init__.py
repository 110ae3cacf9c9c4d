"""What a person tells of in sentences: one table of symptoms, and what decides between causes.

:mod:`sentences` reads the prose of a report, :mod:`find` matches the table against it. There is one
file for each group of symptoms. To add one, add a :class:`Symptom` to the tuple of its file, with
examples.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from .base import Symptom

__all__ = ["FILES", "Symptom", "symptoms", "symptoms_of"]

# The more particular before the less particular: of one sentence, the first answers.
FILES = (
    "cards",
    "checkpoints",
    "sharding",
    "unsloth",
    "saving",
    "engines",
    "exports",
    "merges",
    "preferences",
    "policies",
    "comparing",
    "figures",
    "heights",
    "norms",
    "outcome",
    "losses",
    "runs",
    "trained",
    "taken",
    "memory",
    "outputs",
    "answers",
    "turns",
    "templates",
    "weights",
    "formats",
    "files",
    "errors",
    "working",
    "endings",
    "pace",
    "speed",
    "vague",
)


def symptoms_of(file: str) -> tuple[Symptom, ...]:
    """Return the symptoms of one file: its tuple that has the file's name in capitals."""
    found: tuple[Symptom, ...] = getattr(import_module(f".{file}", __name__), file.upper())
    return found


@lru_cache(maxsize=1)
def symptoms() -> tuple[Symptom, ...]:
    """Return the whole table, in this order."""
    return tuple(item for file in FILES for item in symptoms_of(file))
