"""A patched model is traced by torch.compile into as few graphs as an unpatched one."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import gemma_compat  # noqa: E402

from .. import tiny  # noqa: E402

# Its layers share keys and values, so it gets the most hooks; the others in ``make test-all``.
IN_TEST = {"gemma3n_text"}


def cases() -> list[Any]:
    return [
        pytest.param(name, marks=() if name in IN_TEST else pytest.mark.slow)
        for name in tiny.available()
    ]


@pytest.mark.parametrize("name", cases())
def test_no_cure_breaks_the_graph(name: str) -> None:
    plain, patched = tiny.build(name), tiny.build(name)
    applied = gemma_compat.patch(patched)
    if not applied.changes:
        pytest.skip("nothing is changed on it")
    assert graphs(patched, name) == graphs(plain, name)


def graphs(model: Any, name: str) -> int:
    torch._dynamo.reset()
    model.train()
    found: int = torch._dynamo.explain(model)(**tiny.batch(name)).graph_count
    return found
