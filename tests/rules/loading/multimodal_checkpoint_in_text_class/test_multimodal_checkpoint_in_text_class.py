from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC602")
NESTED = ("language_model.model.layers.*.mlp.up_proj.weight", "vision_tower.x.weight")
OWN = ("model.layers.*.mlp.up_proj.weight",)
RANDOM: dict[str, Any] = {
    "model_type": "gemma3_text",
    "live": True,
    "loaded": True,
    "weights_are_fresh": True,
}


def made(release: str | None, model: dict[str, Any], names: tuple[str, ...] | None) -> Facts:
    found = facts(release, model, {})
    checkpoint = found.checkpoint if names is None else found.checkpoint.replace(names=names)
    return found.replace(checkpoint=checkpoint)


def contract_facts() -> Iterator[Facts]:
    for model_type, names in (
        ("gemma3_text", NESTED),
        ("gemma4_text", ("model.language_model.layers.*.mlp.up_proj.weight",)),
    ):
        for held in (names, OWN):
            for release in ("4.57.6", "5.5.0", "5.23.0"):
                yield facts_for(
                    model_type,
                    release,
                    model=RANDOM | {"model_type": model_type},
                    checkpoint={"names": held},
                )


@pytest.mark.parametrize(
    ("release", "expected"),
    [("4.57.6", "no"), ("5.0.0", "fires"), ("5.23.0", "fires"), (None, "? packages.transformers")],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, made(release, RANDOM, NESTED)) == expected


@pytest.mark.parametrize(
    ("model", "names", "expected"),
    [
        ({}, OWN, "no"),
        ({}, (), "no"),
        ({"weights_are_fresh": False}, NESTED, "no"),  # key_mapping
        ({"loaded": False}, None, "no"),  # made from a config, to be trained from the start
        ({"model_type": "gemma3"}, NESTED, "no"),
        ({"model_type": "gemma4_text"}, ("model.language_model.norm.weight",), "fires"),
        ({}, None, "? checkpoint.names"),
        # A directory: a text config beside the weights of a multimodal model.
        ({"live": False}, NESTED, "fires"),
        ({"live": False}, OWN, "no"),
    ],
)
def test_conditions(model: dict[str, Any], names: tuple[str, ...] | None, expected: str) -> None:
    assert answer(RULE, made("5.23.0", RANDOM | model, names)) == expected


def test_symptoms() -> None:
    rows = (
        "language_model.model.layers.{0, 1}.self_attn.k_proj.weight | UNEXPECTED |",
        "model.language_model.layers.{0, 1}.mlp.up_proj.weight | \x1b[38;5;208mUNEXPECTED\x1b[0m |",
    )
    assert all(re.search(RULE.symptoms[0], row) for row in rows)
    assert not re.search(RULE.symptoms[0], "lm_head.weight | UNEXPECTED |")


def test_the_mapping_fits_the_model_type() -> None:
    for model_type, prefix in (
        ("gemma3_text", "language_model.model"),
        ("gemma4_text", "model.language_model"),
    ):
        problem = RULE.describe(made("5.23.0", RANDOM | {"model_type": model_type}, NESTED))
        assert f"key_mapping={{'^{prefix}': 'model'}}" in problem.help
