"""What a general answer is: a text that every trainer may meet, answered from the facts around."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...facts import Facts
from ..answer import Answer
from ..log_facts import LogFacts
from ..raised import Raised
from ..scan import Hit


@dataclass(frozen=True)
class Case:
    """What an answer may look at.

    Attributes:
        hit: where the text was found.
        error: the exception that ended the run, where there is one.
        log, facts: what the log says, and that with what was given put over it.
    """

    hit: Hit
    error: Raised | None
    log: LogFacts
    facts: Facts

    @property
    def match(self) -> re.Match[str]:
        """The match within its line."""
        return self.hit.match

    @property
    def around(self) -> str:
        """Traceback and message of the error, or the line alone."""
        return self.error.around if self.error else self.hit.text

    @property
    def above(self) -> str:
        """The log right before the error."""
        return self.error.hit.before[-4000:] if self.error else ""

    @property
    def message(self) -> str:
        """What the error says, or the line."""
        return self.error.message if self.error else self.hit.text

    def says(self, pattern: str) -> bool:
        """Whether traceback and message contain a match."""
        return re.search(pattern, self.around) is not None

    @property
    def processes(self) -> int:
        """How many the log counts, one where it does not."""
        return len(self.facts.get("gpus", ())) or 1

    @property
    def model(self) -> str:
        """The model's name for a sentence."""
        return self.log.model_name or str(self.facts.model.get("model_type", "the model"))


Answering = Callable[[Case], Answer | None]


@dataclass(frozen=True, eq=False)
class General:
    """One kind of failure.

    Attributes:
        name: short, for JSON; never reused.
        text: a regular expression of what is printed, within a line.
        answer: what to say of a case; ``None`` where the case is another one after all.
        examples: texts with a word or two that the answer must have; ``""`` for no answer.
        alone: whether the text counts where it belongs to no exception, too.
    """

    name: str
    text: str
    answer: Answering
    examples: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False


def always(happened: str, *do: str, **more: Any) -> Answering:
    """The same answer whatever the facts."""
    return lambda case: Answer(happened, do, **more)
