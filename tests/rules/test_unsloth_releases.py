"""What Unsloth does to a run by itself is known to every rule: the founding case, and its kind."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding, Undetermined
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find

from ..conftest import A100, L4, T4, facts_for

MARCH = {"unsloth": "2025.3.19", "unsloth-zoo": "2025.3.17", "peft": "0.15.2"}


def stack(model_type: str, transformers: str, **changes: Any) -> Facts:
    wanted = {"packages": MARCH, "unsloth": {"used": True}, **changes}
    wanted["model"] = {"live": False, **wanted.get("model", {})}
    return facts_for(model_type, transformers, **wanted)


def said(code: str, facts: Facts) -> str:
    answer = judge(find(code), facts)
    if isinstance(answer, Undetermined):
        return "? " + " ".join(topic for topic, _ in answer.missing)
    return "fires" if isinstance(answer, Finding) else "no"


@pytest.mark.parametrize(
    ("gpus", "model", "expected"),
    [
        ([A100], {}, "fires"),
        ([L4], {}, "fires"),
        ([T4], {}, "no"),  # computed in float32, mixed precision off
        ([T4, A100], {}, "no"),
        ([A100], {"dtype": "float16"}, "no"),
        ([A100], {"quantization_bits": 4, "quantization": "bitsandbytes"}, "fires"),
    ],
)
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_the_founding_case(gpus: Any, model: dict[str, Any], expected: str, precision: str) -> None:
    run = {"mixed_precision": precision, "evaluates": True}
    weights = {"dtype": "bfloat16", **model}
    made = stack("gemma3", "4.50.3", gpus=gpus, model=weights, training=run)
    assert said("GC101", made) == expected


def test_a_release_without_the_list_does_not_spare_a_t4() -> None:
    run = {"mixed_precision": "fp16", "evaluates": True}
    old = {**MARCH, "unsloth": "2025.3.14"}
    made = stack("gemma3", "4.50.3", gpus=[T4], packages=old, training=run)
    assert said("GC101", made) == "fires"


@pytest.mark.parametrize(("value", "expected"), [("1", "no"), ("0", "fires")])
def test_what_a_live_process_says_decides(value: str, expected: str) -> None:
    made = stack(
        "gemma3",
        "4.50.3",
        gpus=[T4],
        model={"live": True, "dtype": "bfloat16"},
        environment={"UNSLOTH_FORCE_FLOAT32": value},
        training={"mixed_precision": "fp16", "evaluates": True},
    )
    assert said("GC101", made) == expected


FOUR_BITS = {"quantization_bits": 4, "quantization": "bitsandbytes", "dtype": "bfloat16"}


@pytest.mark.parametrize(
    ("unsloth", "training", "expected"),
    [
        (False, {"kbit_prepared": True}, "no"),  # float32 outside its 4-bit layers
        (False, {"kbit_prepared": False}, "fires"),
        (False, {"kbit_prepared": UNKNOWN}, "? training.kbit_prepared"),
        (True, {}, "fires"),  # Unsloth keeps what is not quantized in half
    ],
)
def test_of_a_4_bit_model_the_loader_decides(
    unsloth: bool, training: dict[str, Any], expected: str
) -> None:
    run = {"mixed_precision": "bf16", "evaluates": True, **training}
    made = stack(
        "gemma3",
        "4.50.3",
        gpus=[A100],
        unsloth={"used": unsloth},
        model={"live": False, **FOUR_BITS},
        training=run,
    )
    assert said("GC101", made) == expected


@pytest.mark.parametrize(
    ("unsloth", "used", "expected"),
    [
        ("2026.4.4", True, "fires"),
        ("2026.4.5", True, "no"),  # apply_accepts_loss_kwargs_fix
        ("2026.10.9", True, "no"),
        ("2026.10.9", False, "fires"),
    ],
)
def test_accumulated_loss(unsloth: str, used: bool, expected: str) -> None:
    made = stack(
        "gemma3",
        "4.56.2",
        packages={"unsloth": unsloth},
        unsloth={"used": used},
        model={"loss_ignores_token_count": True, "accepts_loss_kwargs": True},
        training={"trainer": True, "gradient_accumulation_steps": 4},
    )
    assert said("GC501", made) == expected


@pytest.mark.parametrize(
    ("unsloth", "used", "expected"),
    [("2026.3.16", True, "fires"), ("2026.4.1", True, "no"), ("2026.4.1", False, "fires")],
)
def test_clippable_linear(unsloth: str, used: bool, expected: str) -> None:
    made = stack(
        "gemma4",
        "5.5.0",
        packages={"unsloth": unsloth},
        unsloth={"used": used},
        model={"live": False, "towers": ("vision",), "peft": None},
        training={"peft": True},
        adapter={"target_modules": ("q_proj", "v_proj")},
    )
    assert said("GC701", made) == expected


@pytest.mark.parametrize(
    ("unsloth", "zoo", "expected"),
    [
        ("2026.6.9", "2026.6.7", "fires"),
        ("2026.6.9", "2026.7.1", "fires"),  # pip installs this pair; unsloth reads no list of zoo's
        ("2026.7.1", "2026.7.1", "no"),
    ],
)
@pytest.mark.parametrize("code", ["GC1115", "GC406"])
def test_gemma4_is_kept_in_float32_by_unsloth_and_not_by_its_zoo(
    unsloth: str, zoo: str, expected: str, code: str
) -> None:
    made = stack(
        "gemma4",
        "5.5.0",
        gpus=[T4],
        model={"dtype": "bfloat16"},
        training={"mixed_precision": "fp16"},
        packages={"unsloth": unsloth, "unsloth-zoo": zoo, "peft": "0.19.1"},
    )
    assert said(code, made) == expected
