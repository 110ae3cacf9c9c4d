from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC603")
DOUBLED = ("model.language_model.model.layers.*.mlp.up_proj.weight",)
FLAT = ("language_model.model.norm.weight", "vision_tower.encoder.layers.*.mlp.fc1.weight")
HUB = (
    "language_model.model.norm.weight",
    "vision_tower.vision_model.encoder.layers.*.mlp.fc1.bias",
)
GEMMA4 = ("model.language_model.layers.*.mlp.up_proj.weight", "model.vision_tower.encoder.x")
MODEL = {"model_type": "gemma3", "loaded": True}


def made(release: str | None, model: dict[str, Any], names: tuple[str, ...] | None) -> Facts:
    found = facts(release, model, {})
    checkpoint = found.checkpoint if names is None else found.checkpoint.replace(names=names)
    return found.replace(checkpoint=checkpoint)


def contract_facts() -> Iterator[Facts]:
    for model_type in ("gemma3", "paligemma"):
        for names in (DOUBLED, FLAT, HUB):
            for release in ("4.57.6", "5.3.0", "5.5.4", "5.7.0", "5.23.0"):
                yield facts_for(model_type, release, checkpoint={"names": names})


@pytest.mark.parametrize(
    ("release", "doubled", "flat"),
    [
        ("4.57.6", "fires", "fires"),
        ("5.3.0", "fires", "fires"),
        ("5.4.0", "no", "fires"),
        ("5.5.4", "no", "fires"),
        ("5.6.0", "fires", "no"),
        ("5.8.1", "fires", "no"),
        ("5.9.0", "no", "no"),
        ("5.23.0", "no", "no"),
        (None, "? packages.transformers", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, doubled: str, flat: str) -> None:
    assert answer(RULE, made(release, MODEL, DOUBLED)) == doubled
    assert answer(RULE, made(release, MODEL, FLAT)) == flat
    assert answer(RULE, made(release, MODEL, HUB)) == "no"


@pytest.mark.parametrize(
    ("model", "names", "expected"),
    [
        ({"model_type": "gemma4"}, GEMMA4, "no"),
        ({"loaded": False}, None, "no"),
        ({}, None, "? checkpoint.names"),
        ({}, (), "no"),
    ],
)
def test_conditions(model: dict[str, Any], names: tuple[str, ...] | None, expected: str) -> None:
    assert answer(RULE, made("5.3.0", MODEL | model, names)) == expected


def test_a_directory_is_judged_too() -> None:
    assert answer(RULE, made("5.3.0", {"model_type": "gemma3", "live": False}, DOUBLED)) == "fires"


@pytest.mark.parametrize(("names", "part"), [(DOUBLED, "text model"), (FLAT, "vision tower")])
def test_it_names_the_part(names: tuple[str, ...], part: str) -> None:
    assert part in RULE.describe(made("5.3.0", MODEL, names)).message
