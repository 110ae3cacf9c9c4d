"""A gradient norm that is 0 in every row that a run printed."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log

NORM_OF_ZERO = (
    "{{'loss': {loss}, 'grad_norm': {norm}, 'learning_rate': 1e-05, 'epoch': 0.0{row}}}\n"
)


def rows(*figures: tuple[float, float], more: str = "") -> str:
    lines = [
        NORM_OF_ZERO.format(loss=loss, norm=norm, row=row)
        for row, (loss, norm) in enumerate(figures)
    ]
    return "".join(line.replace("}", more + "}") for line in lines)


def answers(text: str) -> dict[str, str]:
    found = explain_log(io.BytesIO(text.encode()))
    return {item.name: item.answer.happened for item in found.generally}


def test_norms_of_zero_beside_a_loss_are_no_gradient() -> None:
    found = answers(rows((1.9, 0.0), (1.8, 0.0), (1.9, 0.0)))
    assert "no gradient" in found["no-gradient-in-any-row"]


def test_loss_and_norm_of_zero_are_labels_or_nan() -> None:
    found = answers(rows((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)))
    assert "no token counts" in found["no-gradient-in-any-row"]


@pytest.mark.parametrize(
    "text",
    [
        rows((1.9, 0.0), (1.8, 0.0)),
        rows((1.9, 0.0), (1.8, 0.0), (1.9, 0.31)),
        rows((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), more=", 'reward': 1.0"),
        rows((0.0, float("nan")), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
        "max_grad_norm=0.0\n" * 4,
    ],
    ids=["too few rows", "one gradient", "grpo", "nan", "a setting"],
)
def test_other_figures_say_nothing_of_gradients(text: str) -> None:
    assert "no-gradient-in-any-row" not in answers(text)


@pytest.mark.parametrize(
    ("spreads", "is_told"),
    [((0, 0, 0, 0, 0), True), ((0, 0, 0, 0), False), ((0, 0, 0, 0.2, 0, 0), False)],
    ids=["never a spread", "too few rows", "one group differs"],
)
def test_rewards_that_never_differ_are_told(spreads: tuple[float, ...], is_told: bool) -> None:
    text = "".join(
        f"{{'loss': 0.0, 'reward': 0.5, 'reward_std': {spread}}}\n" for spread in spreads
    )
    assert ("rewards-all-alike" in answers(text)) == is_told
