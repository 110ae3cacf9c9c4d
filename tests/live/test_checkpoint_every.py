"""``patch(checkpoint_every=n)``: layers 0, n, 2n, ... are recomputed in the backward pass."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat.errors import PatchTargetMissing, UsageError  # noqa: E402

from .. import tiny  # noqa: E402

LAYERS = 5


def passes(every: int | None) -> list[int]:
    """How often the MLP of each layer runs in one training step under checkpointing."""
    model = tiny.build("gemma3_text", num_hidden_layers=LAYERS)
    if every is not None:
        try:
            gemma_compat.patch(model, checkpoint_every=every)
        except PatchTargetMissing:
            pytest.skip("this release has no switch on its layers")
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()
    calls = [0] * LAYERS
    for index, layer in enumerate(model.model.layers):

        def count(module: object, args: object, output: object, index: int = index) -> None:
            calls[index] += 1

        layer.mlp.register_forward_hook(count)
    model(**tiny.batch("gemma3_text"), use_cache=False).loss.backward()
    return calls


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (None, [2, 2, 2, 2, 2]),
        (1, [2, 2, 2, 2, 2]),
        (2, [2, 1, 2, 1, 2]),
        (3, [2, 1, 1, 2, 1]),
        (9, [2, 1, 1, 1, 1]),
    ],
)
def test_which_layers_are_recomputed(every: int | None, expected: list[int]) -> None:
    assert passes(every) == expected


@pytest.mark.parametrize("every", [0, -1, True, 1.5])
def test_what_is_no_number_of_layers_is_refused(every: object) -> None:
    with pytest.raises(UsageError, match="checkpoint_every"):
        gemma_compat.patch(tiny.build("gemma3_text"), checkpoint_every=every)  # type: ignore[arg-type]
