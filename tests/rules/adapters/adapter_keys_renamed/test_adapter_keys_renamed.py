from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around, facts

RULE = find("GC702")
_TEXT = "layers.*.self_attn.q_proj.lora_A.weight"
OLD = (f"base_model.model.language_model.model.{_TEXT}",)
MID = (
    f"base_model.model.model.language_model.{_TEXT}",
    f"base_model.model.model.vision_tower.vision_model.encoder.{_TEXT}",
)
NEW = (MID[0], f"base_model.model.model.vision_tower.encoder.{_TEXT}")
RUN: dict[str, Any] = {"training": {"peft": True}}


def contract_facts() -> Iterator[Facts]:
    for release, peft in (
        ("4.51.3", "0.15.2"),
        ("4.57.6", "0.15.2"),
        ("5.5.4", "0.21.2"),
        ("5.23.0", "0.18.1"),
    ):
        for names in (OLD, MID, NEW):
            case = RUN | {"packages": {"peft": peft}, "adapter": {"names": names}}
            yield from around(RULE, release, case)


@pytest.mark.parametrize(
    ("transformers", "peft", "names", "expected"),
    [
        ("4.51.3", "0.15.2", OLD, "no"),
        ("4.51.3", "0.15.2", MID, "fires"),
        ("4.51.3", "0.21.2", MID, "fires"),
        ("4.52.1", "0.15.2", OLD, "fires"),
        ("4.57.6", "0.15.2", OLD, "fires"),
        ("4.57.6", "0.16.0", OLD, "no"),
        ("4.57.6", "0.15.2", MID, "no"),
        ("4.57.6", "0.21.2", NEW, "fires"),
        ("5.3.0", "0.21.2", OLD, "no"),
        ("5.4.0", "0.21.2", OLD, "fires"),
        ("5.5.4", "0.21.2", OLD, "fires"),
        ("5.5.4", "0.21.2", MID, "no"),
        ("5.5.4", "0.21.2", NEW, "fires"),
        ("5.5.4", "0.21.2", NEW[:1], "no"),
        ("5.6.0", "0.21.2", OLD, "no"),
        ("5.6.0", "0.21.2", NEW, "no"),
        ("5.6.0", "0.18.1", OLD, "fires"),
        ("5.23.0", "0.18.1", OLD, "fires"),
        ("5.23.0", "0.19.0", OLD, "no"),
        ("5.6.0", "0.19.1", MID, "fires"),
        ("5.23.0", "0.19.1", MID[:1], "no"),
        ("5.23.0", "0.20.0", MID, "no"),
        ("5.23.0", "0.18.1", NEW, "no"),
        ("4.57.6", "0.15.2", (), "no"),
    ],
)
def test_layouts(transformers: str, peft: str, names: tuple[str, ...], expected: str) -> None:
    packages = {"peft": peft}
    made = facts_for("gemma3", transformers, packages=packages, adapter={"names": names}, **RUN)
    assert answer(RULE, made) == expected


def test_names_that_are_not_known_and_a_text_model() -> None:
    unknown = facts("4.51.3", {"model_type": "gemma3"}, {"peft": True})
    assert answer(RULE, unknown) == "? adapter.names"
    made = facts_for("gemma3_text", "5.5.4", adapter={"names": OLD}, **RUN)
    assert answer(RULE, made) == "no"
