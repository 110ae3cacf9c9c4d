"""Where something is stated: a file and a line."""

from __future__ import annotations

from ..values import Value


class Place(Value):
    """Where something is stated.

    Attributes:
        file: its path as the user may open it, relative to the working directory where possible.
        line: counted from 1; ``None`` where only the file is known.
    """

    file: str
    line: int | None = None
