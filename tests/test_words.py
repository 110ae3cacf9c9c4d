"""Phrases that this project does not use, and what it writes instead."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

INSTEAD = {
    r"\bin words\b": "say what the value is: a text, one line for each ...",
    r"\b(some|no)body\b": "name who does it: the caller, the run, other code",
    r"\bof (its|their|one's) own\b": "separate, its own ...",
    r"(?<!there )\b(is|are) no (?!longer|more)\w": "is not a ..., or use a verb",
    r"\bwithout a word\b": "silently",
}

# Error texts and names of other packages, which must stay as they are.
_QUOTED = re.compile(r"there is no module or parameter named", re.IGNORECASE)
_TEXT = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}


def _prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments and strings of a Python file, all lines of a page, with line numbers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _TEXT:
            yield from enumerate(token.string.splitlines(), token.start[0])


def _found(path: Path) -> list[str]:
    return [
        f"{path.name}:{number}: {line.strip()!r}: {instead}"
        for number, line in _prose(path)
        for phrase, instead in INSTEAD.items()
        if re.search(phrase, _QUOTED.sub("", line), re.IGNORECASE)
    ]


def _pages() -> list[Path]:
    found = [*ROOT.glob("gemma_compat/**/*.py"), *ROOT.glob("gemma_compat/**/*.md")]
    return sorted([*found, *ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def test_no_unwanted_phrase() -> None:
    found = [line for path in _pages() for line in _found(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docstring.py", '"""Return the slots that are held, in words."""\n'),
        ("comment.py", "x = 1  # nobody reads it\n"),
        ("message.py", 'text = f"{1} is no number"\n'),
        ("page.md", "A file of its own.\n"),
        ("silent.md", "The patch is lost without a word.\n"),
    ],
)
def test_a_planted_phrase_is_found(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert len(_found(path)) == 1


def test_code_is_not_prose(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_text("found = [word for word in words]\nnobody = 1\n", encoding="utf-8")
    assert _found(path) == []
