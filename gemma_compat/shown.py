"""Results that a person looks at: what ``print`` and the last line of a notebook cell show.

A result is a value and knows nothing of layout; a module of ``report/`` turns it into text. The
result names that module, and it is loaded when the result is first shown.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar


class Shown:
    """Base of every result that prints as a report.

    Attributes:
        view: the module in ``gemma_compat/report/`` that shows it. It has ``render_text(result)``,
            the whole report, and ``render_line(result)``, one line without a line break. The
            module of that name in ``report/notebook/`` has ``page(result)``.
    """

    view: ClassVar[str]

    def __str__(self) -> str:
        text: str = _renderer(self.view).render_text(self)
        return text

    def __repr__(self) -> str:
        line: str = _renderer(self.view).render_line(self)
        return f"<{type(self).__name__}: {line}>"

    def _repr_html_(self) -> str:
        page = _renderer(f"notebook.{self.view}").page(self)
        html: str = _renderer("notebook.page").render(page)
        return html


def _renderer(name: str) -> Any:
    """Return a module of ``report/``, loaded only when a result is shown."""
    return import_module(f"gemma_compat.report.{name}")
