"""Phrases that this project does not use, and what it writes instead."""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gemma_compat

ROOT = Path(__file__).parents[1]

INSTEAD = {
    r"\bin words\b": "say what the value is: a text, one line for each ...",
    r"\b(some|no)body\b": "name who does it: the caller, the run, other code",
    r"\bof (its|their|one's) own\b": "separate, its own ...",
    r"(?<!there )\b(is|are) no (?!longer|more)\w": "is not a ..., or use a verb",
    r"\bwithout a word\b": "silently",
    r"\bTo type: `": "Upgrade: `...`, or set `...`",
    r"\bis in the header\b": "quote the error text",
}
# A sentence that begins with a participle has no subject: "Told by what it holds."
# "Raised by" alone is what Python 3.12 and later make of an f-string that goes on with who.
PARTICIPLE = re.compile(
    r"(?:^(?!Seen on a GPU|Raised by$)|(?<=[.:] ))"
    r"(?:Told|Called|Judged|Found|Made|Seen|Kept|Counted|Raised|Written|Derived|Taken|Tried|Asked|"
    r"Measured|Held|Shown|Reported|Read off) (?:by|with|on|in|from|for|as|at|there)\b"
)
# First words of a docstring that do not say what the caller gets.
_OPENINGS = """
A All Also An Any As At Both By Bytes Each Every Far Figures First Forward How If In It Its
Listed Names No Not Numbers Of On One Only Others Rank Rows Same Sets Some Steps That The Their
These They This Those To What When Where Whether Which Who Why With Without
"""
_NOT_A_VERB = frozenset(_OPENINGS.split())
_HOOK = re.compile(r"Forward (?:pre-)?hook[^:]*: ")
# Verbs with which the docstring of a public call may begin. Add one that says what is done.
_PUBLIC_VERBS = """
Add Check Compare Cure Diagnose Estimate Explain Install Judge Make Measure Patch Put Raise
Read Recommend Remove Render Return Revert Run Try Undo Write
"""
_VERBS = frozenset(_PUBLIC_VERBS.split())

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
    found = [
        f"{path.name}:{number}: {line.strip()!r}: {instead}"
        for number, line in _prose(path)
        for phrase, instead in INSTEAD.items()
        if re.search(phrase, _QUOTED.sub("", line), re.IGNORECASE)
    ]
    found += [
        f"{path.name}:{number}: {line.strip()!r}: name the subject, or use a verb"
        for number, line in _prose(path)
        if PARTICIPLE.search(line.strip("\"' #"))
    ]
    return found + (_openings(path) if path.suffix == ".py" else [])


def _openings(path: Path) -> list[str]:
    """Return the docstrings of functions that do not begin with what the caller gets."""
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    opened = [(node, _HOOK.sub("", ast.get_docstring(node) or "")) for node in functions]
    return [
        f"{path.name}:{node.lineno}: {node.name}: {text.splitlines()[0]!r}: begin with a verb"
        for node, text in opened
        if text and _opens_without_verb(text)
    ]


def _opens_without_verb(text: str) -> bool:
    first = text.split()[0]
    possessive = first.endswith(("'s", "s'"))
    return first.strip(".,:;").capitalize() in _NOT_A_VERB or first.startswith("`") or possessive


def _pages() -> list[Path]:
    found = [*ROOT.glob("gemma_compat/**/*.py"), *ROOT.glob("gemma_compat/**/*.md")]
    found += ROOT.glob("tools/**/*.py")
    return sorted([*found, *ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def _public() -> Iterator[tuple[str, Any]]:
    """Yield the public calls and the public methods and properties of the public types."""
    for name in gemma_compat.__all__:
        if name == "GemmaCompatCallback":
            continue  # reading it imports transformers
        value = getattr(gemma_compat, name)
        if isinstance(value, type):
            if value.__module__.startswith("gemma_compat"):
                members = vars(value).items()
                yield from ((f"{name}.{n}", m) for n, m in members if not n.startswith("_"))
        elif callable(value):
            yield name, value


def test_no_unwanted_phrase() -> None:
    found = [line for path in _pages() for line in _found(path)]
    assert not found, "\n".join(found)


def _what_is_unclear(name: str, member: Any) -> str:
    """Return what the docstring of a public call lacks; empty for a good one."""
    member = getattr(member, "fget", getattr(member, "__func__", member))
    if not inspect.isfunction(member):
        return ""  # a default of a field
    text = inspect.getdoc(member) or ""
    if text.split(maxsplit=1)[:1] == [] or text.split()[0].strip(",.") not in _VERBS:
        return f"{name}: {text[:60]!r} does not begin with a verb of the list"
    parameters = [p for p in inspect.signature(member).parameters if p not in {"self", "cls"}]
    untold = [p for p in parameters if not re.search(rf"\b{p}\b", text)]
    return f"{name}: {', '.join(untold)} not explained" if untold else ""


def test_every_public_call_says_what_the_caller_gets() -> None:
    found = [text for name, member in _public() if (text := _what_is_unclear(name, member))]
    assert not found, "\n".join(found)


def test_an_unclear_public_call_is_found() -> None:
    def named(model: str) -> None:
        """The findings of a model."""

    def untold(model: str, args: str) -> None:
        """Return the findings of a model."""

    assert "verb" in _what_is_unclear("named", named)
    assert "args not explained" in _what_is_unclear("untold", untold)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docstring.py", '"""Return the slots that are held, in words."""\n'),
        ("comment.py", "x = 1  # nobody reads it\n"),
        ("message.py", 'text = f"{1} is no number"\n'),
        ("page.md", "A file of its own.\n"),
        ("silent.md", "The patch is lost without a word.\n"),
        ("cure.md", "Only other releases cure it. To type: `pip install -U trl`.\n"),
        ("participle.py", '"""Return the models.\n\nTold by what they hold.\n"""\n'),
        ("participle.md", "It refuses. Seen on 5.24.0.\n"),
        ("noun.py", 'def f() -> int:\n    """The largest number."""\n'),
        ("question.py", 'def f() -> int:\n    """Whether it fits."""\n'),
        ("example.py", 'def f() -> str:\n    """``4.46.0 to 4.54.1``."""\n'),
        ("hook.py", 'def f() -> str:\n    """Forward pre-hook: the hidden states."""\n'),
        ("possessive.py", 'def f() -> str:\n    """PEFT\'s layers."""\n'),
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
