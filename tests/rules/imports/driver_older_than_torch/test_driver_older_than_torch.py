from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import H100, facts_for
from tests.rules.made import answer

RULE = find("GC904")


def contract_facts() -> Iterator[Facts]:
    for model_type in RULE.model_types:
        for cuda in ("12.6", "13.0"):
            facts = facts_for(model_type, "5.5.0", gpus=(H100,))
            yield facts.replace(torch=facts.torch.replace(cuda=cuda))


@pytest.mark.parametrize(
    ("built_for", "cuda_driver", "driver", "expected"),
    [
        ("13.0", "13.0", "580.65.06", "no"),
        ("13.2", "13.0", "580.65.06", "no"),  # minor version compatibility
        ("13.0", "12.9", "575.57.08", "fires"),
        ("12.8", "12.2", "535.183.01", "no"),
        ("12.1", "11.4", "470.57.02", "fires"),
        ("12.6", "13.0", "580.65.06", "no"),
        # a forward compatibility package: the library is newer than the driver
        ("13.0", "13.0", "550.54.15", "no"),
        # only the driver's number is known
        ("13.0", UNKNOWN, "580.65.06", "no"),
        ("13.0", UNKNOWN, "570.86.10", "fires"),
        ("12.4", UNKNOWN, "525.60.13", "no"),
        ("12.4", UNKNOWN, "515.43.04", "fires"),
        ("11.8", UNKNOWN, "440.33", "fires"),
        ("14.0", UNKNOWN, "580.65.06", "no"),  # nothing is known of its needs
        ("13.0", UNKNOWN, UNKNOWN, "? driver"),
        (UNKNOWN, "12.2", "535.183.01", "? torch.cuda"),
        (None, "12.2", "535.183.01", "no"),
        ("13.0", None, None, "no"),
    ],
)
def test_releases(built_for, cuda_driver, driver, expected):
    facts = facts_for("gemma3", gpus=(H100,))
    torch = facts.torch.replace(cuda=built_for)
    assert answer(RULE, facts.replace(torch=torch, cuda_driver=cuda_driver, driver=driver)) == (
        expected
    )


@pytest.mark.parametrize(("gpus", "expected"), [((), "no"), (UNKNOWN, "? gpus")])
def test_without_a_gpu(gpus, expected):
    facts = facts_for("gemma3", gpus=(H100,)).replace(gpus=gpus)
    assert answer(RULE, facts.replace(torch=facts.torch.replace(cuda="13.0"))) == expected


def test_the_message_names_both_sides():
    facts = facts_for("gemma3", gpus=(H100,))
    problem = RULE.describe(facts.replace(torch=facts.torch.replace(cuda="13.0")))
    assert "is built for CUDA 13.0, and driver 570.86.10 (CUDA 12.8)" in problem.message
    assert problem.help.startswith("install driver 580 or newer, or a torch built for CUDA 12")
