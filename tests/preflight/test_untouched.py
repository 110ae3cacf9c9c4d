"""What a body writes to tensors of a model comes back: buffers, gradients, what may be trained."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gemma_compat._preflight.untouched import Untouched
from gemma_compat.errors import GemmaCompatError

from .. import tiny
from . import runs


class Counts(torch.nn.Module):
    """Counts its calls in buffers, as a batch norm does, and in one that no file saves."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.register_buffer("calls", torch.zeros(2))
        self.register_buffer("unsaved", torch.zeros(1), persistent=False)
        self.register_buffer("gap", torch.tensor([float("nan"), 1.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += x.sum(0)  # type: ignore[operator]
        self.unsaved += 1  # type: ignore[operator]
        self.gap[1] = 5  # type: ignore[index, operator]
        return self.linear(x)


@pytest.mark.parametrize("fails", [False, True])
def test_buffers_have_their_content_again(fails: bool) -> None:
    model = Counts()
    model(torch.ones(1, 2))
    kept = dict(model.named_buffers())
    before = {name: buffer.clone() for name, buffer in kept.items()}
    try:
        with Untouched(model):
            model(torch.ones(3, 2)).sum().backward()
            assert not torch.equal(model.calls, before["calls"])  # type: ignore[arg-type]
            if fails:
                raise ValueError
    except ValueError:
        pass
    for name, buffer in model.named_buffers():
        assert buffer is kept[name]
        assert torch.equal(buffer.nan_to_num(7), before[name].nan_to_num(7)), name


def test_gradients_are_the_very_tensors_and_what_is_frozen_is_frozen() -> None:
    model = Counts()
    model(torch.ones(1, 2)).sum().backward()
    model.linear.bias.requires_grad_(False)
    grads = [(parameter, parameter.grad) for parameter in model.parameters()]
    with Untouched(model):
        assert all(parameter.grad is None for parameter in model.parameters())
        model.linear.bias.requires_grad_(True)
        model(torch.ones(1, 2)).sum().backward()
    assert all(parameter.grad is grad for parameter, grad in grads)
    assert not model.linear.bias.requires_grad


def test_a_parameter_that_was_written_is_an_error() -> None:
    model = Counts()
    with pytest.raises(GemmaCompatError, match="wrote to 1 weights"), Untouched(model):
        with torch.no_grad():
            model.linear.bias.add_(1)


def test_hooks_on_parameters_are_taken_off() -> None:
    """A Ctrl-C between two registrations leaves hooks that drop every later gradient."""
    model = tiny.build("gemma3_text")
    parameter = next(model.parameters())
    seen: list[Any] = []
    parameter.register_post_accumulate_grad_hook(seen.append)
    with Untouched(model):
        for other in model.parameters():
            other.register_post_accumulate_grad_hook(lambda p: setattr(p, "grad", None))
            other.register_hook(lambda grad: grad * 0)
    model(**runs.text(2)).loss.backward()
    assert len(seen) == 1 and bool(parameter.grad.any())
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
