"""The executed notebooks as pages: text, code, and what it showed."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from ..notebooks import EXAMPLES, names


def pages() -> dict[str, str]:
    """Return the text of each page by its path."""
    return {f"examples/{name}.md": _page(name) for name in names()}


def _page(name: str) -> str:
    document = json.loads((EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8"))
    return "\n\n".join(part for cell in document["cells"] for part in _cell(cell)) + "\n"


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for out in cell["outputs"]:
        yield f'<div class="gc-output">{_output(out)}</div>'


def _output(out: dict[str, Any]) -> str:
    data = out.get("data", {})
    if "text/html" in data:
        return "".join(data["text/html"]).replace(
            "\n", "&#10;"
        )  # Markdown ends HTML at a blank line
    lines = out.get("traceback") or out.get("text") or data.get("text/plain", "")
    text = html.escape("".join(lines).strip()).replace("\n", "&#10;")
    return f"<pre><code>{text}</code></pre>"
