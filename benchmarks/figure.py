"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured value and the most it may be.

    Attributes:
        what: what was measured, and against what.
        measured, limit: in ``unit``; a limit of ``None`` is for information only, and a
            measured value of ``None`` means that it could not be measured here.
        unit: ``x``, ``MiB`` or ``ms``.
        note: a remark, why it was not measured for example.
    """

    what: str
    measured: float | None
    limit: float | None
    unit: str
    note: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether it was measured and lies above its limit."""
        return self.measured is not None and self.limit is not None and self.measured > self.limit

    def __str__(self) -> str:
        limit = "-" if self.limit is None else f"{self.limit:g} {self.unit}"
        measured = "-" if self.measured is None else f"{self.measured:.2f} {self.unit}"
        remark = "  BROKEN" if self.is_broken else ""
        return f"{self.what:<58} {limit:>10} {measured:>10}{remark}  {self.note}".rstrip()
