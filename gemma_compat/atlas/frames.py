"""Frames and errors as values, and the package file that a path stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_INSIDE = re.compile(r"(?:^|/)(?:site|dist)-packages/(.+)$")

# The top-level modules that the index can hold, to the distributions that install them.
DISTRIBUTIONS = {
    "accelerate": "accelerate",
    "bitsandbytes": "bitsandbytes",
    "liger_kernel": "liger-kernel",
    "peft": "peft",
    "torch": "torch",
    "transformers": "transformers",
    "trl": "trl",
    "unsloth": "unsloth",
    "unsloth_zoo": "unsloth-zoo",
    "vllm": "vllm",
}


@dataclass(frozen=True)
class Frame:
    """One frame of a traceback, inside a public package.

    Attributes:
        path: from the top-level package on, with ``/``: ``transformers/trainer.py``.
        line: its line number.
        function: as printed: ``train``, ``Trainer.train``, ``<module>``; empty where unknown.
        code: what may be the source line: the text printed, and it joined with the next lines,
            which a terminal may have wrapped. Empty where none was printed.
        context: other numbered lines of the same file that were printed with it.
        at: the line of the log, from 1.
    """

    path: str
    line: int
    function: str = ""
    code: tuple[str, ...] = ()
    context: tuple[tuple[int, str], ...] = ()
    at: int = field(default=0, compare=False)

    @property
    def module(self) -> str:
        """Return the top-level package."""
        return self.path.partition("/")[0]

    @property
    def distribution(self) -> str:
        """Return the name by which pip installs it."""
        return DISTRIBUTIONS.get(self.module, self.module)


@dataclass(frozen=True)
class Error:
    """What ends a traceback.

    Attributes:
        kind: the exception's class without its module: ``ValueError``.
        message: its text with single blanks; a few lines at most.
        at: the line of the log, from 1.
    """

    kind: str
    message: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Traceback:
    """The frames that lead to an error, outermost first; frames of other packages are left out."""

    frames: tuple[Frame, ...]
    error: Error | None


def package_path(path: str) -> str | None:
    """Return the path from the top-level package on; ``None`` outside all indexed packages.

    >>> package_path(r"C:\\Users\\me\\venv\\Lib\\site-packages\\peft\\peft_model.py")
    'peft/peft_model.py'
    """
    clean = "".join(path.split()).replace("\\", "/")
    inside = _INSIDE.search(clean)
    if inside:
        found = inside[1]
        return found if found.partition("/")[0] in DISTRIBUTIONS else None
    parts = clean.split("/")
    for position, part in enumerate(parts[:-1]):
        if part in DISTRIBUTIONS and parts[position + 1] not in (part, "src"):
            if position + 2 < len(parts) and "src" in parts[position + 1 : position + 3]:
                continue
            return "/".join(parts[position:])
    return None
