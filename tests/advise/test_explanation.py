from __future__ import annotations

import pytest

from gemma_compat._cli import main
from gemma_compat.advise import Advice, Choice, advise
from gemma_compat.report import advice as renderer

from .made import Universe, question, releases, rule

pytest.importorskip("resolvelib")

UNIVERSE: Universe = {
    "unsloth": {1: ["transformers<=2"]},
    "transformers": {1: [], 2: [], 3: [], 4: []},
    "torch": {1: [], 2: []},
}


def answer(*requirements: str, **installed: str) -> Advice:
    rules = [rule("GC901", {"torch": ">=2", "transformers": "<4"})]
    found = advise(question(*requirements, installed=installed), releases(UNIVERSE), rules)
    assert isinstance(found, Advice)
    return found


def choice(found: Advice, name: str) -> Choice:
    return next(item for item in found.choices if item.name == name)


def test_why() -> None:
    found = answer("unsloth", "transformers", "torch")
    assert choice(found, "unsloth").why == "the newest"
    assert choice(found, "transformers").why == "Not 3.0.0 to 4.0.0: unsloth 1.0.0 requires <=2"
    assert choice(found, "torch").why == (
        "Not 2.0.0: GC901 defect-gc901 (source) with transformers 2.0.0"
    )


def test_two_reasons() -> None:
    found = answer("unsloth", "transformers!=3")
    assert choice(found, "transformers").why == (
        "Not 4.0.0: unsloth 1.0.0 requires <=2. Not 3.0.0: you asked for transformers!=3"
    )


@pytest.mark.parametrize(
    ("installed", "move"),
    [
        ({}, "new"),
        ({"torch": "2.0.0+cpu"}, "stays"),
        ({"torch": "1.0.0"}, "up"),
        ({"torch": "3.0.0.dev1"}, "down"),
        ({"torch": "main"}, "new"),
    ],
)
def test_what_moves(installed: dict[str, str], move: str) -> None:
    assert choice(answer("torch", **installed), "torch").move == move


def test_the_line_to_paste_is_quoted_and_exact() -> None:
    text = renderer.render_text(answer("transformers", "torch<2"))
    assert 'python -m pip install "transformers==4.0.0" "torch==1.0.0"\n' in text


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_format_says_the_same(form: str) -> None:
    made = answer("unsloth", "transformers", "torch", torch="2.0.0")
    text = getattr(renderer, f"render_{form}")(made)
    for word in ("transformers", "2.0.0", "unsloth 1.0.0 requires"):
        assert word in text


def test_what_is_undecided_is_short_with_its_options_and_whole_if_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["advise", "--model", "google/gemma-3-4b-it", "--gpu", "L4", "--fresh"]
    assert main(asked) == 0
    short = capsys.readouterr().out.partition("\nNot decided, worst first")[2].splitlines()
    assert main([*asked, "--verbose"]) == 0
    rest = capsys.readouterr().out.partition("\nNot decided for this set:")[2].splitlines()
    assert 1 < len(short) <= 6 < len(rest)
    assert all(": --" in line and len(line) <= 88 for line in short[1:])
