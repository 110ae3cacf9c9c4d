"""Long logs of which no line is like another: what is read of them, and that it is said."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from functools import lru_cache

import pytest

from benchmarks.logs import _KINDS, _NOISE
from gemma_compat._explain import skim
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat._explain.patterns import pattern
from gemma_compat._explain.scan import Scanner
from gemma_compat._explain.skim import Skim
from gemma_compat._explain.stream import pieces
from gemma_compat.report import explanation as renderer
from gemma_compat.report import explanation_shared as shared

KINDS = _KINDS | _NOISE
ERROR = "RuntimeError: Expected all tensors to be on the same device, but found at least two"
TRACEBACK = f"""Traceback (most recent call last):
  File "/srv/train.py", line 7, in <module>
    trainer.train()
  File "/srv/loop.py", line 9, in step
    y = x @ w
{ERROR} devices, cuda:0 and cpu!
"""


@lru_cache(maxsize=None)
def noise(size: int) -> str:
    """Return lines of random words, of about so many bytes."""
    dice, count = random.Random(size), size // 76
    return "".join(KINDS["random words"](dice, step) for step in range(count))


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def piecemeal(text: str) -> Iterator[tuple[int, bytes]]:
    return pieces(io.BytesIO(text.encode()))


def test_a_log_of_a_run_is_read_whole() -> None:
    dice = random.Random(0)
    text = "".join(KINDS["a run's log (losses, progress bars)"](dice, n) for n in range(40_000))
    found = explained(text)
    assert len(text) > 3 * skim.WHOLE
    assert found.skimmed == ()
    assert "hardly one is like another" not in renderer.render_text(found)


def test_what_is_not_read_is_said() -> None:
    text = noise(2_000_000)
    found = explained(text)
    first, last = found.skimmed
    assert 0 < first < last < found.lines
    assert f"lines {first:,} to {last:,}, of which hardly one" in " ".join(
        renderer.render_text(found).split()
    )
    assert "only skimmed: no failure in them is known here" in renderer.render_text(found)
    assert f'"skimmed": [\n    {first},\n    {last}\n  ]' in shared.render_json(found)


@pytest.mark.parametrize("share", [0, 50, 99, 100], ids=lambda share: f"at {share}%")
def test_an_error_is_found_wherever_it_stands_with_its_frames(share: int) -> None:
    text = noise(2_000_000)
    cut = text.rfind("\n", 0, len(text) * share // 100) + 1
    found = explained(text[:cut] + TRACEBACK + text[cut:])
    assert found.error is not None
    assert found.error.number == text.count("\n", 0, cut) + TRACEBACK.count("\n")
    assert [item.name for item in found.generally] == [
        item.name for item in explained(TRACEBACK).generally
    ]


def test_what_says_no_error_is_found_at_the_end() -> None:
    row = "warmup: Killed\n/usr/bin/bash: line 1:   917 Killed                  python train.py\n"
    assert explained(noise(2_000_000) + row).generally == explained_at(row).generally


def explained_at(row: str) -> Explanation:
    """Explain a row behind as many empty lines as the noise has."""
    return explained("\n" * noise(2_000_000).count("\n") + row)


def test_a_loss_that_is_nan_is_found_in_between() -> None:
    half = noise(1_000_000)
    rows = "".join(f"{{'loss': nan, 'grad_norm': nan, 'epoch': 0.{step}}}\n" for step in range(9))
    found = explained(half + rows + half)
    assert found.skimmed
    assert [item.name for item in found.generally] == ["not-a-number"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_kind_of_log_is_judged_for_long(kind: str) -> None:
    """Bytes are counted, as time cannot be: they are nearly all that a log costs."""
    scanner = Scanner([pattern("rule", "failure", "failure at step")])
    dice, size = random.Random(kind), 0
    lines: list[str] = []
    while size < 3_000_000:
        lines.append(KINDS[kind](dice, len(lines)))
        size += len(lines[-1])
    for line, piece in Skim(scanner).pieces(piecemeal("".join(lines))):
        list(scanner.scan(line, piece))
    assert scanner.judged < 4 * skim.WHOLE


@pytest.mark.parametrize("many", ["error: {}\n", "loss {}\n", "{} warning ", "{}\n"])
def test_lines_keep_their_number_and_are_not_many_however_often_a_word_stands(many: str) -> None:
    scanner = Scanner([pattern("rule", "failure", "failure at step")])
    text = "".join(many.format(word) for word in noise(3_000_000).split())
    whole = text.splitlines()
    for first, piece in Skim(scanner).pieces(piecemeal(text)):
        list(scanner.scan(first, piece))
        rows = enumerate(piece.decode().splitlines(), first - 1)
        assert "\n" not in many or all(row in whole[number] for number, row in rows)
        last = piece
    assert text.encode().endswith(last)
    assert scanner.judged < 4 * skim.WHOLE
