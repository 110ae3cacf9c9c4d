"""What a planted accident is, how it is tried, and how what preflight says of it is judged."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import gemma_compat
from gemma_compat._preflight.result import CheckResult, Preflight

from ..preflight import runs

NAMED, WITH_OTHERS, UNCLEAR, SILENT = "named", "named, with others", "unclear", "silent"


@dataclass(frozen=True)
class Fault:
    """One accident.

    Attributes:
        name: what somebody did, in a few words.
        make: takes a folder, and returns what preflight is given, by name of its parameter.
        cause: a regular expression which what is told must match: the cause in plain words.
        audited: whether the audit of 2026-11-26 planted it too.
        slow: whether it needs the model that knows English, which takes seconds to make.
    """

    name: str
    make: Callable[[Any], Mapping[str, Any]]
    cause: str
    audited: bool = False
    slow: bool = True


@dataclass(frozen=True)
class Told:
    """What preflight said of one accident: the verdict, and the checks that failed or warned."""

    verdict: str
    failed: tuple[CheckResult, ...]
    warned: tuple[CheckResult, ...]
    error: str = ""

    @property
    def is_named(self) -> bool:
        """Return whether the true cause was among what was told."""
        return self.verdict in (NAMED, WITH_OTHERS)

    def __str__(self) -> str:
        marks = [("FAIL", self.failed), ("warn", self.warned)]
        lines = [
            f"{m} {item.name}: {item.figure}"
            for m, items in marks
            for item in items
            if item.name != "loss-is-plausible" or len(self.warned) == 1
        ]
        return "; ".join([*lines, *([self.error] if self.error else [])]) or "nothing"


def trial(subject: Any, batch: Any = None, **options: Any) -> dict[str, Any]:
    """Return the arguments of ``preflight`` without those that are not given."""
    given = {"subject": subject, "batch": batch, **options}
    return {name: value for name, value in given.items() if value is not None}


def run(model: Any, folder: Any, rows: Any, *, tokenizer: Any = None, **given: Any) -> Any:
    """Return a trial of a plain Trainer: six steps of four rows of the data, in order."""
    settings = {"per_device_train_batch_size": 4, "learning_rate": 5e-5, **given}
    return trial(runs.trainer(model, folder, rows, **settings), tokenizer=tokenizer)


def tell(fault: Fault, folder: Any) -> Told:
    """Plant the accident and return what preflight says of it."""
    # Kept, and not ignored: transformers 4.50 saves an invalid config where warnings are ignored.
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        given = dict(fault.make(folder))
        try:
            result = gemma_compat.preflight(given.pop("subject"), given.pop("batch", None), **given)
        except gemma_compat.errors.GemmaCompatError as error:
            text = f"{type(error).__name__}: {error}"
            return Told(NAMED if re.search(fault.cause, text) else UNCLEAR, (), (), text)
    return judged(fault, result)


def judged(fault: Fault, result: Preflight) -> Told:
    """Judge the answers: the cause must be told, and no other failure with it."""
    failed, warned = result.failed, result.warned
    named = [item for item in (*failed, *warned) if re.search(fault.cause, _text(item))]
    others = [item for item in failed if item not in named]
    if not failed and all(item.name == "loss-is-plausible" for item in warned) and not named:
        return Told(SILENT, failed, warned)  # so it says of every model with random weights
    if named:
        return Told(WITH_OTHERS if others else NAMED, failed, warned)
    return Told(UNCLEAR if failed or warned else SILENT, failed, warned)


def _text(item: CheckResult) -> str:
    return f"{item.name}: {item.figure} {item.help}"


def table(told: Iterable[tuple[Fault, Told]]) -> str:
    """Return a line for each accident and the counts."""
    found = list(told)
    lines = [f"{t.verdict:19} {f.name:45} {str(t)[:300]}" for f, t in found]
    for audited, which in ((True, "of the audit"), (False, "siblings")):
        mine = [t for f, t in found if f.audited is audited]
        named = sum(t.is_named for t in mine)
        alone = sum(t.verdict == NAMED for t in mine)
        lines.append(f"{which}: {len(mine)}, named {named}, alone {alone}")
    return "\n".join(lines)
