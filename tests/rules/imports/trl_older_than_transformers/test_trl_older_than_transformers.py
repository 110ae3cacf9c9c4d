from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts, Package
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC907")


def contract_facts() -> Iterator[Facts]:
    runs = [
        ("0.22.2", "['sigmoid']"),
        ("0.24.0", "['sigmoid']"),
        ("0.24.0", "dapo"),
        ("0.24.0", "nll"),
    ]
    for model_type in KNOWN_MODEL_TYPES:
        for trl, loss in runs:
            yield facts_for(
                model_type, "5.23.0", packages={"trl": trl}, training={"loss_type": loss}
            )


@pytest.mark.parametrize(
    ("transformers", "trl", "loss", "expected"),
    [
        ("5.0.0", "0.22.2", "['sigmoid']", "fires"),
        ("4.57.6", "0.22.2", "['sigmoid']", "no"),
        ("5.2.0", "0.23.0", "['sigmoid']", "no"),
        ("5.3.0", "0.23.0", "['sigmoid']", "fires"),
        ("5.3.0", "0.28.0", "aot", "fires"),
        ("5.24.0", "0.29.0", "aot", "no"),
        ("5.2.0", "0.20.0", "bnpo", "no"),
        ("5.3.0", "0.20.0", "bnpo", "fires"),
        ("5.24.0", "0.29.0", "dapo", "no"),
        ("5.24.0", "0.20.0", "nll", "no"),
        ("5.24.0", "0.20.0", None, "no"),
        ("5.24.0", "0.20.0", "kto", "no"),
        ("5.24.0", "0.20.0", "sigmoid", "? training.loss_type"),
        ("5.24.0", None, "bnpo", "no"),
    ],
)
def test_releases_and_losses(
    transformers: str, trl: str | None, loss: str | None, expected: str
) -> None:
    made = facts(transformers, {"model_type": "gemma3"}, {"loss_type": loss})
    package = None if trl is None else Package(name="trl", version=trl)
    assert answer(RULE, made.replace(packages={**made.packages, "trl": package})) == expected


def test_the_optional_package_that_is_installed_ends_the_second_failure() -> None:
    made = facts("5.3.0", {"model_type": "gemma3"}, {"loss_type": "dapo"})
    versions = {"trl": "0.28.0", "weave": "0.52.0"}
    packages = {name: Package(name=name, version=v) for name, v in versions.items()}
    assert answer(RULE, made.replace(packages={**made.packages, **packages})) == "no"
