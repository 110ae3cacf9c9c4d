"""Write what ``explain`` searches for into ``gemma_compat/_explain/index.json``: ``make index``.

One line is one kind of the general layer, under its file and in the order in which they answer, or
one other expression; each with the phrases that a match must contain. The package reads it, so that
a log that has none of a kind's phrases costs neither the import of its file nor the parsing of its
expression.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

INDEX = Path(__file__).resolve().parent.parent / "gemma_compat" / "_explain" / "index.json"


def index() -> str:
    """Return the text of the index, from the files of the kinds and all expressions."""
    from gemma_compat._explain import general
    from gemma_compat._explain.literals import told
    from gemma_compat._explain.notices import NOTICES
    from gemma_compat._explain.raised import EXPRESSIONS
    from gemma_compat._explain.readers import readers
    from gemma_compat.rules import own_rules

    kinds = {
        file: [(kind.name, without_ticks_too(kind.text), kind.alone) for kind in found]
        for file in general.FILES
        if (found := general.kinds_of(file))
    }
    texts = {notice.symptom for notice in NOTICES}
    texts |= {text for rule in own_rules() for text in rule.symptoms}
    texts |= {reader.pattern for reader in readers()} | set(EXPRESSIONS)
    texts -= {text for found in kinds.values() for _, text, _ in found}
    files = [
        f'"{file}": [\n{_lines(json.dumps((*kind, told(kind[1]))) for kind in found)}\n]'
        for file, found in kinds.items()
    ]
    others = [f"{json.dumps(text)}: {json.dumps(told(text))}" for text in sorted(texts)]
    return f'{{"general": {{\n{_lines(files)}\n}},\n"literals": {{\n{_lines(others)}\n}}}}\n'


def without_ticks_too(text: str) -> str:
    """Return the expression with each backtick optional: a page that shows a message in Markdown
    loses them, and so does who types it.
    """
    parts = re.split(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])", text)  # escapes and sets stay as they are
    return "".join(
        part if number % 2 else re.sub(r"`(?![?*+{])", "`?", part)
        for number, part in enumerate(parts)
    )


def _lines(items: Iterable[str]) -> str:
    return ",\n".join(items)


def main() -> int:
    """Write the index."""
    INDEX.write_text(index(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
