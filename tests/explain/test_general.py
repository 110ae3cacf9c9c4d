"""Each general answer answers its own examples, and says what it is."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.general import FILES, General, generals, kinds_of
from gemma_compat.report.explanation import headline, render_text

KINDS = [kind for file in FILES for kind in kinds_of(file)]
EXAMPLES = [
    pytest.param(kind, text, word, id=f"{kind.name}-{number}")
    for kind in KINDS
    for number, (text, word) in enumerate(kind.examples.items())
]


@pytest.mark.parametrize(("kind", "text", "word"), EXAMPLES)
def test_a_general_answer_answers_its_examples(kind: General, text: str, word: str) -> None:
    found = explain_log(io.BytesIO(text.encode()))
    named = [item.name for item in found.generally]
    assert (kind.name in named) == bool(word), named
    if word:
        assert word in " ".join(render_text(found).split())


def test_every_general_answer_has_an_example_and_a_name() -> None:
    assert not [kind.name for kind in KINDS if not kind.examples]
    assert len({kind.name for kind in KINDS}) == len(KINDS) == len(generals())


def test_it_says_that_it_is_general() -> None:
    text = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    assert "[general: any model can meet this]" in render_text(
        explain_log(io.BytesIO(text.encode()))
    )


def test_a_headline_is_one_sentence_of_what_is_known() -> None:
    found = explain_log(io.BytesIO(b"RuntimeError: CUDA error: device-side assert triggered\n"))
    assert "does not say" in headline(found) and not found.causes
