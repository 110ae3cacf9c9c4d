"""The line about Unsloth: what it is, and what it did to the model in hand."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.facts import UNKNOWN
from gemma_compat.report.header import header_rows
from gemma_compat.report.sharing import shareable_facts
from gemma_compat.report.unsloth import unsloth_text
from gemma_compat.rules import find

from ..conftest import A100, T4, facts_for

LIVE = {
    "used": True,
    "backend": "cuda",
    "patches": (
        "Gemma4ForCausalLM.__init__",
        "Gemma4TextMLP.forward",
        "Gemma4TextModel.forward",
        "PreTrainedModel.post_init",
    ),
    "rebuilt": ("Gemma4RMSNorm",),
    "carries_shared_kv": True,
}


def made(version: str | None = "2026.10.9", **unsloth: Any) -> Any:
    return facts_for("gemma4", "5.17.0", packages={"unsloth": version}, unsloth=unsloth)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (made(None), ""),
        (made(used=False), ""),
        (made(used=UNKNOWN), "installed; whether the run imports it is not known"),
        (made(used=True, backend=UNKNOWN), "used"),  # a what-if
        (
            made(used=True, backend="cpu"),
            "imported, runs on its CPU backend, which patches nothing of Gemma's",
        ),
        (
            made(used=True, backend="cuda", imported_after=("trl",)),
            "imported, runs on its GPU path (cuda); imported after trl",
        ),
        (
            made(**LIVE),
            "imported, runs on its GPU path (cuda); its own code in Gemma4TextMLP.forward, "
            "Gemma4TextModel.forward; rebuilt by its compiler: Gemma4RMSNorm; carries shared keys "
            "and values itself, so GC104 and GC201 stay out",
        ),
    ],
)
def test_the_line(facts: Any, expected: str) -> None:
    assert unsloth_text(facts) == expected
    assert dict(header_rows(facts)).get("Unsloth", "") == expected


@pytest.mark.parametrize(
    ("gpus", "release", "said"),
    [
        ((T4,), "2025.3.19", True),
        ((A100,), "2025.3.19", False),
        ((A100, T4), "2025.3.19", True),
        ((T4,), "2025.3.14", False),  # before the list of models that are kept in float32
    ],
)
def test_the_stack_of_march_2025_computes_in_float32_on_a_t4(
    gpus: tuple[Any, ...], release: str, said: bool
) -> None:
    facts = facts_for(
        "gemma3",
        "4.50.3",
        gpus=gpus,
        model={"live": UNKNOWN, "dtype": "bfloat16"},
        packages={"unsloth": release},
        unsloth={"used": True, "backend": UNKNOWN},
        environment={},
    )
    assert ("turns mixed precision off" in unsloth_text(facts)) is said
    found = {item.rule.code for item in judge_all(facts, [find("GC101")]).findings}
    assert not (said and found)


def test_many_methods_are_counted() -> None:
    patches = tuple(f"Gemma3Part{n}.forward" for n in range(6))
    text = unsloth_text(made(used=True, backend="cuda", patches=patches))
    assert text.endswith("Gemma3Part3.forward and 2 more")


def test_it_may_be_shared() -> None:
    assert shareable_facts(made(**LIVE))["unsloth"]["rebuilt"] == ["Gemma4RMSNorm"]
